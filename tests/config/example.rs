//! Files as they are read from a disk: the example as it is printed, and none.

use std::path::Path;

use m365_probe::config;

/// The file as it is printed, which nobody has adapted yet, checked where there is no service.
#[test]
fn example_as_printed_passes_its_own_check_outside_of_the_service() {
    let file = std::env::temp_dir().join(format!("m365-probe-example-{}.yml", std::process::id()));
    std::fs::write(&file, config::example()).expect("written");
    let loaded = config::check(&file).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let mistakes = config::load(&file).expect_err("no credentials here");
    std::fs::remove_file(&file).expect("removed");
    let warnings: Vec<String> = loaded.warnings.iter().map(|warning| warning.message.to_string()).collect();
    assert!(warnings.len() == 2 && warnings.iter().all(|text| text.starts_with("nobody looked at it: systemd ")), "{warnings:?}");
    assert_eq!(loaded.settings.probes.len(), 18);
    assert_eq!(mistakes.missing_credentials, ["contoso", "lab"]);
    for name in loaded.settings.network.resolve.keys() {
        assert!(!m365_probe::cloud::is_microsoft_host(name), "{name} is pinned");
    }
}

#[test]
fn load_of_a_missing_file_is_one_mistake() {
    let mistakes = config::load(Path::new("no/such.yml")).expect_err("missing").to_string();
    assert!(mistakes.starts_with("no/such.yml: cannot be read: No such file"), "{mistakes}");
}
