//! Laws over the source as text: the direction of imports, the beginning and length of files, doc comments, and names.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use m365_probe::kind::Check;

/// The top-level modules, bottom floor first. A file may name only modules on the lines above its own, and its own
/// module: parent, children and siblings.
const FLOORS: &[&[&str]] = &[
    &["compressed", "file", "lang"],
    &["clock", "cloud", "heap", "phase", "random", "reason", "sanitize", "small_map", "spelling", "x509"],
    &["kind", "secret"],
    &["outcome"],
    &["credential"],
    &["levels"],
    &["settings"],
    &["ceiling", "store", "diagnosis", "wire"],
    &["report", "trace"],
    &["fact"],
    &["document", "net", "render"],
    &["round_trip", "token"],
    &["registration"],
    &["check"],
    &["probe"],
    &["config", "remote", "schedule", "sim"],
    &["serve"],
    &["cli"],
    &["lib", "main"],
];

/// The modules of the simulated tenant, likewise: data, then state and faults, then protocols, then the listener.
const SIM_FLOORS: &[&[&str]] = &[
    &["identifiers", "jwt", "protocol", "sasl"],
    &["blank_certificate"],
    &["client_certificate", "machine", "mailbox"],
    &["tenant"],
    &["authorization", "fault"],
    &["assertion_log", "certificates"],
    &["state"],
    &["connection", "delivery"],
    &["http"],
    &["issuer"],
    &["dns", "entra", "ews", "graph", "imap", "pop3", "smtp"],
    &["identity"],
    &["listener"],
    &["client_settings"],
];

/// The most lines of a file. The guide, which no test keeps, is 120.
const MOST_LINES: usize = 450;

#[test]
fn imports_run_downward() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let own = top_module(&file);
        let Some(standing) = floor(FLOORS, &own) else {
            wrong.push(format!("{}: `{own}` stands on no floor; add it to FLOORS", file.display()));
            continue;
        };
        let upward = |name: &String| *name != own && floor(FLOORS, name).is_some_and(|theirs| theirs >= standing);
        let names = modules_named("crate::", &fs::read_to_string(&file).unwrap());
        wrong.extend(names.iter().filter(|name| upward(name)).map(|name| format!("{}: crate::{name}", file.display())));
    }
    assert!(wrong.is_empty(), "imports that do not run downward:\n{}", wrong.join("\n"));
}

#[test]
fn imports_of_the_simulated_tenant_run_downward() {
    let mut wrong = Vec::new();
    for file in rust_files("src/sim") {
        let own = module_below("src/sim", &file);
        let standing = floor(SIM_FLOORS, &own).unwrap_or_else(|| panic!("`{own}` stands on no floor; add it to SIM_FLOORS"));
        let text = fs::read_to_string(&file).unwrap();
        let mut names = modules_named("crate::sim::", &text);
        if file.parent().unwrap().ends_with("src/sim") {
            names.extend(modules_named("super::", &text));
        }
        let upward = |name: &&String| **name != own && floor(SIM_FLOORS, name).is_some_and(|theirs| theirs >= standing);
        wrong.extend(names.iter().filter(upward).map(|name| format!("{}: {name}", file.display())));
    }
    assert!(wrong.is_empty(), "imports that do not run downward:\n{}", wrong.join("\n"));
}

#[test]
fn rust_files_open_with_a_doc_comment() {
    let silent: Vec<_> = all_rust_files().filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "files that do not open with `//!`: {silent:?}");
}

