//! The configuration: a fixture for every mistake, the example, and no panic whatever the text.

#[path = "config/certificates.rs"]
mod certificates;
#[path = "config/example.rs"]
mod example;
#[path = "config/included.rs"]
mod included;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use m365_probe::cloud::{Cloud, MailEndpoint};
use m365_probe::config::{self, FileRead, System};
use m365_probe::credential::{Credential, SecretSource};
use m365_probe::file::FileKind;
use m365_probe::settings::{Folder, Resolver};

/// Files and variables that exist only in a test.
#[derive(Debug, Default)]
struct TestSystem {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<PathBuf, (Vec<u8>, u32)>,
}

impl System for TestSystem {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|&value| value.to_owned())
    }

    fn file(&self, path: &Path) -> io::Result<FileRead> {
        let (bytes, mode) = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileRead { bytes: bytes.clone(), mode: Some(*mode) })
    }

    fn text(&self, path: &Path, _: FileKind, most: usize) -> io::Result<Vec<u8>> {
        self.file(path).map(|file| file.bytes.into_iter().take(most + 1).collect())
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let paths = self.files.keys().filter(|path| path.parent() == Some(directory));
        let names: Vec<String> = paths.filter_map(|path| path.file_name()?.to_str().map(ToOwned::to_owned)).collect();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }
}

const MARKED: &str = "Xy38Q~marked-secret-marked-secret-marked";

/// A token for the global cloud, valid until 2096; its signature is none.
const FEDERATED_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL29pZGMuZXhhbXBsZS8iLCJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6bW9uaXRvcmluZzptMzY1LXByb2JlIiwiYXVkIjoiYXBpOi8vQXp1cmVBRFRva2VuRXhjaGFuZ2UiLCJleHAiOjQwMDAwMDAwMDB9.c2ln";

