//! The configuration: every mistake by its fixture, the example, and no panic on anything.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use m365_probe::cloud::{Cloud, MailEndpoint};
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
    stage.variables.extend([
        ("LAB_CLIENT_SECRET", MARKED),
        ("EMPTY", " "),
        ("CREDENTIALS_DIRECTORY", "/run/credentials/m365-probe.service"),
    ]);
    for (path, bytes, mode) in [
        ("/etc/m365-probe/contoso.secret", MARKED.as_bytes(), 0o600),
        ("/run/credentials/m365-probe.service/contoso", MARKED.as_bytes(), 0o400),
        ("/etc/m365-probe/open.secret", MARKED.as_bytes(), 0o644),
        ("/etc/m365-probe/empty.secret", b"\n", 0o600),
        ("/etc/m365-probe/two-lines.secret", b"client_secret=\nhunter2\n", 0o600),
        ("/etc/m365-probe/marked.secret", b"\xef\xbb\xbfhunter2\n", 0o600),
        ("/etc/m365-probe/binary.secret", b"\xff\xfe", 0o600),
        ("/etc/m365-probe/proxy.password", MARKED.as_bytes(), 0o600),
        ("/etc/m365-probe/ranges.json", include_bytes!("../src/cloud/ranges/global.json"), 0o644),
        ("/etc/m365-probe/ranges-no_json.json", b"<!DOCTYPE html>\n", 0o644),
        ("/etc/m365-probe/ranges-no_list.json", b"{\"value\": []}\n", 0o644),
        ("/etc/m365-probe/ranges-bad_range.json", b"[{\"id\": 1, \"urls\": [\"*\"],\n  \"ips\": [\"10.0.0.0/33\"]}]", 0o644),
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
            "contoso/calendar@contoso.example/graph 60s 30s",
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
    assert_eq!(settings.probes[8].folder, Folder::Calendar);
    assert_eq!(settings.probes[5].address.as_deref(), Some("praxis@contoso.example"));
    assert!(matches!(&settings.probes[0].tenant.credential, SecretSource::File(path) if path.ends_with("contoso.secret")));
    assert!(matches!(&settings.probes[9].tenant.credential, SecretSource::Variable(name) if name == "LAB_CLIENT_SECRET"));
    let proxy = settings.network.proxy.expect("a proxy");
    assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
    assert_eq!(settings.network.ranges.expect("a list").source(), "`/etc/m365-probe/ranges.json` of 2023-07-31");
    assert_eq!(settings.network.resolvers.len(), 3);
    assert_eq!(settings.network.resolvers[1], Resolver::Address("9.9.9.9:53".parse().expect("an address")));
}

#[test]
fn a_credential_of_systemd_s_is_a_file_where_systemd_puts_it() {
    let text = include_str!("../src/config/example.yml");
    let text = text.replace("client_secret_env: LAB_CLIENT_SECRET", "client_secret_credential: contoso");
    let loaded = parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(loaded.warnings, []);
    let path = Path::new("/run/credentials/m365-probe.service/contoso");
    assert!(matches!(&loaded.settings.probes[9].tenant.credential, SecretSource::File(file) if file == path));

    let mut elsewhere = stage();
    elsewhere.variables.remove("CREDENTIALS_DIRECTORY");
    let mistakes = config::parse(&text, Path::new("/etc/m365-probe/m365-probe.yml"), &elsewhere).expect_err("no credentials");
    assert!(
        mistakes.to_string().contains("systemd hands over no credentials here (CREDENTIALS_DIRECTORY is not set); give"),
        "{mistakes}"
    );
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

/// The smallest configuration there is, with more keys of the tenant.
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
fn a_built_in_cloud_takes_what_is_written_of_it_and_keeps_the_rest() {
    let own = "    cloud: bleu\n    mailboxes: [{ address: a@b.example, checks: [pop3, ews] }]\n";
    let changed = format!("clouds: {{ bleu: {{ pop3: 'pop3s://pop.contoso.example' }} }}\n{}", small(own));
    let settings = parse(&changed).unwrap_or_else(|mistakes| panic!("{mistakes}")).settings;
    let cloud = &settings.probes[0].tenant.cloud;
    assert_eq!(cloud.pop3, Some(MailEndpoint::implicit("pop.contoso.example", 995)));
    assert_eq!(*cloud, Cloud { pop3: cloud.pop3.clone(), ..Cloud::built_in("bleu").expect("built in") });
    assert!(cloud.is_microsofts("outlook.sovcloud.fr") && !cloud.is_microsofts("pop.contoso.example"));
    let said = parse(&small(own)).expect_err("not known").to_string();
    let expected = "the cloud `bleu` has no known POP3 host; it has ews, graph; name the host as `pop3` under `clouds.bleu`";
    assert!(said.contains(expected), "{said}");
}

/// Every check that a built-in cloud lacks the host of is told as such, and no other.
#[test]
fn each_cell_of_the_table_is_offered_or_told_to_be_unknown() {
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
                    let said = mistakes.to_string();
                    let told = [format!("the cloud `{name}` has no known "), format!("`{check}` under `clouds.{name}`")];
                    assert!(!has && told.iter().all(|part| said.contains(part)), "{said}");
                }
            }
        }
    }
}

