//! The built program's text for people: in a pipe, by locale, and on a terminal.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");

/// Returns a command with UTF-8, without variables for languages and colours.
fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_CTYPE", "C.UTF-8");
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "TERM", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

fn demo(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = quiet(PROGRAM);
    command.args(["demo", "--once", "--fault", "ews_disabled"]).args(arguments).envs(variables.iter().copied());
    command.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stderr.is_empty(), "nothing is drawn where nobody watches: {output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn doctor_into_a_pipe_has_no_colour_and_speaks_the_locale() {
    let english = text(&demo(&[], &[("LANG", "C.UTF-8")]));
    assert!(english.contains("\n  What to do\n") && !english.contains('\u{1b}'), "{english}");
    let german = text(&demo(&[], &[("LANG", "de_DE.UTF-8")]));
    assert!(german.contains("\n  Was zu tun ist\n"), "{german}");
    let asked = text(&demo(&["--lang", "en"], &[("LANG", "de_DE.UTF-8")]));
    assert!(asked.contains("\n  What to do\n"), "{asked}");
    let forced = text(&demo(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(forced.contains("\u{1b}[1;31mRoot cause 1"), "{forced}");
}

#[test]
fn doctor_and_reasons_in_a_locale_without_utf8_are_ascii() {
    for locale in ["C", "de_DE", ""] {
        let german = text(&demo(&["--lang", "de"], &[("LC_CTYPE", locale)]));
        assert!(german.is_ascii() && german.contains("\n|- token ") && german.contains(" > 1"), "{german}");
    }
    let reasons = quiet(PROGRAM).args(["reasons", "--lang", "de"]).env("LC_ALL", "C").output().expect("the program runs");
    assert!(reasons.stdout.is_ascii());
}

#[test]
fn reasons_as_text_speak_the_locale_and_as_json_english() {
    let reasons = |arguments: &[&str]| {
        let output = quiet(PROGRAM).arg("reasons").args(arguments).env("LANG", "de_DE.UTF-8").output();
        String::from_utf8(output.expect("the program runs").stdout).expect("UTF-8")
    };
    assert!(reasons(&[]).contains("der geheime Clientschlüssel ist abgelaufen"));
    assert!(reasons(&["--lang", "en"]).contains("the client secret has expired"));
    for output in ["json", "markdown"] {
        assert!(reasons(&["--output", output]).to_lowercase().contains("the client secret has expired"), "{output}");
    }
}

#[test]
fn doctor_as_json_has_every_step_and_speaks_english_unless_asked() {
    let usual: Value = serde_json::from_str(&text(&demo(&["--output", "json"], &[("LANG", "de_DE.UTF-8")]))).expect("JSON");
    let cause = &usual["root_causes"][0];
    assert_eq!(cause["reason"], "ews_disabled");
    assert_eq!(cause["title"], "EWS is disabled for the tenant or the mailbox");
    assert_eq!(cause["client_id"], "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    let remedy: Vec<&str> = cause["remedy"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(remedy.len() > 2 && remedy.concat().contains(",aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"`"), "{remedy:?}");
    assert!(remedy.concat().contains("Set-CASMailbox -Identity \"labor@contoso.example\" -EwsEnabled $true"), "{remedy:?}");
    for key in ["meaning", "applies", "source"] {
        assert!(cause[key].is_string(), "{key}: {cause}");
    }
    assert!(cause["evidence"]["heard"].is_string() && cause["addresses"][2].is_string(), "{cause}");
    let german = text(&demo(&["--output", "json", "--lang", "de"], &[]));
    let german: Value = serde_json::from_str(&german).expect("JSON");
    assert_eq!(german["root_causes"][0]["title"], "EWS ist für den Mandanten oder das Postfach abgeschaltet");
    assert_eq!(german["root_causes"][0]["owner"], "tenant_admin");
}

/// Runs the program on a terminal of that many columns, and returns all that it wrote there.
fn on_a_terminal(columns: usize, variables: &[(&str, &str)], arguments: &str) -> String {
    let line = format!("stty rows 40 cols {columns}; exec '{PROGRAM}' demo --once --fault ews_disabled {arguments}");
    let mut command = quiet("script");
    command.args(["--quiet", "--command", &line, "/dev/null"]).envs(variables.iter().copied());
    let output = command.output().expect("script, of util-linux, runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The control sequence that begins a line anew: carriage return, and clear the line.
const ANEW: &str = "\r\u{1b}[2K";

#[test]
fn doctor_on_a_terminal_shows_progress_and_wraps_at_its_width() {
    let shown = on_a_terminal(80, &[("TERM", "xterm")], "--lang en");
    assert!(shown.contains("[####################] 26 of 26 checks done"), "{shown}");
    let drawn: Vec<&str> = shown.split(ANEW).collect();
    assert!(drawn.len() > 26, "{shown}");
    let (lines, report) = drawn[1..].split_at(drawn.len() - 2);
    assert!(lines.iter().all(|line| line.chars().count() < 80 && !line.contains('\n')), "{lines:?}");
    let report = report.concat();
    assert!(report.starts_with("\u{1b}[1;31m3 of 26 checks fail."), "{report}");
    let tree = report.lines().map(|line| line.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "")).collect::<Vec<_>>();
    let tree = tree.iter().filter(|line| line.starts_with(['│', '├', '└']) && !line.contains('\u{1b}'));
    assert!(tree.clone().count() > 3 && tree.clone().all(|line| line.chars().count() <= 80), "{report}");
}

#[test]
fn doctor_on_a_terminal_with_no_color_or_dumb_is_plain() {
    let plain = on_a_terminal(100, &[("TERM", "xterm"), ("NO_COLOR", "1")], "--lang de");
    assert!(plain.contains("26 von 26 Prüfungen fertig") && !plain.contains("\u{1b}[1"), "{plain}");
    let dumb = on_a_terminal(100, &[("TERM", "dumb")], "--lang de");
    assert!(dumb.contains("26 Prüfungen laufen") && !dumb.contains('\u{1b}'), "{dumb}");
    let json = on_a_terminal(100, &[("TERM", "xterm")], "--output json");
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
}

/// A folder with a client secret in it, where `config init` may write.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("m365-probe-init-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join("contoso.secret"), "Xy38Q~marked-secret-marked-secret-marked").expect("a secret");
        Command::new("chmod").arg("600").arg(path.join("contoso.secret")).status().expect("chmod");
        Self(path)
    }

    fn run(&self, line: &str) -> Output {
        quiet(PROGRAM).args(line.split(' ')).current_dir(&self.0).output().expect("the program runs")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const TENANT: &str = "--tenant-id contoso.example --client-id aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

#[test]
fn config_init_by_options_writes_a_file_that_passes_its_check_and_never_writes_over_one() {
    let folder = Folder::new("options");
    let line = format!("config init {TENANT} --client-secret-file contoso.secret --mailbox praxis@contoso.example --check pop3");
    let output = folder.run(&line);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(printed, "m365-probe.yml: written, with 4 checks. Next: m365-probe doctor --config m365-probe.yml\n");
    let file = folder.0.join("m365-probe.yml");
    let written = std::fs::read_to_string(&file).expect("written");
    assert!(
        written.contains("name: contoso\n") && written.contains("checks: [pop3]\n") && !written.contains("marked"),
        "{written}"
    );
    let checked = folder.run("config check m365-probe.yml");
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "m365-probe.yml: 4 probes\n", "no warning either");
    let again = folder.run(&line.replace("pop3", "imap"));
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).expect("there"), written);
}