/// Returns the files and variables that the example and the fixtures refer to.
fn system() -> TestSystem {
    let mut system = TestSystem::default();
    system.variables.extend([
        ("LAB_CLIENT_SECRET", MARKED),
        ("EMPTY", " "),
        ("CREDENTIALS_DIRECTORY", "/run/credentials/m365-probe.service"),
    ]);
    for (path, bytes, mode) in [
        ("/etc/m365-probe/contoso.secret", MARKED.as_bytes(), 0o600),
        ("/run/credentials/m365-probe.service/contoso", MARKED.as_bytes(), 0o400),
        ("/etc/m365-probe/open.secret", MARKED.as_bytes(), 0o644),
        ("/etc/m365-probe/quoted.secret", b"'Xy38Q~marked-secret-marked-secret-marked'\n", 0o600),
        ("/etc/m365-probe/empty.secret", b"\n", 0o600),
        ("/etc/m365-probe/federated.token", FEDERATED_TOKEN.as_bytes(), 0o644),
        ("/etc/m365-probe/two-lines.secret", b"client_secret=\nhunter2\n", 0o600),
        ("/etc/m365-probe/marked.secret", b"\xef\xbb\xbfhunter2\n", 0o600),
        ("/etc/m365-probe/binary.secret", b"\xff\xfe", 0o600),
        ("/etc/m365-probe/proxy.password", MARKED.as_bytes(), 0o600),
        ("/etc/m365-probe/ranges.json", include_bytes!("../src/cloud/ranges/global.json"), 0o644),
        ("/etc/m365-probe/ranges-no_json.json", b"<!DOCTYPE html>\n", 0o644),
        ("/etc/m365-probe/ranges-no_list.json", b"{\"value\": []}\n", 0o644),
        ("/etc/m365-probe/ranges-bad_range.json", b"[{\"id\": 1, \"urls\": [\"*\"],\n  \"ips\": [\"10.0.0.0/33\"]}]", 0o644),
        ("/etc/m365-probe/tenants.d/fabrikam.yml", include_bytes!("config/included/fabrikam.yml"), 0o640),
        ("/etc/m365-probe/tenants.d/.fabrikam.yml.swp", b"b0VIM", 0o640),
        ("/etc/m365-probe/tenants.d/fabrikam.secret", MARKED.as_bytes(), 0o600),
        ("/etc/m365-probe/bad.d/binary.yml", b"tenants: # \xff", 0o640),
        ("/etc/m365-probe/bad.d/mistakes.yml", include_bytes!("config/included/mistakes.yml"), 0o640),
        ("/etc/m365-probe/bad.d/network.yml", b"network: { proxy: none }\n", 0o640),
        ("/etc/m365-probe/bad.d/no_yaml.yml", b"tenants: [\n", 0o640),
        ("/etc/ssl/empty.pem", b"no certificate\n", 0o644),
        ("/etc/ssl/broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644),
        ("/etc/ssl/corporate.pem", include_bytes!("config/corporate.pem"), 0o644),
    ] {
        system.files.insert(path.into(), (bytes.to_vec(), mode));
    }
    system
}

fn parse(text: &str) -> Result<config::Loaded, config::Mistakes> {
    config::parse(text, Path::new("/etc/m365-probe/m365-probe.yml"), &system())
}

#[test]
fn example_parses_without_mistakes_or_warnings_into_its_probes() {
    let loaded = parse(&config::example_with_every_key()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
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
            "contoso/calendar@contoso.example/graph 60s 30s",
            "contoso/board@contoso.example/graph 900s 30s",
            "contoso/loop@contoso.example/roundtrip 900s 30s",
            "lab/token 300s 30s",
            "lab/dns 60s 30s",
            "lab/reach 60s 30s",
            "lab/probe@lab.example/pop3 60s 30s",
            "lab/probe@lab.example/imap 60s 30s",
            "lab/probe@lab.example/smtp 60s 30s",
            "lab/probe@lab.example/ews 60s 30s",
            "fabrikam/token 300s 30s",
            "fabrikam/reception/imap 60s 30s",
        ]
    );
    assert_eq!(settings.probes[5].folder, Folder::Calendar);
    assert_eq!(settings.probes[8].folder, Folder::Calendar);
    assert_eq!(settings.probes[5].address.as_deref(), Some("praxis@contoso.example"));
    assert!(
        matches!(&settings.probes[0].tenant.credential, Credential::ClientSecret(SecretSource::File(path)) if path.ends_with("contoso.secret"))
    );
    assert!(
        matches!(&settings.probes[11].tenant.credential, Credential::ClientSecret(SecretSource::Variable(name)) if name == "LAB_CLIENT_SECRET")
    );
    let proxy = settings.network.proxy.expect("a proxy");
    assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
    assert_eq!(settings.network.ranges.expect("a list").source(), "`/etc/m365-probe/ranges.json` of 2026-06-06");
    assert_eq!(settings.network.resolvers.len(), 3);
    assert_eq!(settings.network.resolvers[1], Resolver::Address("9.9.9.9:53".parse().expect("an address")));
}

#[test]
fn client_secret_credential_is_a_file_in_the_credentials_directory() {
    let text = config::example_with_every_key().replace("_env: LAB_CLIENT_SECRET", "_credential: contoso");
    let loaded = parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(loaded.warnings, []);
    let path = Path::new("/run/credentials/m365-probe.service/contoso");
    let credential = &loaded.settings.probes[11].tenant.credential;
    assert!(matches!(credential, Credential::ClientSecret(SecretSource::File(file)) if file == path));

    let mut elsewhere = system();
    elsewhere.variables.remove("CREDENTIALS_DIRECTORY");
    let mistakes = config::parse(&text, Path::new("/etc/m365-probe/m365-probe.yml"), &elsewhere).expect_err("no credentials");
    assert!(
        mistakes.to_string().contains("systemd hands over no credentials here (CREDENTIALS_DIRECTORY is not set); give"),
        "{mistakes}"
    );
}

