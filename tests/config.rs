//! The configuration: every mistake by its fixture, the example, and no panic on anything.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use m365_probe::config::{self, FileRead, Surroundings};
use m365_probe::settings::{Folder, Resolver, SecretSource};

/// Files and variables that exist for a test only.
#[derive(Default)]
struct Stage {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<PathBuf, (Vec<u8>, u32)>,
}

impl Surroundings for Stage {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|&value| value.to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        let (bytes, mode) = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileRead { bytes: bytes.clone(), mode: Some(*mode) })
    }
}

const MARKED: &str = "Xy38Q~marked-secret-marked-secret-marked";

/// Everything the example and the fixtures refer to.
fn stage() -> Stage {
    let mut stage = Stage::default();
    stage.variables.extend([("LAB_CLIENT_SECRET", MARKED), ("EMPTY", " ")]);
    for (path, bytes, mode) in [
        ("/etc/m365-probe/contoso.secret", MARKED.as_bytes(), 0o600),
        ("/etc/m365-probe/open.secret", MARKED.as_bytes(), 0o644),
        ("/etc/m365-probe/empty.secret", b"\n", 0o600),
        ("/etc/m365-probe/binary.secret", b"\xff\xfe", 0o600),
        ("/etc/m365-probe/proxy.password", MARKED.as_bytes(), 0o600),
        ("/etc/ssl/empty.pem", b"no certificate\n", 0o644),
        ("/etc/ssl/broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644),
        ("/etc/ssl/corporate.pem", include_bytes!("config/corporate.pem"), 0o644),
    ] {
        stage.files.insert(path.into(), (bytes.to_vec(), mode));
    }
    stage
}

fn parse(text: &str) -> Result<config::Loaded, config::Mistakes> {
    config::parse(text, Path::new("/etc/m365-probe/m365-probe.yml"), &stage())
}

#[test]
fn the_example_has_neither_mistakes_nor_warnings_and_means_what_it_says() {
    let loaded = parse(include_str!("../src/config/example.yml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(loaded.warnings, []);
    let settings = loaded.settings;
    let probes: Vec<String> =
        settings.probes.iter().map(|p| format!("{} {}s {}s", p.id, p.interval.as_secs(), p.timeout.as_secs())).collect();
    assert_eq!(
        probes,
        [
            "contoso/token 600s 30s",
            "contoso/dns 60s 30s",
            "contoso/reach 300s 30s",
            "contoso/praxis/pop3 60s 30s",
            "contoso/praxis/smtp 60s 30s",
            "contoso/praxis/ews 300s 20s",
            "contoso/calendar@contoso.example/imap 60s 30s",
            "contoso/calendar@contoso.example/ews 60s 30s",
            "lab/token 300s 30s",
            "lab/dns 60s 30s",
            "lab/reach 60s 30s",
            "lab/probe@lab.example/pop3 60s 30s",
            "lab/probe@lab.example/imap 60s 30s",
            "lab/probe@lab.example/smtp 60s 30s",
            "lab/probe@lab.example/ews 60s 30s",
        ]
    );
    assert_eq!(settings.probes[5].folder, Folder::Calendar);
    assert_eq!(settings.probes[5].address.as_deref(), Some("praxis@contoso.example"));
    assert!(matches!(&settings.probes[0].tenant.credential, SecretSource::File(path) if path.ends_with("contoso.secret")));
    assert!(matches!(&settings.probes[8].tenant.credential, SecretSource::Variable(name) if name == "LAB_CLIENT_SECRET"));
    let proxy = settings.network.proxy.expect("a proxy");
    assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
    assert_eq!(settings.network.resolvers.len(), 3);
    assert_eq!(settings.network.resolvers[1], Resolver::Address("9.9.9.9:53".parse().expect("an address")));
}

/// `f` told of every fixture in `folder`; what it says must stand in the `.txt` beside it. `BLESS=1` writes it there.
fn golden(folder: &str, f: impl Fn(&str, &str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("fixtures") {
        let path = entry.expect("a fixture").path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        seen += 1;
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let said = f(name, &std::fs::read_to_string(&path).expect("text")).replace("/etc/m365-probe/", "") + "\n";
        let expected = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &said).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{name}\n said: {said} not: {expected}"));
        }
    }
    assert!(seen > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_is_told_with_its_place_what_is_allowed_and_what_was_meant() {
    golden("bad", |name, text| {
        let said = config::parse(text, &Path::new("/etc/m365-probe").join(name), &stage());
        let said = said.expect_err(name).to_string();
        assert!(!said.contains("marked-secret") && !said.contains("hunter2"), "{said}");
        said
    });
}

#[test]
fn every_warning_is_told_with_its_place() {
    golden("warn", |name, text| {
        let loaded = config::parse(text, &Path::new("/etc/m365-probe").join(name), &stage());
        let loaded = loaded.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        loaded.warnings.iter().map(|warning| warning.line(name)).collect::<Vec<_>>().join("\n")
    });
}
