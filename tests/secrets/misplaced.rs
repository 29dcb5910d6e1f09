//! A secret that stands in the wrong place of a configuration, under whatever key: no message shows more than 12 characters of it.

use std::io;
use std::path::Path;

use m365_probe::config::{self, FileRead, Selection, System};
use m365_probe::file::FileKind;
use proptest::prelude::*;

/// Characters of a secret that may be shown.
const SHOWN: usize = 12;

/// Secrets of the kinds that people paste.
const SECRETS: &[&str] = &[
    "Xy38Q~marked-secret-marked-secret-marked",
    "abc8Q~Qn.3kdP-Zl4Y_w8sT7vB2mXc9LrJ5hGd0a",
    "5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b",
    "q+L8vR2mX9cT4bN7zK1wP6sD/3fH5jG0aYqL8vR=",
    "S3cr3t!Passw0rd#2026",
];

/// The files and variables that the example names.
#[derive(Debug)]
struct Example;

impl System for Example {
    fn variable(&self, name: &str) -> Option<String> {
        matches!(name, "LAB_CLIENT_SECRET").then(|| "value".to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let bytes: &[u8] = match name {
            "contoso.secret" | "proxy.password" => b"value",
            "ranges.json" => include_bytes!("../../src/cloud/ranges/global.json"),
            "corporate.pem" => include_bytes!("../config/corporate.pem"),
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(FileRead { bytes: bytes.to_vec(), mode: Some(0o644) })
    }

    fn text(&self, _: &Path, _: FileKind, _: usize) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Returns everything that is shown of the configuration `text`: its mistakes, or its warnings and its page.
fn shown(text: &str) -> String {
    match config::parse(text, Path::new("/etc/m365-probe/m365-probe.yml"), &Example) {
        Ok(loaded) => {
            let warnings: Vec<_> = loaded.warnings.iter().map(|warning| warning.line("f")).collect();
            format!("{}\n{}", warnings.join("\n"), loaded.redacted)
        }
        Err(mistakes) => mistakes.to_string(),
    }
}

/// Returns the ways in which `secret` can stand in `line`, each with the line that results.
fn misplaced(line: &str, secret: &str) -> Vec<String> {
    let indent = &line[..line.len() - line.trim_start_matches([' ', '-']).len()];
    let Some((key, value)) = line[indent.len()..].split_once(':') else { return vec![format!("{indent}{secret}")] };
    vec![
        format!("{indent}{key}: {secret}"),
        format!("{indent}{key}: \"the secret {secret} is this\""),
        format!("{indent}{secret}:{value}"),
        format!("{indent}{key}: !{secret} x"),
        format!("{indent}{key}: *{secret}"),
        format!("{indent}{key}: secrets/{secret}/value"),
        format!("{indent}{key}: {{ {secret}: 1 }}"),
        format!("{indent}{key}: [{secret}]"),
        format!("{indent}{key}: https://{secret}@host.example/"),
    ]
}

#[track_caller]
fn assert_hidden(shown: &str, secret: &str, place: &str) {
    for piece in secret.as_bytes().windows(SHOWN + 1).filter_map(|piece| std::str::from_utf8(piece).ok()) {
        assert!(!shown.contains(piece), "`{piece}` of a secret in `{place}` stands in\n{shown}");
    }
}

/// Returns the example without its comments: every key, a line each.
fn example() -> String {
    // The page shows what was included in place of the key.
    let loaded = config::parse(&config::example_with_every_key(), Path::new("/etc/m365-probe/m365-probe.yml"), &Example).unwrap();
    loaded.redacted + "include: tenants.d/*.yml\n"
}

/// Returns `text` with its line of that number replaced.
fn with_line(text: &str, number: usize, line: &str) -> String {
    text.lines()
        .enumerate()
        .map(|(other, old)| if other == number { line } else { old })
        .fold(String::new(), |all, line| all + line + "\n")
}

#[test]
fn secret_under_every_key_is_not_shown() {
    let example = example();
    for (number, line) in example.lines().enumerate() {
        let secret = SECRETS[number % SECRETS.len()];
        for line in misplaced(line, secret) {
            assert_hidden(&shown(&with_line(&example, number, &line)), secret, &line);
        }
    }
}

#[test]
fn secret_in_a_web_configuration_is_not_shown() {
    let directory = std::env::temp_dir().join(format!("m365-probe-misplaced-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("web.yml");
    let example: Vec<&str> = config::web_example().lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let example = example.join("\n");
    for (number, line) in example.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let secret = SECRETS[number % SECRETS.len()];
        for line in misplaced(line, secret) {
            std::fs::write(&path, with_line(&example, number, &line)).unwrap();
            let (_, loaded) = config::load_web(&path, FileKind::Regular, |_| Ok(()));
            let shown = loaded.map_or_else(|mistakes| mistakes.to_string(), |web| format!("{:?}", web.warnings));
            assert_hidden(&shown, secret, &line);
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn secret_in_an_option_is_not_shown() {
    for secret in SECRETS {
        let text = || Some((*secret).to_owned());
        let selection = Selection {
            cloud: text(),
            tenant_id: text(),
            client_id: text(),
            client_secret_file: text().map(Into::into),
            mailboxes: vec![(*secret).to_owned()],
            checks: vec![(*secret).to_owned()],
            ..Selection::default()
        };
        let mistakes = config::from_selection(&selection, &Example).unwrap_err();
        assert_hidden(&mistakes.to_string(), secret, "an option");
    }
}

#[test]
fn secret_as_a_name_is_refused() {
    for secret in &SECRETS[..4] {
        let named = example().replace("name: contoso", &format!("name: {secret}"));
        assert!(shown(&named).contains("tenants[0].name: `<secret>` is not a plain name"), "{}", shown(&named));
    }
}

const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A random secret: of Entra, in hexadecimal digits, in base64, and in the base64 of URLs.
fn secret() -> impl Strategy<Value = String> {
    let of = |more: &'static str, count: usize| {
        let signs: Vec<char> = LETTERS_AND_DIGITS.chars().chain(more.chars()).collect();
        prop::collection::vec(prop::sample::select(signs), count).prop_map(|signs| signs.into_iter().collect::<String>())
    };
    prop_oneof![
        of("._~-", 34).prop_map(|tail| format!("abc8Q~{tail}")),
        prop::num::u128::ANY.prop_map(|number| format!("{number:032x}{:08x}", number >> 7 & 0xffff_ffff)),
        of("+/", 40),
        of("_-", 43),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_secret_under_any_key_is_not_shown(
        secret in secret(),
        at in any::<prop::sample::Index>(),
        way in any::<prop::sample::Index>(),
    ) {
        let example = example();
        let number = at.index(example.lines().count());
        let ways = misplaced(example.lines().nth(number).unwrap(), &secret);
        let line = &ways[way.index(ways.len())];
        assert_hidden(&shown(&with_line(&example, number, line)), &secret, line);
    }
}
