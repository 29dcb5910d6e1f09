//! The catalogue of reasons: its pages are what the program prints, and a fault or a test leads to each of its reasons.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;

use m365_probe::reason::Reason;
use m365_probe::sim::Fault;

#[test]
fn reasons_pages_in_docs_are_what_the_program_prints() {
    for (lang, page) in [("en", "docs/reasons.md"), ("de", "docs/reasons.de.md")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_m365-probe"));
        let output = program.args(["reasons", "--output", "markdown", "--lang", lang]).output().unwrap();
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &printed).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == printed,
            "{page} is not what `reasons --output markdown --lang {lang}` prints; UPDATE_GOLDEN=1 writes it"
        );
    }
}

/// Files whose tests name reasons only as examples, by the beginning of their paths.
const FOR_SHOW: &[&str] =
    &["src/reason", "src/render", "src/levels", "src/store", "src/remote", "tests/render", "tests/reasons.rs"];

/// A fault of the simulated tenant has the reason's name, or a test expects it, be it of a conversation with a peer that lies or
/// of the program in a network that misbehaves. Prints which.
#[test]
fn each_reason_is_reached_by_a_fault_or_a_test() {
    let tests: Vec<(String, String)> =
        ["src", "tests"].iter().flat_map(|below| rust_files(&root().join(below))).filter_map(|file| of_tests(&file)).collect();
    let mut unmet = Vec::new();
    for reason in Reason::ALL {
        let place = tests.iter().find(|(_, source)| expects(source, *reason)).map(|(file, _)| file.as_str());
        match (Fault::from_name(reason.code()), place) {
            (Some(fault), _) => println!("{:<36} demo --fault {fault}", reason.code()),
            (None, Some(place)) => println!("{:<36} {place}", reason.code()),
            // Every phase has a better one; its code stays, because documents of other versions may name it.
            (None, None) if *reason == Reason::TimedOut => println!("{:<36} documents", reason.code()),
            (None, None) => unmet.push(reason.code()),
        }
    }
    assert!(unmet.is_empty(), "reasons that nothing is known to lead to: {}", unmet.join(", "));
}

/// Tells whether `source` expects the reason, by its name in the program or by its code.
fn expects(source: &str, reason: Reason) -> bool {
    let (code, name) = (format!("\"{reason}\""), format!("{reason:?}"));
    let named = |prefix: &str| {
        let name = format!("{prefix}{name}");
        source.match_indices(&name).any(|(at, _)| !source[at + name.len()..].starts_with(|c: char| c.is_alphanumeric()))
    };
    source.contains(&code) || named("Reason::") || named("R::")
}

/// Returns the path and tests of a file; `None` where it has none, or reasons are only examples in it.
fn of_tests(file: &Path) -> Option<(String, String)> {
    let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    if FOR_SHOW.iter().any(|place| name.starts_with(place)) {
        return None;
    }
    let source = std::fs::read_to_string(file).unwrap();
    let whole = name.starts_with("tests/") || name.contains("tests");
    let tests = if whole { source } else { source.split_once("#[cfg(test)]")?.1.to_owned() };
    Some((name, tests))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