fn rhythm(text: &str) -> Vec<String> {
    let loaded = parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let rhythm = |probe: &m365_probe::settings::ProbeSettings| {
        let [interval, timeout] = [probe.interval, probe.timeout].map(humantime::format_duration);
        format!("{} {interval} {timeout}", probe.id.check)
    };
    loaded.settings.probes.iter().map(rhythm).collect()
}

#[test]
fn a_timeout_gives_way_to_the_interval_and_the_token_s_interval_is_at_least_five_minutes() {
    let defaults = |defaults: &str| format!("defaults: {{ {defaults} }}\n{}", small(""));
    assert_eq!(rhythm(&small("")), ["token 5m 30s", "dns 1m 30s", "reach 1m 30s"]);
    assert_eq!(rhythm(&defaults("interval: 10s")), ["token 5m 10s", "dns 10s 10s", "reach 10s 10s"]);
    assert_eq!(rhythm(&defaults("interval: 10m, timeout: 2m")), ["token 10m 2m", "dns 10m 2m", "reach 10m 2m"]);
    assert_eq!(rhythm(&small("    checks: [{ token: { interval: 5s } }, dns]")), ["token 5s 5s", "dns 1m 30s"]);
}

#[test]
fn without_checks_a_mailbox_gets_those_its_cloud_has() {
    let bleu = "    cloud: bleu\n    checks: []\n    mailboxes: [{ address: praxis@contoso.example }]";
    assert_eq!(rhythm(&small(bleu)), ["ews 1m 30s"]);
}

#[test]
fn scalars_keep_the_text_as_written() {
    for name in ["007", "1.10", "1e3", "0x10", "true", "1_000", "\"quoted\""] {
        let loaded = parse(&small("").replace("contoso\n", &format!("{name}\n"))).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(loaded.settings.probes[0].id.tenant, name.trim_matches('"'));
    }
}

#[test]
fn a_byte_order_mark_and_foreign_line_ends_do_not_matter() {
    let text = format!("\u{feff}{}", small("").replace('\n', "\r\n"));
    assert_eq!(rhythm(&text).len(), 3);
    let mistakes = parse(&text.replace("contoso.example", "common")).expect_err("wrong").to_string();
    assert!(mistakes.starts_with("/etc/m365-probe/m365-probe.yml:3:16: tenants[0].tenant_id: `common`"), "{mistakes}");
}

#[test]
fn anchors_and_merges_spare_repetition() {
    let text = small("    checks: [{ dns: &slow { interval: 5m, timeout: 10s } }, { reach: { <<: *slow, timeout: 20s } }]");
    assert_eq!(rhythm(&text), ["dns 5m 10s", "reach 5m 20s"]);
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for pair in ('a'..='j').collect::<Vec<_>>().windows(2) {
        let list = vec![format!("*{}", pair[0]); 10].join(",");
        text = format!("{text}{0}: &{0} [{list}]\n", pair[1]);
    }
    let mistakes = parse(&text).expect_err("a bomb").to_string();
    assert!(mistakes.contains("repeats more than a configuration does"), "{mistakes}");
}

#[test]
fn a_huge_file_is_refused() {
    let mistakes = parse(&"#".repeat(2 * 1024 * 1024)).expect_err("too large").to_string();
    assert_eq!(mistakes, "/etc/m365-probe/m365-probe.yml: the file has 2097152 bytes; at most 1048576 are read");
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let file = std::env::temp_dir().join(format!("m365-probe-latin-{}.yml", std::process::id()));
    std::fs::write(&file, b"# one\ntenants: # f\xc3\xbcr M\xfcller\n").expect("written");
    let told = config::load(&file).expect_err("no text").to_string();
    std::fs::remove_file(&file).expect("removed");
    assert!(told.ends_with(".yml:2:17: is not UTF-8 text from here on; save the file as UTF-8"), "{told}");
}

#[test]
fn a_wrong_file_altogether_does_not_flood_the_screen() {
    let lines: Vec<String> = (0..1000).map(|n| format!("key{n}: x")).collect();
    let mistakes = parse(&lines.join("\n")).expect_err("wrong").to_string();
    assert_eq!(mistakes.lines().count(), 201);
    assert!(mistakes.ends_with("801 more mistakes are not shown"), "{mistakes}");
}

