//! Included files, and the limits of a configuration.

use std::path::Path;

use m365_probe::config;
use m365_probe::credential::{Credential, SecretSource};

use super::{parse, small, system};

#[test]
fn paths_in_an_included_file_begin_at_its_directory_and_all_tenants_are_shown_as_one_configuration() {
    let text = "include: [tenants.d/fabrikam.yml]\n";
    let loaded = parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let path = Path::new("/etc/m365-probe/tenants.d/fabrikam.secret");
    let credential = &loaded.settings.probes[0].tenant.credential;
    assert!(matches!(credential, Credential::ClientSecret(SecretSource::File(file)) if file == path), "{credential:?}");
    assert!(loaded.redacted.starts_with("# includes /etc/m365-probe/tenants.d/fabrikam.yml, whose paths begin at its directory\ntenants:\n  - name: fabrikam\n"), "{}", loaded.redacted);

    let both = format!("{}{text}", small("    checks: [dns]\n"));
    let loaded = parse(&both).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let ids: Vec<String> = loaded.settings.probes.iter().map(|probe| probe.id.to_string()).collect();
    assert_eq!(ids, ["contoso/dns", "fabrikam/token", "fabrikam/reception/imap"]);
    assert!(!loaded.redacted.contains("include:") && loaded.redacted.contains("- name: fabrikam"), "{}", loaded.redacted);
}

#[test]
fn configuration_of_ten_thousand_mailboxes_loads_and_one_beyond_the_limit_is_refused_with_it() {
    let mailbox = |number: usize| {
        format!(
            "      - address: reception.desk.{number:05}@practice.contoso.example\n        name: desk{number:05}\n        checks: [pop3, {{ imap: {{ interval: 5m }} }}, smtp]\n"
        )
    };
    let mut text = small("    checks: [dns]\n    mailboxes:\n");
    text.extend((0..10_000).map(mailbox));
    assert!(text.len() > 1024 * 1024);
    let loaded = parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(loaded.settings.probes.len(), 30_001);

    let mut system = system();
    system.files.insert("/etc/m365-probe/big.yml".into(), (vec![b'#'; 9 << 20], 0o640));
    let message =
        config::parse("include: big.yml\n", Path::new("/etc/m365-probe/m365-probe.yml"), &system).expect_err("too large");
    let expected =
        "/etc/m365-probe/big.yml: the configuration has more than 8 MiB, which is all that is read; is this the right file?";
    assert_eq!(message.to_string(), expected);
}

#[test]
fn file_of_more_than_eight_mebibytes_is_a_mistake() {
    let mistakes = parse(&"#".repeat((8 << 20) + 1)).expect_err("too large").to_string();
    let expected = "the configuration has more than 8 MiB, which is all that is read; is this the right file?";
    assert_eq!(mistakes, format!("/etc/m365-probe/m365-probe.yml: {expected}"));
}