/// Calls `f` with every fixture in `folder` and compares its result with the `.txt` beside the fixture. `UPDATE_GOLDEN=1`
/// writes it there.
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
        let message = f(name, &std::fs::read_to_string(&path).expect("text")).replace("/etc/m365-probe/", "") + "\n";
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&expected, &message).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if message != expected {
            wrong.push(format!("{name}\n gives: {message} not: {expected}"));
        }
    }
    assert!(seen > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bad_files_give_their_golden_mistakes() {
    golden("bad", |name, text| {
        let message = config::parse(text, &Path::new("/etc/m365-probe").join(name), &system());
        let message = message.expect_err(name).to_string();
        assert!(!message.contains("marked-secret") && !message.contains("hunter2"), "{message}");
        message
    });
}

#[test]
fn files_worth_a_warning_give_their_golden_warnings() {
    golden("warn", |name, text| {
        let loaded = config::parse(text, &Path::new("/etc/m365-probe").join(name), &system());
        let loaded = loaded.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        loaded.warnings.iter().map(|warning| warning.line(name)).collect::<Vec<_>>().join("\n")
    });
}

/// Returns the smallest configuration there is, with `more` keys of the tenant.
fn small(more: &str) -> String {
    format!(
        "tenants:
  - name: contoso
    tenant_id: contoso.example
    client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
    credential: {{ client_secret_file: contoso.secret }}
{more}"
    )
}

#[test]
fn built_in_cloud_changed_by_clouds_keeps_its_other_endpoints() {
    let own = "    cloud: bleu\n    mailboxes: [{ address: a@b.example, checks: [pop3, ews] }]\n";
    let changed = format!("clouds: {{ bleu: {{ pop3: 'pop3s://pop.contoso.example' }} }}\n{}", small(own));
    let settings = parse(&changed).unwrap_or_else(|mistakes| panic!("{mistakes}")).settings;
    let cloud = &settings.probes[0].tenant.cloud;
    assert_eq!(cloud.pop3, Some(MailEndpoint::implicit("pop.contoso.example", 995)));
    assert_eq!(*cloud, Cloud { pop3: cloud.pop3.clone(), ..Cloud::built_in("bleu").expect("built in") });
    assert!(cloud.is_microsoft_host("outlook.sovcloud.fr") && !cloud.is_microsoft_host("pop.contoso.example"));
    let message = parse(&small(own)).expect_err("not known").to_string();
    let expected = "the cloud `bleu` has no known POP3 host; it has ews, graph; name the host as `pop3` under `clouds.bleu`";
    assert!(message.contains(expected), "{message}");
}

/// Checks that a built-in cloud has a host for must parse.
#[test]
fn check_without_endpoint_in_a_built_in_cloud_is_a_mistake_that_names_the_key() {
    for name in Cloud::built_in_names() {
        let cloud = Cloud::built_in(name).expect("built in");
        let has = [
            ("pop3", cloud.pop3.is_some()),
            ("imap", cloud.imap.is_some()),
            ("smtp", cloud.smtp.is_some()),
            ("ews", cloud.ews.is_some()),
            ("graph", cloud.graph.is_some()),
        ];
        for (check, has) in has {
            let text = small(&format!("    cloud: {name}\n    mailboxes: [{{ address: a@b.example, checks: [{check}] }}]\n"));
            match parse(&text) {
                Ok(_) => assert!(has, "{name} {check}"),
                Err(mistakes) => {
                    let message = mistakes.to_string();
                    let parts = [format!("the cloud `{name}` has no known "), format!("`{check}` under `clouds.{name}`")];
                    assert!(!has && parts.iter().all(|part| message.contains(part)), "{message}");
                }
            }
        }
    }
}

fn timings(text: &str) -> Vec<String> {
    let loaded = parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let rhythm = |probe: &m365_probe::settings::ProbeSettings| {
        let [interval, timeout] = [probe.interval, probe.timeout].map(humantime::format_duration);
        format!("{} {interval} {timeout}", probe.id.check)
    };
    loaded.settings.probes.iter().map(rhythm).collect()
}

#[test]
fn default_timeout_is_at_most_the_interval_and_token_interval_at_least_five_minutes() {
    let defaults = |defaults: &str| format!("defaults: {{ {defaults} }}\n{}", small(""));
    assert_eq!(timings(&small("")), ["token 5m 30s", "dns 1m 30s", "reach 1m 30s"]);
    assert_eq!(timings(&defaults("interval: 10s")), ["token 5m 10s", "dns 10s 10s", "reach 10s 10s"]);
    assert_eq!(timings(&defaults("interval: 10m, timeout: 2m")), ["token 10m 2m", "dns 10m 2m", "reach 10m 2m"]);
    assert_eq!(timings(&small("    checks: [{ token: { interval: 5s } }, dns]")), ["token 5s 5s", "dns 1m 30s"]);
}

#[test]
fn mailbox_without_checks_gets_the_checks_that_its_cloud_has() {
    let bleu = "    cloud: bleu\n    checks: []\n    mailboxes: [{ address: praxis@contoso.example }]";
    assert_eq!(timings(&small(bleu)), ["ews 1m 30s"]);
}

#[test]
fn scalars_that_look_like_numbers_keep_their_text() {
    for name in ["007", "1.10", "1e3", "0x10", "true", "1_000", "\"quoted\""] {
        let loaded = parse(&small("").replace("contoso\n", &format!("{name}\n"))).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(loaded.settings.probes[0].id.tenant, name.trim_matches('"'));
    }
}

#[test]
fn byte_order_mark_and_crlf_are_accepted_and_positions_stay_right() {
    let text = format!("\u{feff}{}", small("").replace('\n', "\r\n"));
    assert_eq!(timings(&text).len(), 3);
    let mistakes = parse(&text.replace("contoso.example", "common")).expect_err("wrong").to_string();
    assert!(mistakes.starts_with("/etc/m365-probe/m365-probe.yml:3:16: tenants[0].tenant_id: `common`"), "{mistakes}");
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = small("    checks: [{ dns: &slow { interval: 5m, timeout: 10s } }, { reach: { <<: *slow, timeout: 20s } }]");
    assert_eq!(timings(&text), ["dns 5m 10s", "reach 5m 20s"]);
}

#[test]
fn aliases_that_multiply_are_a_mistake() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for pair in ('a'..='j').collect::<Vec<_>>().windows(2) {
        let list = vec![format!("*{}", pair[0]); 10].join(",");
        text = format!("{text}{0}: &{0} [{list}]\n", pair[1]);
    }
    let mistakes = parse(&text).expect_err("a bomb").to_string();
    assert!(mistakes.contains("repeats more than a configuration does"), "{mistakes}");
}

