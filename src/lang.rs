//! Every text of the interface, by key and language: a file a language, and a row in [`Lang`].
//!
//! `en.rs` says which texts there are; a language that lacks one does not compile. What a reason means and what to do about it
//! stands with the reasons, in `reason/text/`.

/// A text as it stands in the tables: with a count, or without.
macro_rules! text {
    (type) => { &'static str };
    (type $other:literal) => { $crate::lang::Counted };
    ($text:literal) => { $text };
    ($one:literal $other:literal) => { $crate::lang::counted($one, $other) };
}

/// Declares a group of texts by its English ones, and these as a constant.
macro_rules! group {
    ($(#[$about:meta])* $Group:ident $TEXTS:ident { $( $key:ident: $text:literal $( / $other:literal )?, )* }) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $Group { $( #[doc = $text] pub $key: text!(type $($other)?), )* }

        impl $Group {
            /// Every text with its key, in the form for any number but one.
            pub const fn all(&self) -> [(&'static str, &'static str); [$( stringify!($key) ),*].len()] {
                [$( (stringify!($key), forms!(self.$key $(, $other)?).1) ),*]
            }

            /// Those for one, with their keys; a text without a number has none.
            #[cfg(test)]
            pub(in $crate::lang) fn all_for_one(&self) -> Vec<(&'static str, &'static str)> {
                let all = [$( (stringify!($key), forms!(self.$key $(, $other)?).0) ),*];
                all.into_iter().filter_map(|(key, one)| Some((key, one?))).collect()
            }
        }

        /// The English texts of the group.
        pub(in $crate::lang) const $TEXTS: $Group = $Group { $( $key: text!($text $($other)?), )* };
    };
}

/// Declares which groups there are, with their English texts.
macro_rules! texts {
    ($( $group:ident: $Group:ident = $texts:path, )*) => {
        /// Every text of the interface in one language.
        #[derive(Debug)]
        pub struct Texts { $( #[doc = concat!("The texts `", stringify!($group), "`.")] pub $group: $Group, )* }

        /// The English texts.
        pub(super) const TEXTS: Texts = Texts { $( $group: $texts, )* };

        #[cfg(test)]
        impl Texts {
            /// Every text with the name of its group and its key.
            pub fn all(&self) -> Vec<(&'static str, &'static str, &'static str)> {
                let mut all = Vec::new();
                $( all.extend(self.$group.all().map(|(key, text)| (stringify!($group), key, text))); )*
                all
            }

            /// The same of those that have a form for one.
            pub fn all_for_one(&self) -> Vec<(&'static str, &'static str, &'static str)> {
                let mut all = Vec::new();
                $( all.extend(self.$group.all_for_one().into_iter().map(|(key, text)| (stringify!($group), key, text))); )*
                all
            }
        }
    };
}

/// Returns the form of a text for one, if it has a number, and its other form.
macro_rules! forms {
    ($text:expr) => {
        (None::<&'static str>, $text)
    };
    ($text:expr, $other:literal) => {
        (Some($text.one), $text.other)
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

/// A text with a number in it, in two forms, which is what English and German have.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    one: &'static str,
    other: &'static str,
}

/// A text in the form for one and in the form for any other number, which stands for `{n}` there.
const fn counted(one: &'static str, other: &'static str) -> Counted {
    Counted { one, other }
}

impl Counted {
    /// Returns the text for `count`.
    pub fn of<Number: Copy + PartialEq + From<u8> + fmt::Display>(&self, count: Number) -> String {
        self.with(count, &[])
    }

    /// The same with other values as well.
    pub fn with<Number: Copy + PartialEq + From<u8> + fmt::Display>(&self, count: Number, values: &[(&str, &str)]) -> String {
        let template = if count == Number::from(1) { self.one } else { self.other };
        fill(&template.replace("{n}", &count.to_string()), values)
    }
}

/// `template` with each `{name}` replaced by its value.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// `a`, `a and b`, `a, b and c`, and of more than `most` names `a, b, c and 97 more`.
pub fn list(names: &[String], most: usize, lang: Lang) -> String {
    list_first(names.get(..shown(names.len(), most)).unwrap_or(names), names.len(), lang)
}

/// Returns how many of `count` names are shown where there is room for `most`: a last one takes no more room than that there is one.
pub const fn shown(count: usize, most: usize) -> usize {
    if count <= most + 1 { count } else { most }
}

/// The same for the `first` of so many names.
pub fn list_first(first: &[String], count: usize, lang: Lang) -> String {
    let Common { and, more, .. } = lang.texts().common;
    match (first, count - first.len()) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([others @ .., last], 0) => format!("{} {and} {last}", others.join(", ")),
        (shown, others) => format!("{} {and} {}", shown.join(", "), more.of(others)),
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

    /// Texts with a number in one form: it counts nothing, or the words around it are the same for one.
    const OF_ANY_NUMBER: &[&str] = &[
        "doctor.root_cause",
        "doctor.explains_of",
        "doctor.running",
        "doctor.running_failed",
        "page.checks_critical",
        "page.waiting",
        "page.found",
        "page.page_of",
        "page.catalogue_about",
        "page.reasons_found",
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
    fn every_text_with_a_number_has_a_form_for_one_in_every_language() {
        for lang in Lang::ALL {
            let for_one = lang.texts().all_for_one();
            for (group, key, text) in lang.texts().all() {
                let name = format!("{group}.{key}");
                let has_number = ["{n}", "{count}", "{done}"].iter().any(|number| text.contains(number));
                let one = for_one.iter().find(|(of, one, _)| (*of, *one) == (group, key)).map(|(.., text)| *text);
                let is_known = OF_ANY_NUMBER.contains(&&*name);
                assert_eq!(has_number && one.is_none(), is_known, "{lang} {name}: {text}");
                let Some(one) = one else { continue };
                assert!(!one.contains("{n}") && text.contains("{n}"), "{lang} {name}: {one}; {text}");
                let others = |text| placeholders(text).into_iter().filter(|name| *name != "n").collect::<Vec<_>>();
                assert_eq!(others(one), others(text), "{lang} {name}");
            }
        }
        let english = Lang::En.texts().all_for_one();
        for lang in Lang::ALL {
            let keys: Vec<_> = lang.texts().all_for_one().into_iter().map(|(group, key, _)| (group, key)).collect();
            assert_eq!(keys, english.iter().map(|(group, key, _)| (*group, *key)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn counted_text_of_one_none_and_several_declines() {
        let texts = [Lang::En, Lang::De].map(|lang| &lang.texts().page);
        for (count, expected) in [
            (0, ["0 of 3 checks fail", "0 von 3 Prüfungen schlagen fehl"]),
            (1, ["1 of 3 checks fails", "1 von 3 Prüfungen schlägt fehl"]),
            (2, ["2 of 3 checks fail", "2 von 3 Prüfungen schlagen fehl"]),
        ] {
            let all = Lang::ALL.map(|lang| lang.texts().common.checks.of(3_usize));
            let told = [0, 1].map(|at| texts[at].of_checks_fail.with(count, &[("all", &all[at])]));
            assert_eq!(told, expected);
        }
        assert_eq!(Lang::De.texts().common.checks.of(1_u64), "1 Prüfung");
    }

    #[test]
    fn list_of_more_names_than_shown_ends_with_the_number_of_the_others() {
        let names = ["a", "b", "c", "d"].map(ToOwned::to_owned);
        assert_eq!(list(&names[..3], 3, Lang::En), "a, b and c");
        assert_eq!(list(&names, 2, Lang::De), "a, b und 2 weitere");
        assert_eq!(list(&names, 3, Lang::En), "a, b, c and d", "a name instead of `1 more`");
    }

    #[test]
    fn unknown_language_is_refused_with_the_known_ones() {
        let expected = "`la` is no language this program speaks; write en or de";
        assert_eq!("la".parse::<Lang>(), Err(expected.to_owned()));
        assert_eq!("de".parse(), Ok(Lang::De));
    }
}
