//! The settings of the terminal and the locale for texts: width, colour, language.

use std::io::IsTerminal as _;

use crate::lang::Lang;
use crate::render::doctor::Style;

/// The widest line, in columns: wider ones are hard to follow with the eye.
const WIDEST: usize = 140;

/// Returns the style of a text on standard output: width and colour as the terminal has them.
pub fn style(lang: Lang, everything: bool) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = if terminal { width() } else { None };
    let default = Style::default();
    Style { lang, width: width.map_or(default.width, |width| width.min(WIDEST)), colour: takes_colour(terminal), everything }
}

/// Returns the width of the terminal that standard output or standard error is, in columns.
pub fn width() -> Option<usize> {
    let asked = terminal_size::terminal_size_of(std::io::stdout()).or_else(|| terminal_size::terminal_size_of(std::io::stderr()));
    asked.map(|(terminal_size::Width(columns), _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Reports whether a stream takes colours; `terminal` if it is one (<https://no-color.org>, <https://bixense.com/clicolors>).
pub fn takes_colour(terminal: bool) -> bool {
    colour(terminal, variable)
}

fn colour(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    if variable("NO_COLOR").is_some() {
        return false;
    }
    let forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    forced || terminal && !is_dumb_by(variable)
}

/// Reports whether the terminal cannot move its cursor.
pub fn is_dumb() -> bool {
    is_dumb_by(variable)
}

fn is_dumb_by(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable("TERM").is_some_and(|name| name == "dumb")
}

/// Returns the language of the locale if it is one of [`Lang`], otherwise English.
pub fn lang() -> Lang {
    lang_by(variable)
}

/// Returns the language of the first variable that is set, in POSIX's order.
fn lang_by(variable: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default().to_ascii_lowercase();
    language.parse().unwrap_or_default()
}

/// Returns the value of an environment variable; an empty one counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + Copy + 'a {
        |name| set.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn lang_is_that_of_the_first_locale_variable_or_english() {
        for (set, lang) in [
            (&[][..], Lang::En),
            (&[("LANG", "de_DE.UTF-8")], Lang::De),
            (&[("LANG", "de")], Lang::De),
            (&[("LANG", "DE-at@euro")], Lang::De),
            (&[("LANG", "la_VA.UTF-8")], Lang::En),
            (&[("LANG", "den_CA")], Lang::En),
            (&[("LC_MESSAGES", "de_CH.UTF-8"), ("LANG", "C")], Lang::De),
            (&[("LC_ALL", "C.UTF-8"), ("LC_MESSAGES", "de_DE"), ("LANG", "de_DE")], Lang::En),
        ] {
            assert_eq!(lang_by(given(set)), lang, "{set:?}");
        }
    }

    #[test]
    fn colour_follows_terminal_and_no_color_and_clicolor_force() {
        for (terminal, set, expected) in [
            (true, &[][..], true),
            (false, &[], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("TERM", "dumb")], false),
            (true, &[("TERM", "xterm")], true),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        ] {
            assert_eq!(colour(terminal, given(set)), expected, "{terminal} {set:?}");
        }
    }
}