#[test]
fn file_that_is_not_utf_8_is_a_mistake_with_its_position() {
    let file = std::env::temp_dir().join(format!("m365-probe-latin-{}.yml", std::process::id()));
    std::fs::write(&file, b"# one\ntenants: # f\xc3\xbcr M\xfcller\n").expect("written");
    let message = config::load(&file).expect_err("no text").to_string();
    std::fs::remove_file(&file).expect("removed");
    assert!(message.ends_with(".yml:2:17: is not UTF-8 text from here on; save the file as UTF-8"), "{message}");
}

#[test]
fn at_most_200_mistakes_are_shown() {
    let lines: Vec<String> = (0..1000).map(|n| format!("key{n}: x")).collect();
    let mistakes = parse(&lines.join("\n")).expect_err("wrong").to_string();
    assert_eq!(mistakes.lines().count(), 201);
    assert!(mistakes.ends_with("801 more mistakes are not shown"), "{mistakes}");
}

#[cfg(unix)]
#[test]
fn load_reads_the_file_and_the_secret_beside_it_and_warns_of_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config-load");
    std::fs::create_dir_all(&folder).expect("a folder");
    let [file, secret] = ["m365-probe.yml", "contoso.secret"].map(|name| folder.join(name));
    // What the environment says about proxies is another test's.
    std::fs::write(&file, format!("network: {{ proxy: none }}\n{}", small(""))).expect("written");
    std::fs::write(&secret, MARKED).expect("written");
    for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).expect("set");
        let loaded = config::load(&file).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(loaded.warnings.len(), warnings, "{mode:o}");
        assert_eq!(loaded.settings.probes[0].tenant.credential.client_secret().expect("readable").expose(), MARKED);
    }
    std::fs::write(&file, small("").replace("contoso.secret", ".")).expect("written");
    let mistakes = config::load(&file).expect_err("a folder is no secret").to_string();
    assert!(mistakes.ends_with("it is not a regular file"), "{mistakes}");
}

#[test]
fn redacted_text_parses_to_the_same_settings_without_comments_or_secrets() {
    // What is included has a directory of its own, which is lost where all tenants stand in one configuration.
    let example = config::example_with_every_key().replace("include: tenants.d/*.yml\n", "");
    let loaded = parse(&example).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let again = parse(&loaded.redacted).unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", loaded.redacted));
    assert_eq!(format!("{:?}", again.settings), format!("{:?}", loaded.settings));
    assert_eq!(again.redacted, loaded.redacted);
    assert!(!loaded.redacted.contains('#') && !loaded.redacted.contains(MARKED), "{}", loaded.redacted);
}