#[cfg(unix)]
#[test]
fn a_file_on_this_machine_is_read_with_the_secret_beside_it() {
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
        assert_eq!(loaded.settings.probes[0].tenant.credential.read().expect("readable").expose(), MARKED);
    }
    std::fs::write(&file, small("").replace("contoso.secret", ".")).expect("written");
    let mistakes = config::load(&file).expect_err("a folder is no secret").to_string();
    assert!(mistakes.ends_with("it is not a regular file"), "{mistakes}");
}

#[test]
fn a_missing_file_is_one_mistake() {
    let mistakes = config::load(Path::new("no/such.yml")).expect_err("missing").to_string();
    assert!(mistakes.starts_with("no/such.yml: cannot be read: No such file"), "{mistakes}");
}

#[test]
fn what_is_shown_reads_back_as_the_same_and_holds_no_comment() {
    let example = config::example();
    let loaded = parse(example).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let again = parse(&loaded.masked).unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", loaded.masked));
    assert_eq!(format!("{:?}", again.settings), format!("{:?}", loaded.settings));
    assert_eq!(again.masked, loaded.masked);
    assert!(!loaded.masked.contains('#') && !loaded.masked.contains(MARKED), "{}", loaded.masked);
}

#[test]
fn the_environment_s_proxy_holds_unless_the_file_says_otherwise() {
    let proxy = |head: &str| {
        let mut stage = stage();
        stage.variables.extend([("HTTPS_PROXY", "http://me:pw@env.example:1"), ("NO_PROXY", "localhost, .Corp.example")]);
        let loaded = config::parse(&format!("{head}\n{}", small("")), Path::new("/etc/m365-probe/x.yml"), &stage);
        let network = loaded.unwrap_or_else(|mistakes| panic!("{mistakes}")).settings.network;
        assert_eq!(network.no_proxy, ["localhost", ".corp.example"]);
        network.proxy.map(|proxy| format!("{}:{} {:?}", proxy.host, proxy.port, proxy.login))
    };
    assert_eq!(proxy("").as_deref(), Some("env.example:1 Some((\"me\", <secret>))"));
    assert_eq!(proxy("network: { proxy: none }"), None);
    assert_eq!(proxy("network: { proxy: http://file.example:2 }").as_deref(), Some("file.example:2 None"));
}

#[test]
fn an_environment_s_proxy_that_cannot_be_used_is_a_mistake_without_its_value() {
    let mut stage = stage();
    stage.variables.insert("https_proxy", "socks4://me:hunter2@env.example:1");
    let mistakes = config::parse(&small(""), Path::new("x.yml"), &stage).expect_err("no proxy that is spoken").to_string();
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
    let settings = config::from_selection(selection, &stage()).map_err(|mistakes| mistakes.to_string())?;
    Ok(settings.probes.iter().map(|probe| probe.id.to_string()).collect())
}

#[test]
fn a_selection_gives_the_probes_a_file_would() {
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
fn a_selection_tells_every_mistake_with_its_option() {
    let bad = config::Selection {
        cloud: Some("chian".into()),
        tenant_id: Some("common".into()),
        checks: vec!["pop".into(), "ews".into()],
        ..config::Selection::default()
    };
    let said = selected(&bad).expect_err("wrong");
    let options: Vec<&str> = said.lines().filter_map(|line| line.split_once(':')).map(|(option, _)| option).collect();
    assert_eq!(options, ["--cloud", "CHECK", "--mailbox", "--tenant-id", "--client-id", "--client-secret-file"], "{said}");
    let china = config::Selection { cloud: Some("china".into()), checks: vec!["pop3".into()], ..selection() };
    assert!(selected(&china).expect_err("no POP3 there").starts_with("--cloud: the cloud `china` has no known POP3 host; "));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    /// A good file with a piece cut out and another put in: deep into the reader.
    #[test]
    fn no_damage_makes_it_panic(start in 0..4000usize, cut in 0..60usize, put in "[\\PC\\n]{0,20}") {
        let example: Vec<char> = config::example().chars().collect();
        let (head, tail) = example.split_at(start.min(example.len()));
        let text: String = head.iter().copied().chain(put.chars()).chain(tail.iter().skip(cut).copied()).collect();
        match parse(&text) {
            Ok(loaded) => assert!(!loaded.masked.contains(MARKED)),
            Err(mistakes) => assert!(!mistakes.list.is_empty() && !mistakes.to_string().contains(MARKED)),
        }
    }
}