#[test]
fn rust_files_have_at_most_450_lines() {
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<_> = all_rust_files().filter(|file| lines(file) > MOST_LINES).collect();
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn rust_files_have_no_marks_of_unfinished_work() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!"), concat!("todo", "!(")];
    assert_absent(&all_rust_files().collect::<Vec<_>>(), &marks);
}

/// No path and no registry may be committed that belongs to one machine.
#[test]
fn committed_files_name_no_machine_and_no_registry() {
    let places = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
    let registries = [concat!("registry.", "npmjs"), concat!("index.", "crates.io"), concat!("\"reso", "lved\"")];
    assert_absent(&committed_files(), &[&places[..], &registries[..]].concat());
}

/// Literals that are spelt like a check and mean something else, by the beginning of the file's path.
const NOT_A_CHECK: &[(&str, &[&str])] = &[
    // Phases.
    ("src/phase.rs", &["token", "dns"]),
    // Schemes of URLs.
    ("src/config/url.rs", &["pop3", "imap", "smtp"]),
    // The last part of the token endpoint's path.
    ("src/sim/entra.rs", &["token"]),
    // Keys of facts: what was learnt from a token and from names.
    ("src/fact", &["token", "dns"]),
    ("src/render/prometheus", &["token"]),
    ("src/document", &["token", "dns"]),
];

#[test]
fn no_check_is_named_outside_the_table_of_kinds() {
    let mut found = Vec::new();
    for file in rust_files("src") {
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if path == "src/kind.rs" || path.ends_with("tests.rs") || path.contains("/tests/") {
            continue;
        }
        let others = NOT_A_CHECK.iter().filter(|(prefix, _)| path.starts_with(prefix));
        let others: Vec<&str> = others.flat_map(|(_, names)| *names).copied().collect();
        let named = checks_named(&fs::read_to_string(&file).unwrap());
        found.extend(named.into_iter().filter(|name| !others.contains(name)).map(|name| format!("{path}: \"{name}\"")));
    }
    assert!(found.is_empty(), "literals in place of `Check`, or its `name()`:\n{}", found.join("\n"));
}

/// Returns the checks whose names stand in `source` as a string literal of their own, comments and tests aside.
fn checks_named(source: &str) -> Vec<&'static str> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    Check::ALL.iter().map(|check| check.name()).filter(|name| code.contains(&format!("\"{name}\""))).collect()
}

#[test]
fn checks_named_finds_code_and_no_comments_or_tests() {
    let source = "// \"dns\"\nif check == \"pop3\" { \"pop3s\" }\n#[cfg(test)]\nmod tests { \"imap\" }";
    assert_eq!(checks_named(source), ["pop3"]);
    assert_eq!(checks_named("matches!(name, \"ews\" | \"graph\")"), ["ews", "graph"]);
}

/// Words that begin a question. A doc comment is an answer: it begins with a noun or a verb.
const QUESTION_WORDS: &[&str] = &["What", "Whether", "How", "Where", "Who", "Whom", "Whose", "Why", "When", "Which"];

/// The file whose doc comments are texts for users, shown by `--help`.
const HELP_TEXTS: &str = "src/cli/args.rs";

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let mut wrong = Vec::new();
    for file in all_rust_files().filter(|file| !file.ends_with(HELP_TEXTS)) {
        let text = fs::read_to_string(&file).unwrap();
        let questions = doc_openings(&text).filter(|(_, opening)| is_question(opening));
        wrong.extend(questions.map(|(number, opening)| format!("{}:{number}: {opening}", file.display())));
    }
    assert!(wrong.is_empty(), "doc comments that begin with a question word:\n{}", wrong.join("\n"));
}

/// Returns the first line of each doc comment in `source`, with its number and without its slashes.
fn doc_openings(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut within = false;
    source.lines().zip(1..).filter_map(move |(line, number)| {
        let doc = line.trim_start().strip_prefix("///").or_else(|| line.trim_start().strip_prefix("//!"));
        let opens = !std::mem::replace(&mut within, doc.is_some());
        doc.filter(|_| opens).map(|text| (number, text.trim_start()))
    })
}

fn is_question(opening: &str) -> bool {
    let first = opening.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    QUESTION_WORDS.contains(&first)
}

#[test]
fn question_words_are_found_in_first_lines_of_doc_comments_only() {
    let source = [
        "//! What it is.",
        "/// Tells whether it is,",
        "/// Where it is.",
        "fn f() {",
        "    // Why.",
        "    /// However it is.",
        "    x;",
        "    ///How it is.",
        "}",
    ];
    let source = source.join("\n");
    let found: Vec<_> = doc_openings(&source).filter(|(_, opening)| is_question(opening)).collect();
    assert_eq!(found, [(1, "What it is."), (8, "How it is.")]);
}

