//! Nagios ranges: which values are no cause for alarm.

use std::fmt;
use std::str::FromStr;

/// `[@]start:end`, both ends belonging to it. Values outside alert; after `@`, values inside do.
///
/// <https://www.monitoring-plugins.org/doc/guidelines.html#THRESHOLDFORMAT>
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
}

impl Range {
    /// Reports whether `value` violates the range.
    pub fn alerts(&self, value: f64) -> bool {
        (self.start <= value && value <= self.end) == self.inside
    }

    /// The `N` of a range that says no more than "at most `N`": the form every reader of thresholds keeps.
    pub fn at_most(&self) -> Option<f64> {
        (!self.inside && self.start == 0.0 && self.end.is_finite()).then_some(self.end)
    }

    /// Reports whether every value that violates `other` violates this, and more do.
    pub fn is_narrower_than(&self, other: &Self) -> bool {
        let (inner, outer) = if self.inside { (other, self) } else { (self, other) };
        let contains = outer.start <= inner.start && inner.end <= outer.end;
        self.inside == other.inside && contains && self != other
    }

    /// Reports whether it begins with `@`, so that values inside violate it.
    pub fn is_inverted(&self) -> bool {
        self.inside
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` is not a range: {why}; write `10`, `10:`, `~:10`, `10:20` or `@10:20`");
        let (inside, ends) = text.strip_prefix('@').map_or((false, text), |ends| (true, ends));
        let (start, end) = ends.split_once(':').unwrap_or(("0", ends));
        if ends.is_empty() || ends == ":" {
            return Err(wrong("it has no number"));
        }
        let start = match start {
            "" => 0.0,
            "~" => f64::NEG_INFINITY,
            number => decimal(number).ok_or_else(|| wrong("its start is no plain decimal number"))?,
        };
        let end = match end {
            "" => f64::INFINITY,
            number => decimal(number).ok_or_else(|| wrong("its end is not a plain decimal number"))?,
        };
        if start > end {
            return Err(wrong("its start is above its end"));
        }
        Ok(Self { start, end, inside })
    }
}

/// Digits with a sign and a point: no exponent, `inf` or `nan`, which other readers of the same text would not take.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.contains(|c: char| c.is_ascii_digit());
    let number: f64 = plain.then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(number + 0.0) // -0 becomes 0
}

impl Range {
    /// At most `most` away from zero.
    pub const fn within(most: f64) -> Self {
        Self { start: -most, end: most, inside: false }
    }

    /// `least` or more.
    pub const fn at_least(least: f64) -> Self {
        Self { start: least, end: f64::INFINITY, inside: false }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            f.write_str("@")?;
        }
        if self.start == f64::NEG_INFINITY {
            f.write_str("~:")?;
        } else if self.start != 0.0 || self.end.is_infinite() {
            write!(f, "{}:", self.start)?;
        }
        if self.end.is_finite() { write!(f, "{}", self.end) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn range_of_each_example_in_the_guidelines_alerts_as_documented() {
        for (text, alerting, quiet) in [
            ("10", vec![-0.1, 10.1], vec![0.0, 10.0]),
            ("10:", vec![9.9, -20.0], vec![10.0, 1e300]),
            (":10", vec![-0.1, 10.1], vec![0.0, 10.0]),
            ("~:10", vec![10.1], vec![10.0, -1e300]),
            ("10:20", vec![9.9, 20.1], vec![10.0, 15.0, 20.0]),
            ("@10:20", vec![10.0, 15.0, 20.0], vec![9.9, 20.1]),
            ("@10", vec![0.0, 10.0], vec![-1.0, 11.0]),
            ("0.5", vec![0.51], vec![0.5]),
            ("-10:-5", vec![-11.0, 0.0], vec![-10.0, -5.0]),
            ("~:", vec![], vec![0.0, -1e300, 1e300]),
            ("0", vec![1.0, -1.0], vec![0.0]),
        ] {
            let range: Range = text.parse().expect(text);
            assert!(alerting.iter().all(|value| range.alerts(*value)), "{text}");
            assert!(quiet.iter().all(|value| !range.alerts(*value)), "{text}");
        }
    }

    #[test]
    fn parse_of_a_malformed_range_is_refused_with_the_mistake() {
        for (text, why) in [
            ("", "no number"),
            (":", "no number"),
            ("@", "no number"),
            ("20:10", "start is above its end"),
            ("a:10", "its start"),
            ("10:b", "its end"),
            ("~", "its end"),
            ("10:~", "its end"),
            ("1:2:3", "its end"),
            ("nan", "its end"),
            ("1e3", "its end"),
            ("inf:", "its start"),
            ("10,5", "its end"),
            ("1 :2", "its start"),
            ("@@1", "its end"),
            ("5s", "its end"),
            (".", "its end"),
        ] {
            let error = text.parse::<Range>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!("9".repeat(400).parse::<Range>().is_err(), "more than a number can hold");
    }

    #[test]
    fn at_most_of_a_range_is_its_end_only_for_a_plain_upper_bound() {
        for (text, bound) in [("10", Some(10.0)), ("0:3", Some(3.0)), ("1:3", None), ("3:", None), ("@3", None), ("~:3", None)] {
            assert_eq!(text.parse::<Range>().expect(text).at_most(), bound, "{text}");
        }
    }

    #[test]
    fn narrower_range_alerts_wherever_the_wider_one_does() {
        for (one, other, expected) in [
            ("3", "5", true),
            ("5", "3", false),
            ("5", "5", false),
            ("30:", "7:", true),
            ("7:", "30:", false),
            ("2:3", "5", true),
            ("@1:5", "@2:3", true),
            ("@2:3", "@1:5", false),
            ("@3", "5", false),
            ("~:3", "5", false),
        ] {
            let range = |text: &str| text.parse::<Range>().expect(text);
            assert_eq!(range(one).is_narrower_than(&range(other)), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn parse_of_any_text_as_a_range_never_panics(text in "\\PC{0,12}|[@~:0-9.+-]{0,9}") {
            let _ = text.parse::<Range>();
        }

        #[test]
        fn range_written_as_text_is_read_back_the_same(start in -1e6..1e6f64, width in 0.0..1e6f64, open_start: bool, open_end: bool, inside: bool) {
            let range = Range {
                start: if open_start { f64::NEG_INFINITY } else { start },
                end: if open_end { f64::INFINITY } else { start + width },
                inside,
            };
            prop_assert_eq!(range.to_string().parse::<Range>(), Ok(range));
        }

        #[test]
        fn range_with_an_at_sign_alerts_where_it_otherwise_would_not(start in -1e3..1e3f64, width in 0.0..1e3f64, value in -3e3..3e3f64) {
            let outside = Range { start, end: start + width, inside: false };
            prop_assert_ne!(outside.alerts(value), Range { inside: true, ..outside }.alerts(value));
        }
    }
}
