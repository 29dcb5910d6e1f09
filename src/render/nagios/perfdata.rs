//! Performance data in the form that every reader of it keeps: Nagios, Icinga 2, Checkmk, Perl's Monitoring::Plugin.
//!
//! Labels of `[a-z0-9_]` (Icinga gives `::` and `=` a meaning, Perl refuses quotes), seconds and plain numbers, no
//! exponent, and nothing for what is not known (Icinga throws the whole item away on `U`).

use std::collections::HashSet;

use crate::levels::{Metric, Range};
use crate::report::JudgedOutcome;
use crate::report::sentence;

/// Bytes it may take of the output.
const MOST: usize = 4000;

/// One item for each number that is known. With several outcomes each label begins with the probe's name; where all
/// numbers together would be too long, only the totals are given.
pub fn text(judged: &[JudgedOutcome<'_>]) -> String {
    let all = items(judged, |_| true);
    let fitting = if length(&all) <= MOST { all } else { items(judged, |metric| metric == Metric::Total) };
    let mut room = MOST;
    let within = fitting.into_iter().take_while(|item| {
        let fits = item.len() < room;
        room = room.saturating_sub(item.len() + 1);
        fits
    });
    within.collect::<Vec<_>>().join(" ")
}

fn length(items: &[String]) -> usize {
    items.iter().map(|item| item.len() + 1).sum()
}

fn items(judged: &[JudgedOutcome<'_>], selected: impl Fn(Metric) -> bool) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut items = Vec::new();
    for one in judged {
        let prefix =
            if judged.len() > 1 { unique(&label(&one.outcome.probe.to_string()), &mut taken) + "_" } else { String::new() };
        let numbers = sentence::numbers(one).into_iter().filter(|(metric, _)| selected(*metric));
        items.extend(numbers.map(|(metric, value)| item(&format!("{prefix}{metric}"), metric, &value, one)));
    }
    items
}

fn item(label: &str, metric: Metric, value: &str, judged: &JudgedOutcome<'_>) -> String {
    let (warning, critical) = judged.limits.ranges(metric, judged.outcome.probe.check);
    let unit = if metric.is_time() { "s" } else { "" };
    // Days may be below zero: a certificate that expired yesterday.
    let least = if metric.is_signed() { "" } else { "0" };
    let text = format!("{label}={value}{unit};{};{};{least}", threshold(warning.as_ref()), threshold(critical.as_ref()));
    text.trim_end_matches(';').to_owned()
}

/// A plain upper bound where the range is one: Icinga keeps nothing else. Never `@`, on which Perl's reader stops.
fn threshold(range: Option<&Range>) -> String {
    match range {
        Some(range) if !range.is_inverted() => range.at_most().map_or_else(|| range.to_string(), |most| most.to_string()),
        _ => String::new(),
    }
}

/// `Contoso Ltd./praxis/pop3` as `contoso_ltd_praxis_pop3`.
fn label(name: &str) -> String {
    let mut label = String::with_capacity(name.len());
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => label.push(c),
            _ if label.ends_with('_') => {}
            _ => label.push('_'),
        }
    }
    label.trim_matches('_').to_owned()
}

fn unique(label: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{label}_{number}"));
    let free = std::iter::once(label.to_owned()).chain(numbered).find(|name| taken.insert(name.clone()));
    free.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_of_any_probe_name_is_plain_and_unique() {
        for (name, plain) in [
            ("contoso/praxis/pop3", "contoso_praxis_pop3"),
            ("Contoso Ltd./praxis@contoso.example/pop3", "contoso_ltd_praxis_contoso_example_pop3"),
            ("Prüfung's=x/::/a", "pr_fung_s_x_a"),
            ("日本", ""),
        ] {
            assert_eq!(label(name), plain);
        }
        let mut taken = HashSet::new();
        let names = ["a", "a", "b", "a"].map(|name| unique(name, &mut taken));
        assert_eq!(names, ["a", "a_2", "b", "a_3"]);
    }

    #[test]
    fn threshold_of_a_range_is_a_number_where_it_is_a_plain_upper_bound() {
        for (range, text) in [("10", "10"), ("0:0.5", "0.5"), ("30:", "30:"), ("10:20", "10:20"), ("@5:6", ""), ("~:3", "~:3")] {
            assert_eq!(threshold(range.parse().ok().as_ref()), text);
        }
        assert_eq!(threshold(None), "");
    }
}