#[test]
fn config_init_with_a_managed_identity_needs_no_file_and_of_a_user_assigned_one_no_further_id() {
    let (folder, id) = (Folder::new("identity"), "01234567-89ab-cdef-0123-456789abcdef");
    for (options, file, expected) in [
        (
            format!("{TENANT} --managed-identity --mailbox praxis@contoso.example"),
            "own.yml",
            "managed_identity: system\n".to_owned(),
        ),
        (
            format!("--tenant-id contoso.example --managed-identity {id}"),
            "assigned.yml",
            format!("client_id: {id}\n    credential:\n      managed_identity: {id}\n"),
        ),
    ] {
        let output = folder.run(&format!("config init {file} {options}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let written = std::fs::read_to_string(folder.0.join(file)).expect("written");
        assert!(written.contains(&expected), "{written}");
        assert!(folder.run(&format!("config check {file}")).status.success(), "{written}");
    }
    let output = folder.run(&format!("config init two.yml {TENANT} --managed-identity --client-secret-file contoso.secret"));
    assert_eq!(output.status.code(), Some(2), "one credential is enough");
}

#[test]
fn config_init_with_wrong_or_missing_answers_writes_nothing() {
    let folder = Folder::new("wrong");
    for (line, says) in [
        ("config init".to_owned(), "--tenant-id is missing, and there is no terminal to ask on"),
        (format!("config init {TENANT}"), "--client-secret-file is missing"),
        (format!("config init {TENANT} --client-secret-file none.secret"), "cannot read `"),
        (format!("config init {TENANT} --client-secret-file contoso.secret --mailbox nobody"), "nothing was written"),
    ] {
        let output = folder.run(&line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(says), "{line}: {errors}");
        assert!(!folder.0.join("m365-probe.yml").exists(), "{line}");
    }
}

#[test]
fn config_init_on_a_terminal_asks_for_what_no_option_says() {
    use std::io::Write as _;
    let folder = Folder::new("asked");
    for (file, credential, expected) in
        [("first.yml", "contoso.secret", "client_secret_file: /"), ("second.yml", "\n", "managed_identity: system\n")]
    {
        let mut command = quiet("script");
        command.args(["--quiet", "--command", &format!("'{PROGRAM}' config init {file}"), "/dev/null"]).current_dir(&folder.0);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut script = command.env("LANG", "de_DE.UTF-8").spawn().expect("script, of util-linux, runs");
        let ids = "contoso.example\naaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
        let answers = format!("{ids}\n{credential}\npraxis@contoso.example\n\n");
        script.stdin.take().expect("piped").write_all(answers.as_bytes()).expect("answered");
        let output = script.wait_with_output().expect("it ends");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let ends = format!("{file}: geschrieben, mit 7 Prüfungen.");
        assert!(shown.contains("Adresse eines Postfachs") && shown.contains(&ends), "{shown}");
        let written = std::fs::read_to_string(folder.0.join(file)).expect("written");
        assert!(written.contains("      - address: praxis@contoso.example\n") && written.contains(expected), "{written}");
    }
}
