//! Outcome and limits in, Ok, Warning, Critical or Unknown out.

use std::str::FromStr;

/// What counts as a warning and as critical, beside failing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    warning: Vec<(String, Range)>,
    critical: Vec<(String, Range)>,
}

impl Limits {
    /// Reads limits, each `[METRIC=]RANGE`.
    ///
    /// # Errors
    /// In words for a person.
    pub fn parse(warning: &[String], critical: &[String]) -> Result<Self, String> {
        let read = |texts: &[String]| texts.iter().map(|text| limit(text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { warning: read(warning)?, critical: read(critical)? })
    }
}

fn limit(text: &str) -> Result<(String, Range), String> {
    let (metric, range) = text.split_once('=').unwrap_or(("total", text));
    Ok((metric.to_owned(), range.parse()?))
}

/// A Nagios range: `[@][start:][end]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    inside: bool,
    start: f64,
    end: f64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a range; for example 2, 1:5, 14: or @1:5");
        let (inside, rest) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
        let number = |digits: &str| digits.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong);
        let (start, end) = match rest.split_once(':') {
            Some(("~", "")) => (f64::NEG_INFINITY, f64::INFINITY),
            Some(("~", end)) => (f64::NEG_INFINITY, number(end)?),
            Some((start, "")) => (number(start)?, f64::INFINITY),
            Some((start, end)) => (number(start)?, number(end)?),
            None => (0.0, number(rest)?),
        };
        if start <= end { Ok(Self { inside, start, end }) } else { Err(wrong()) }
    }
}
