//! The texts of each reason: what it means, what to do, how long a change takes and where that is written.
//!
//! One file a group of reasons, both languages side by side. A reason without its text does not compile.

mod certificate;
mod connecting;
mod credential;
mod credential_steps;
mod delivery;
mod ews;
mod federation;
mod inferred;
mod machine;
mod mailbox;
mod managed_identity;
mod names;
mod placeholder;
mod signs;
mod source;
mod step;
mod talking;
#[cfg(test)]
mod tests;
mod tls;
mod token;

use serde::Serialize;

use super::Reason;
use crate::lang::Lang;
pub use credential_steps::{meaning_with, steps_with};
pub use placeholder::{Ids, ProtocolNames, SENTENCE, fill};
pub use step::{Piece, Step};

/// A reason in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// A few words, lower case, no full stop; in English [`Reason::title`].
    pub title: &'static str,
    /// A few sentences; [`fill`] puts ids into the placeholders.
    pub meaning: &'static str,
    /// The steps of the remedy, in order; placeholders as above.
    pub steps: &'static [Step],
    /// The time that such a change takes to apply, where it takes long.
    pub applies: Option<&'static str>,
    /// A page or document to read on in.
    pub source: Option<&'static str>,
}

impl Reason {
    /// Returns its texts in `lang`.
    pub const fn text(self, lang: Lang) -> &'static Text {
        let entry = ENTRIES[self as usize];
        match lang {
            Lang::En => &entry.en,
            Lang::De => &entry.de,
        }
    }
}

/// A reason in both languages.
struct Entry {
    reason: Reason,
    en: Text,
    de: Text,
}

/// `Reason from SOURCE: en MEANING - STEP… takes APPLIES; de TITLE MEANING - STEP… takes APPLIES;`
///
/// A step is prose and, behind `>`, commands to paste: `"Switch it on: " > "Set-X -Y $true" "."`. A further language is a line of
/// this pattern, a field of [`Entry`] and its text in each group.
macro_rules! entries {
    ($( $reason:ident $(from $source:ident)? :
        en $meaning:literal $( - $($prose:literal)? $( > $command:literal $($then:literal)? )* )+ $( takes $applies:literal )? ;
        de $titel:literal $bedeutung:literal $( - $($prosa:literal)? $( > $befehl:literal $($dann:literal)? )* )+ $( takes $wirkt:literal )? ;
    )*) => {
        /// The group's texts.
        pub(super) const ENTRIES: &[super::Entry] = &[ $( super::Entry {
            reason: super::Reason::$reason,
            en: super::text!(
                $($source)?: super::Reason::$reason.title(), $meaning,
                $( - $($prose)? $( > $command $($then)? )* )+ $( takes $applies )?
            ),
            de: super::text!(
                $($source)?: $titel, $bedeutung,
                $( - $($prosa)? $( > $befehl $($dann)? )* )+ $( takes $wirkt )?
            ),
        }, )* ];
    };
}
use entries;

/// A text as written in one language.
macro_rules! text {
    ($($source:ident)?: $title:expr, $meaning:literal,
        $( - $($prose:literal)? $( > $command:literal $($then:literal)? )* )+ $( takes $applies:literal )?) => {
        super::Text {
            title: $title,
            meaning: $meaning,
            steps: &[ $( super::Step(&[
                $( super::Piece::Prose($prose), )?
                $( super::Piece::Command($command), $( super::Piece::Prose($then), )? )*
            ]), )+ ],
            applies: super::first(&[ $( $applies )? ]),
            source: super::first(&[ $( super::source::$source )? ]),
        }
    };
}
use text;

const fn first(written: &[&'static str]) -> Option<&'static str> {
    if written.is_empty() { None } else { Some(written[0]) }
}

const GROUPS: [&[Entry]; 14] = [
    machine::ENTRIES,
    names::ENTRIES,
    connecting::ENTRIES,
    tls::ENTRIES,
    talking::ENTRIES,
    credential::ENTRIES,
    certificate::ENTRIES,
    federation::ENTRIES,
    managed_identity::ENTRIES,
    token::ENTRIES,
    mailbox::ENTRIES,
    delivery::ENTRIES,
    ews::ENTRIES,
    inferred::ENTRIES,
];

/// The texts of every reason, in the catalogue's order.
const ENTRIES: [&Entry; Reason::ALL.len()] = arranged();

/// Evaluated while compiling, so that a reason without a text, or with two, is an error of the compiler.
const fn arranged() -> [&'static Entry; Reason::ALL.len()] {
    let mut arranged = [&GROUPS[0][0]; Reason::ALL.len()];
    let mut placed = [false; Reason::ALL.len()];
    let mut group = 0;
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            let entry = &GROUPS[group][row];
            let at = entry.reason as usize;
            assert!(!placed[at], "a reason has two texts");
            arranged[at] = entry;
            placed[at] = true;
            row += 1;
        }
        group += 1;
    }
    // The compiler's message is then the code of the reason without a text.
    let mut reason = 0;
    while reason < placed.len() {
        assert!(placed[reason], "{}", Reason::ALL[reason].code());
        reason += 1;
    }
    arranged
}
