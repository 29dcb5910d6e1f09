//! The README's configurations, checked by the programs that they are for.

use std::path::Path;
use std::process::Command;

use crate::scratch::Scratch;
use crate::{needs, prometheus};

const README: &str = include_str!("../../README.md");

/// Returns the README's YAML blocks that contain `key` at the start of a line.
fn yaml_with(key: &str) -> Vec<&'static str> {
    let blocks = README.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found: Vec<_> = blocks.filter(|block| block.lines().any(|line| line.starts_with(key))).collect();
    assert!(!found.is_empty(), "the README has no YAML with `{key}`");
    found
}

fn assert_accepted(program: &str, arguments: &[&str], file: &Path) {
    let output = Command::new(program).args(arguments).arg(file).output().expect("run");
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}: {printed}");
}

#[test]
fn readme_prometheus_configurations_are_accepted_by_promtool() {
    if !needs::all_there(&[prometheus::PART]) {
        return;
    }
    let scratch = Scratch::new();
    for block in yaml_with("scrape_configs:") {
        assert_accepted("promtool", &["check", "config"], &scratch.file("prometheus.yml", block));
    }
}

#[test]
fn readme_configuration_is_accepted_by_the_program() {
    let scratch = Scratch::new();
    let secret = scratch.secret("contoso.secret", "x");
    for block in yaml_with("tenants:") {
        let block = block.replace("/etc/m365-probe/contoso.secret", &secret.display().to_string());
        let file = scratch.file("m365-probe.yml", block);
        assert_accepted(env!("CARGO_BIN_EXE_m365-probe"), &["config", "check"], &file);
    }
}