/// Documents for developers. Files, rings and test programs that they name must exist.
const DOCUMENTS: &[&str] = &["CONTRIBUTING.md", "SECURITY.md", "src/README.md"];

/// Texts in them that look like a path and are none.
const NO_PATHS: &[&str] = &["contoso/praxis/pop3", "tests/.cache", "fuzz/artifacts"];

#[test]
fn documents_name_only_files_rings_and_test_programs_that_exist() {
    let rings = fs::read_to_string(root().join("tests/run")).unwrap();
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let missing = quoted_code(&text).filter_map(|code| missing_from(code, &rings));
        wrong.extend(missing.map(|missing| format!("{document}: there is no {missing}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A promise that no test shows is a wish.
#[test]
fn security_promises_name_a_test_each() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")).collect();
    let is_test = |code: &str| {
        code.starts_with("tests/")
            || code.len() >= TEST_NAME && code.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let untested: Vec<_> = rows.iter().filter(|row| !quoted_code(row).any(is_test)).collect();
    assert!(rows.len() > 10 && untested.is_empty(), "promises without a test: {untested:#?}");
}

/// Characters of the shortest name in SECURITY.md that is taken for a test's.
const TEST_NAME: usize = 24;

/// Returns the commands, configurations and other blocks of a document, without comments.
fn blocks(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect(document);
    let fenced = text.split("\n```").skip(1).step_by(2).map(ToOwned::to_owned);
    let line = |line: &str| line.split(" #").next().unwrap_or_default().trim_end().to_owned();
    fenced.map(|block| block.lines().map(line).collect::<Vec<_>>().join("\n")).collect()
}

#[test]
fn german_readme_has_the_commands_and_configurations_of_the_english_one() {
    let english = blocks("README.md");
    let german = blocks("README.de.md");
    assert!(english.len() > 10);
    let missing: Vec<_> = english.iter().filter(|block| !german.contains(block)).collect();
    assert!(missing.is_empty(), "README.de.md lacks these blocks of README.md: {missing:#?}");
    assert_eq!(german, english, "README.de.md has further blocks, or another order");
}

/// Options, keys, metrics and files that one of them names and the other does not are what a reader of the other lacks.
#[test]
fn german_readme_names_all_that_the_english_one_names() {
    let [english, german] = ["README.md", "README.de.md"].map(|file| fs::read_to_string(root().join(file)).unwrap());
    let named = |text| quoted_code(text).map(|code| code.replace('\n', " ")).collect::<BTreeSet<_>>();
    let missing: Vec<_> = named(&english).difference(&named(&german)).cloned().collect();
    assert!(missing.is_empty(), "README.de.md does not name {missing:#?}");
}

#[test]
fn security_promises_name_only_tests_that_exist() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let is_name =
        |code: &&str| code.len() >= TEST_NAME && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let named: Vec<_> = quoted_code(&text).filter(is_name).filter(|name| !name.starts_with("m365_")).collect();
    assert!(named.len() >= 20, "{named:?}");
    let sources: Vec<_> =
        ["src", "tests"].into_iter().flat_map(rust_files).map(|file| fs::read_to_string(file).unwrap()).collect();
    let is_test = |name: &str| {
        let mut before = sources.iter().filter_map(|source| Some(source.split_once(&format!("fn {name}("))?.0));
        before.any(|before| before.lines().rev().take(2).any(|line| line.contains("test]") || line.contains("::test(")))
    };
    let gone: Vec<_> = named.into_iter().filter(|name| !is_test(name)).collect();
    assert!(gone.is_empty(), "SECURITY.md names tests that are gone: {gone:?}");
}

/// Returns the texts between back-quotes, blocks of code aside.
fn quoted_code(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// Returns what `code` names that does not exist: a path, a ring of `tests/run`, a test program.
fn missing_from(code: &str, rings: &str) -> Option<String> {
    let words: Vec<_> = code.split_whitespace().collect();
    let exists = |path: &str| ["", "src"].iter().any(|below| root().join(below).join(path).exists());
    let path = words.iter().find(|word| looks_like_a_path(word) && !exists(word));
    let ring = match words.as_slice() {
        ["tests/run", ring] if !ring.starts_with('-') && !rings.contains(&format!("\n    {ring})")) => Some(ring),
        _ => None,
    };
    let mut programs = words.windows(2).filter(|pair| pair[0] == "--test").map(|pair| &pair[1]);
    let program = programs.find(|name| !exists(&format!("tests/{name}.rs")) && !exists(&format!("tests/{name}/main.rs")));
    path.or(ring).or(program).map(|missing| format!("`{missing}`, named in `{code}`"))
}

/// Tells whether `word` is a path in this repository: with a slash or a file's ending, and no URL, absolute path or option.
fn looks_like_a_path(word: &str) -> bool {
    let ending = [".rs", ".md", ".toml", ".yml"].iter().any(|ending| word.ends_with(ending));
    let elsewhere = word.contains("://") || word.starts_with(['/', '-', '<']) || word.contains(['=', '…', ';']);
    (word.contains('/') || ending) && !elsewhere && !NO_PATHS.contains(&word)
}

#[test]
fn missing_from_names_paths_rings_and_test_programs_that_are_gone() {
    let rings = "\n    quick) run_quick ;;";
    for code in ["src/nothing.rs", "tests/run nothing", "cargo test --test nothing", "net/nothing"] {
        assert!(missing_from(code, rings).is_some(), "{code}");
    }
    for code in ["src/net.rs", "net.rs", "tests/run quick", "tests/run --help", "cargo test --test laws", "/metrics", "a word"] {
        assert_eq!(missing_from(code, rings), None, "{code}");
    }
}

#[track_caller]
fn assert_absent(files: &[PathBuf], marks: &[&str]) {
    let mut found = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        let lines = text.lines().zip(1..).filter(|(line, _)| marks.iter().any(|mark| line.contains(mark)));
        found.extend(lines.map(|(line, number)| format!("{}:{number}: {line}", file.display())));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn floor(floors: &[&[&str]], module: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&module))
}

/// Returns the top-level module of a file: `net` for `src/net/dial.rs` and for `src/net.rs`.
fn top_module(file: &Path) -> String {
    module_below("src", file)
}

fn module_below(directory: &str, file: &Path) -> String {
    let below = file.strip_prefix(root().join(directory)).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Returns the modules that `source` names behind `prefix`: in `crate::a::b` and in `crate::{a, b::{c, d}}`, comments aside.
fn modules_named(prefix: &str, source: &str) -> BTreeSet<String> {
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut names = BTreeSet::new();
    for path in code.split(prefix).skip(1) {
        match path.strip_prefix('{') {
            Some(group) => names.extend(group_members(group)),
            None => names.extend(identifier(path)),
        }
    }
    names
}

/// Returns the first words of the members of a group whose opening brace has been read.
fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for character in group.chars() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    members.iter().filter_map(|member| identifier(member.trim())).collect()
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

#[test]
fn modules_named_finds_every_form_of_import() {
    let source =
        "// crate::comment\nuse crate::one::Two;\nuse crate::{three, four::{Five, six::Seven},\n eight};\nlet x = crate::nine();";
    let names: Vec<_> = modules_named("crate::", source).into_iter().collect();
    assert_eq!(names, ["eight", "four", "nine", "one", "three"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn all_rust_files() -> impl Iterator<Item = PathBuf> {
    ["src", "tests", "benches", "examples"].into_iter().flat_map(rust_files)
}

fn rust_files(directory: &str) -> Vec<PathBuf> {
    let is_rust = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "rs");
    files_below(&root().join(directory)).into_iter().filter(is_rust).collect()
}

/// Returns every file below a directory, hidden and built ones aside.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == ".git" {
                // A directory, or in a further work tree a file with a path of this machine.
            } else if path.is_file() {
                files.push(path);
            } else if !name.starts_with('.') && name != "target" {
                directories.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the files that git tracks; where git does not answer (an unpacked archive, another user's checkout), all files.
fn committed_files() -> Vec<PathBuf> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    match listed {
        Ok(listed) if listed.status.success() => {
            let names = String::from_utf8(listed.stdout).unwrap();
            names.split('\0').map(|name| root().join(name)).filter(|path| path.is_file()).collect()
        }
        _ => files_below(root()),
    }
}
