//! Every text of the interface, by key and language: a file a language, and a row in [`Lang`].
//!
//! `en.rs` says which texts there are; a language that lacks one does not compile. What a reason means and what to do about it
//! stands with the reasons, in `reason/text/`.

/// Declares the groups of texts by their English ones.
macro_rules! texts {
    ($( $(#[$about:meta])* $group:ident: $Group:ident { $( $key:ident: $text:literal, )* } )*) => {
        /// Every text of the interface in one language.
        #[derive(Debug)]
        pub struct Texts { $( $(#[$about])* pub $group: $Group, )* }

        $(
            $(#[$about])*
            #[derive(Debug)]
            pub struct $Group { $( #[doc = $text] pub $key: &'static str, )* }

            impl $Group {
                /// Every text with its key.
                pub const fn all(&self) -> [(&'static str, &'static str); [$( stringify!($key) ),*].len()] {
                    [$( (stringify!($key), self.$key) ),*]
                }
            }
        )*

        /// The English texts.
        pub(super) const TEXTS: Texts = Texts { $( $group: $Group { $( $key: $text, )* }, )* };

        #[cfg(test)]
        impl Texts {
            /// Every text with the name of its group and its key.
            pub fn all(&self) -> Vec<(&'static str, &'static str, &'static str)> {
                let mut all = Vec::new();
                $( all.extend(self.$group.all().map(|(key, text)| (stringify!($group), key, text))); )*
                all
            }
        }
    };
}

/// Declares the languages: name in code, name on the command line, file.
macro_rules! languages {
    ($( $(#[$name:meta])* $lang:ident $code:literal $file:ident )*) => {
        /// The language of a text.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Lang { $( $(#[$name])* $lang, )* }

        impl Lang {
            /// Every language.
            pub const ALL: [Self; [$( $code ),*].len()] = [$( Self::$lang ),*];

            /// Its name on the command line, which is ISO 639's.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$lang => $code, )* }
            }

            /// The texts of the interface.
            pub const fn texts(self) -> &'static Texts {
                match self { $( Self::$lang => &$file::TEXTS, )* }
            }
        }
    };
}

mod de;
mod en;

languages! {
    /// English.
    #[default]
    En "en" en
    /// German.
    De "de" de
}

use std::fmt;
use std::str::FromStr;

pub use self::en::{Catalogue, Common, Doctor, Expiry, Facts, Ids, Init, Page, Texts};

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|lang| lang.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(" or ");
            format!("`{name}` is no language this program speaks; write {names}")
        })
    }
}

/// `template` with each `{name}` replaced by its value.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// `a`, `a and b`, `a, b and c`, and of more than `most` names `a, b, c and 97 more`.
pub fn list(names: &[String], most: usize, lang: Lang) -> String {
    list_first(names.get(..most).unwrap_or(names), names.len(), lang)
}

/// The same for the `first` of so many names.
pub fn list_first(first: &[String], count: usize, lang: Lang) -> String {
    let Common { and, more, .. } = lang.texts().common;
    match (first, count - first.len()) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([others @ .., last], 0) => format!("{} {and} {last}", others.join(", ")),
        (shown, others) => format!("{} {and} {others} {more}", shown.join(", ")),
    }
}

/// `value` with so many decimals, with the language's decimal mark.
pub fn number(value: f64, decimals: usize, lang: Lang) -> String {
    format!("{value:.decimals$}").replace('.', lang.texts().common.decimal_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that are the same in English and another language.
    const SAME: &[&str] = &[
        "common.microsoft",
        "doctor.code",
        "doctor.ok",
        "expiry.when",
        "facts.bytes",
        "facts.dns",
        "facts.id",
        "facts.message_id",
        "facts.server",
        "ids.proxy",
        "ids.server",
        "page.minute",
        "page.ok",
        "page.phase",
    ];

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_translates_every_text_with_the_same_placeholders() {
        let english = Lang::En.texts().all();
        for lang in Lang::ALL.into_iter().filter(|lang| *lang != Lang::En) {
            for ((group, key, en), (.., text)) in english.iter().zip(lang.texts().all()) {
                let name = format!("{group}.{key}");
                assert!(!en.is_empty() && !text.is_empty(), "{lang} {name}");
                assert_eq!(placeholders(en), placeholders(text), "{lang} {name}");
                assert_eq!(en.matches('`').count() % 2, text.matches('`').count() % 2, "{lang} {name}");
                assert_eq!(en.ends_with('.'), text.ends_with('.') || key.ends_with("mark"), "{lang} {name}");
                let same = SAME.contains(&&*name);
                assert_eq!(en.eq_ignore_ascii_case(text), same, "{lang} {name}: translate it, or add it to SAME");
            }
        }
    }

    #[test]
    fn list_of_more_names_than_shown_ends_with_the_number_of_the_others() {
        let names = ["a", "b", "c", "d"].map(ToOwned::to_owned);
        assert_eq!(list(&names[..3], 3, Lang::En), "a, b and c");
        assert_eq!(list(&names, 2, Lang::De), "a, b und 2 weitere");
    }

    #[test]
    fn unknown_language_is_refused_with_the_known_ones() {
        let expected = "`la` is no language this program speaks; write en or de";
        assert_eq!("la".parse::<Lang>(), Err(expected.to_owned()));
        assert_eq!("de".parse(), Ok(Lang::De));
    }
}
