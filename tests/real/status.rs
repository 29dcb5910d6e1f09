//! Parsers of monitoring systems' status files, of performance data and of Checkmk's lines, all of them strict.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Parses the `servicestatus` blocks of a status file that have been checked, by their description.
pub fn services(status_file: &Path) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = String::from_utf8_lossy(&std::fs::read(status_file).unwrap_or_default()).into_owned();
    let mut services = BTreeMap::new();
    for block in text.split("servicestatus {\n").skip(1) {
        let Some((block, _)) = block.split_once("\n\t}") else { continue }; // half written
        let pairs = block.lines().filter_map(|line| line.trim_start().split_once('='));
        let pairs: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if pairs["has_been_checked"] == "1" {
            services.insert(pairs["service_description"].clone(), pairs);
        }
    }
    services
}

/// Parses performance data into label, value and unit of each item. Panics on what is not exactly as the guidelines have it.
#[track_caller]
pub fn perfdata(text: &str) -> Vec<(String, f64, String)> {
    let item = |item: &str| {
        let (label, rest) = item.split_once('=').unwrap_or_else(|| panic!("`{item}` in {text}"));
        let plain = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain && !label.is_empty(), "`{label}` in {text}");
        let mut fields = rest.split(';');
        let value = fields.next().expect("one at least");
        let digits = value.trim_end_matches('s');
        assert!(fields.clone().count() <= 4, "`{item}` has too many fields");
        for range in fields.filter(|range| !range.is_empty()) {
            let ends = range.split(':').all(|end| end.is_empty() || end == "~" || decimal(end).is_some());
            assert!(ends && range.matches(':').count() <= 1, "`{range}` in {text}");
        }
        let number = decimal(digits).unwrap_or_else(|| panic!("`{value}` in {text}"));
        (label.to_owned(), number, value[digits.len()..].to_owned())
    };
    text.split_whitespace().map(item).collect()
}

/// Parses a number without exponent or infinity.
fn decimal(text: &str) -> Option<f64> {
    text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-').then(|| text.parse().ok()).flatten()
}

/// Parses the same with Perl's Monitoring::Plugin::Performance, which skips all from the first item that it cannot read.
pub fn perl_perfdata(text: &str) -> Vec<(String, f64, String)> {
    const READ: &str = r#"use Monitoring::Plugin::Performance use_die => 1;
        printf "%s %s %s\n", $_->label, $_->value, $_->uom // "" for Monitoring::Plugin::Performance->parse_perfstring(<STDIN>)"#;
    let mut perl = Command::new("perl");
    perl.args(["-e", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = perl.spawn().expect("run perl");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("hand it over");
    let output = child.wait_with_output().expect("wait for perl");
    assert!(output.status.success(), "{}: {text}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |line: &str| {
        let mut words = line.splitn(3, ' ').map(ToOwned::to_owned);
        let (label, value, unit) = (words.next(), words.next(), words.next());
        (label.expect("a label"), value.expect("a value").parse().expect("a number"), unit.unwrap_or_default())
    };
    text.lines().map(line).collect()
}

/// Parses one line of a local check as Checkmk's agent does: state, service, metrics, text. Panics on what it would refuse.
#[track_caller]
pub fn checkmk_line(line: &str) -> (u8, String, Vec<(String, f64)>, String) {
    let (state, rest) = line.split_once(' ').expect(line);
    let rest = rest.strip_prefix('"').unwrap_or_else(|| panic!("no quoted name in {line}"));
    let (service, rest) = rest.split_once("\" ").expect(line);
    assert!(!service.is_empty() && !service.contains(['"', '\'', '\\']), "{line}");
    let (metrics, text) = rest.split_once(' ').expect(line);
    let metric = |metric: &str| {
        let (name, value) = metric.split_once('=').unwrap_or_else(|| panic!("`{metric}` in {line}"));
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        assert!(starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "`{name}` in {line}");
        let fields: Vec<&str> = value.split(';').collect();
        assert!(fields.len() <= 5, "`{metric}` in {line}");
        let levels = |field: &&str| field.split(':').all(|bound| bound.is_empty() || bound.parse::<f64>().is_ok());
        assert!(fields.iter().skip(1).all(levels), "`{metric}` in {line}");
        (name.to_owned(), fields[0].parse().unwrap_or_else(|_| panic!("`{metric}` in {line}")))
    };
    let metrics = if metrics == "-" { Vec::new() } else { metrics.split('|').map(metric).collect() };
    assert!(!text.is_empty() && !line.chars().any(char::is_control), "{line}");
    (state.parse().ok().filter(|state| *state <= 3).expect(line), service.to_owned(), metrics, text.to_owned())
}