#[test]
fn https_proxy_variable_applies_unless_the_file_has_a_proxy() {
    let proxy = |head: &str| {
        let mut system = system();
        system.variables.extend([("HTTPS_PROXY", "http://me:pw@env.example:1"), ("NO_PROXY", "localhost, .Corp.example")]);
        let loaded = config::parse(&format!("{head}\n{}", small("")), Path::new("/etc/m365-probe/x.yml"), &system);
        let network = loaded.unwrap_or_else(|mistakes| panic!("{mistakes}")).settings.network;
        assert_eq!(network.no_proxy, ["localhost", ".corp.example"]);
        network.proxy.map(|proxy| format!("{}:{} {:?}", proxy.host, proxy.port, proxy.login))
    };
    assert_eq!(proxy("").as_deref(), Some("env.example:1 Some((\"me\", <secret>))"));
    assert_eq!(proxy("network: { proxy: none }"), None);
    assert_eq!(proxy("network: { proxy: http://file.example:2 }").as_deref(), Some("file.example:2 None"));
}

#[test]
fn https_proxy_variable_with_socks4_is_a_mistake_without_its_value() {
    let mut system = system();
    system.variables.insert("https_proxy", "socks4://me:hunter2@env.example:1");
    let mistakes = config::parse(&small(""), Path::new("x.yml"), &system).expect_err("no proxy that is spoken").to_string();
    assert!(mistakes.starts_with("x.yml: the variable https_proxy: its value is not a proxy"), "{mistakes}");
    assert!(!mistakes.contains("hunter2"));
}

fn selection() -> config::Selection {
    config::Selection {
        tenant_id: Some("contoso.example".into()),
        client_id: Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".into()),
        client_secret_file: Some("/etc/m365-probe/contoso.secret".into()),
        mailboxes: vec!["praxis@contoso.example".into()],
        ..config::Selection::default()
    }
}

fn selected(selection: &config::Selection) -> Result<Vec<String>, String> {
    let settings = config::from_selection(selection, &system()).map_err(|mistakes| mistakes.to_string())?;
    Ok(settings.probes.iter().map(|probe| probe.id.to_string()).collect())
}

#[test]
fn selection_gives_the_same_probes_as_a_file() {
    let all = selected(&selection()).expect("right");
    assert_eq!(all.len(), 7);
    assert_eq!(all[0], "contoso.example/token");
    assert_eq!(all[3], "contoso.example/praxis@contoso.example/pop3");
    let two = config::Selection { checks: vec!["pop3".into(), "token".into(), "pop3".into()], ..selection() };
    assert_eq!(selected(&two).expect("right"), ["contoso.example/token", "contoso.example/praxis@contoso.example/pop3"]);
    let reach = config::Selection { checks: vec!["reach".into()], ..config::Selection::default() };
    assert_eq!(selected(&reach).expect("needs no secret"), ["global/reach"]);
}

#[test]
fn selection_mistakes_name_their_options() {
    let bad = config::Selection {
        cloud: Some("chian".into()),
        tenant_id: Some("common".into()),
        checks: vec!["pop".into(), "ews".into()],
        ..config::Selection::default()
    };
    let message = selected(&bad).expect_err("wrong");
    let options: Vec<&str> = message.lines().filter_map(|line| line.split_once(':')).map(|(option, _)| option).collect();
    assert_eq!(options, ["--cloud", "CHECK", "--mailbox", "--tenant-id", "--client-id", "--client-secret-file"], "{message}");
    let china = config::Selection { cloud: Some("china".into()), checks: vec!["pop3".into()], ..selection() };
    assert!(selected(&china).expect_err("no POP3 there").starts_with("--cloud: the cloud `china` has no known POP3 host; "));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn parse_of_any_text_does_not_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    /// A good file with a piece cut out and another put in gets deep into the reader.
    #[test]
    fn parse_of_a_damaged_example_does_not_panic_or_show_secrets(start in 0..4000usize, cut in 0..60usize, put in "[\\PC\\n]{0,20}") {
        let example: Vec<char> = config::example_with_every_key().chars().collect();
        let (head, tail) = example.split_at(start.min(example.len()));
        let text: String = head.iter().copied().chain(put.chars()).chain(tail.iter().skip(cut).copied()).collect();
        match parse(&text) {
            Ok(loaded) => assert!(!loaded.redacted.contains(MARKED)),
            Err(mistakes) => assert!(!mistakes.list.is_empty() && !mistakes.to_string().contains(MARKED)),
        }
    }
}
