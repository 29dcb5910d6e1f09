//! The built program as a plugin: its output and exit codes, apart from any server's reply.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use m365_probe::sim;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-probe");

fn run(line: &str) -> Output {
    bare(&mut Command::new(PROGRAM)).args(line.split_whitespace()).output().expect("run the program")
}

fn bare(command: &mut Command) -> &mut Command {
    command
        .env_remove("M365_PROBE_CONFIG")
        .env_remove("M365_PROBE_CLIENT_SECRET")
        .env_remove("M365_PROBE_STATE_FILE")
        .env_remove("RUST_LOG")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn check_with_an_empty_configuration_variable_ignores_it() {
    let mut command = Command::new(PROGRAM);
    let output = bare(&mut command).args(["check", "pop3"]).env("M365_PROBE_CONFIG", "").output().expect("run the program");
    assert!(text(&output.stdout).starts_with("M365 UNKNOWN - there is no configuration; "), "{}", text(&output.stdout));
}

#[test]
fn check_with_wrong_arguments_is_unknown_on_standard_output() {
    for (line, first) in [
        ("check", "M365 UNKNOWN - the following required arguments were not provided: <CHECK>..."),
        ("check bogus", "M365 UNKNOWN - invalid value 'bogus' for '<CHECK>...' [possible values: token, "),
        ("--log-format json check bogus", "M365 UNKNOWN - invalid value 'bogus'"),
        ("--log-format=none check pop3", "M365 UNKNOWN - invalid value 'none' for '--log-format"),
        ("check pop3 --bogus", "M365 UNKNOWN - unexpected argument '--bogus' found"),
        ("check pop3 -t 0", "M365 UNKNOWN - invalid value '0' for '--timeout"),
        ("check pop3 -t 5:perhaps", "M365 UNKNOWN - invalid value '5:perhaps' for '--timeout"),
        ("check pop3 -w 20:10", "M365 UNKNOWN - `20:10` is not a range: its start is above its end"),
        ("check pop3 -c mesages=1", "M365 UNKNOWN - unknown metric `mesages`"),
        ("check pop3", "M365 UNKNOWN - there is no configuration; name one with --config FILE (`m365-probe config init`"),
        ("check token --tenant-id contoso.example", "M365 UNKNOWN - --client-id: "),
        ("check all --config /does/not/exist.yml", "M365 UNKNOWN - /does/not/exist.yml: cannot be read"),
        ("check --help", "Run checks once, as a Nagios, Icinga or Checkmk plugin"),
        ("check -h", "Run checks once, as a Nagios, Icinga or Checkmk plugin"),
        ("check --version", concat!("m365-probe ", env!("CARGO_PKG_VERSION"))),
        ("check -V", concat!("m365-probe ", env!("CARGO_PKG_VERSION"))),
    ] {
        let output = run(line);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{line}: {printed}");
        assert!(printed.starts_with(first), "{line}: {printed}");
        assert_eq!(text(&output.stderr), "", "{line}");
        assert!(!printed.contains('|'), "{line}: {printed}");
    }
}

#[test]
fn check_with_lost_output_is_not_ok() {
    for line in ["config example", "reasons", "check --version", "--help"] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has a full device");
        let output =
            bare(&mut Command::new(PROGRAM)).args(line.split_whitespace()).stdout(full).output().expect("run the program");
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{line}: {errors}");
        assert!(
            errors.starts_with("error: cannot write to standard output: ") && errors.lines().count() == 1,
            "{line}: {errors}"
        );
    }
}

#[test]
fn other_commands_with_wrong_arguments_exit_2_on_standard_error() {
    for (line, exit) in [
        ("", 2),
        ("bogus", 2),
        ("reasons --bogus", 2),
        ("doctor --config /does/not/exist.yml", 2),
        ("serve --config /does/not/exist.yml", 2),
        ("config check /does/not/exist.yml", 2),
        ("demo --once --fault bogus", 2),
        ("--help", 0),
        ("--version", 0),
        ("help check", 0),
        ("doctor --version", 0),
        ("config example", 0),
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(exit), "{line}");
        let (printed, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(errors.is_empty(), exit == 0 || line.is_empty(), "{line}: {printed}{errors}");
    }
}

#[cfg(unix)]
#[test]
fn program_named_check_m365_is_the_plugin() {
    use std::os::unix::process::CommandExt as _;
    for (line, first) in [("--version", "m365-probe "), ("", "M365 UNKNOWN - "), ("token --bogus", "M365 UNKNOWN - ")] {
        let mut command = Command::new(PROGRAM);
        let output =
            bare(command.arg0("/usr/lib/nagios/plugins/check_m365")).args(line.split_whitespace()).output().expect("run");
        assert_eq!(output.status.code(), Some(3), "{line}");
        assert!(text(&output.stdout).starts_with(first), "{line}: {}", text(&output.stdout));
    }
    for line in ["--help", ""] {
        let mut command = Command::new(PROGRAM);
        let output = bare(command.arg0("check_m365")).args(line.split_whitespace()).output().expect("run");
        let printed = text(&output.stdout);
        assert!(printed.contains("Usage: check_m365 ") && !printed.contains("check_m365 check"), "{line}: {printed}");
    }
    let mut command = Command::new(PROGRAM);
    let help = bare(command.arg0("check_m365")).arg("--help").output().expect("run");
    assert!(text(&help.stdout).starts_with("Run checks once, as a Nagios, Icinga or Checkmk plugin"), "{}", text(&help.stdout));
}

#[test]
fn checkmk_output_of_a_check_that_cannot_run_is_a_service_line() {
    let output = run("check all --output checkmk --config /does/not/exist.yml");
    let printed = text(&output.stdout);
    assert!(printed.starts_with("3 \"M365\" - /does/not/exist.yml: cannot be read"), "{printed}");
    assert_eq!(output.status.code(), Some(3));
}

#[cfg(target_os = "linux")]
#[test]
fn check_with_a_full_or_closed_output_exits_3() {
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    let mut command = Command::new(PROGRAM);
    let status = bare(command.arg("check").stdout(full()).stderr(Stdio::null())).status().expect("run");
    assert_eq!(status.code(), Some(3));
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let mut command = Command::new(PROGRAM);
    let status = bare(command.args(["check", "--help"]).stdout(writer).stderr(Stdio::null())).status().expect("run");
    assert_eq!(status.code(), Some(3));
}

/// The peer accepts and says nothing; it is the token endpoint of every check.
#[test]
fn check_with_a_timeout_state_and_a_silent_peer_has_that_state() {
    let peer = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = peer.local_addr().expect("bound").port();
    let directory = std::env::temp_dir().join(format!("m365-probe-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("m365-probe.yml");
    let configuration = format!(
        "network: {{ resolve: {{ login.example: 127.0.0.1, pop.example: 127.0.0.1 }} }}
clouds:
  lab: {{ login: 'https://login.example:{port}', pop3: 'pop3s://pop.example:{port}', scope: https://pop.example/.default }}
tenants:
  - name: contoso
    cloud: lab
    tenant_id: contoso.example
    client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
    credential: {{ client_secret_env: M365_PROBE_TEST_SECRET }}
    checks: [token, reach]
    mailboxes: [{{ address: praxis@contoso.example, checks: [pop3] }}]
"
    );
    std::fs::write(&file, configuration).expect("written");
    for (line, exit) in [
        ("check pop3 -t 400ms:unknown", 3),
        ("check token -t 0.4:1", 1),
        ("check reach -t 400ms:unknown", 3),
        ("check pop3 -t 400ms", 2),
    ] {
        let mut command = Command::new(PROGRAM);
        bare(&mut command).args(line.split(' ')).arg("--config").arg(&file).env("M365_PROBE_TEST_SECRET", "s");
        let output = command.output().expect("run");
        assert_eq!(output.status.code(), Some(exit), "{line}: {}", text(&output.stdout));
        assert!(text(&output.stdout).contains("_timed_out in "), "{line}: {}", text(&output.stdout));
    }
    std::fs::remove_dir_all(&directory).expect("removed");
}

/// The program stands still for longer than the run may take, as a machine under load or a suspended one does.
#[cfg(unix)]
#[test]
fn check_of_a_program_that_was_stopped_is_unknown_and_blames_nobody_else() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let folder = std::env::temp_dir().join(format!("m365-probe-stopped-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let configuration = format!(
        "clouds:\n  lab: {{ login: 'https://{}' }}\ntenants:\n  - name: contoso\n    cloud: lab\n    \
         tenant_id: contoso.example\n    client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n    \
         credential: {{ client_secret_env: M365_PROBE_CLIENT_SECRET }}\n    checks: [token]\n",
        listener.local_addr().expect("bound")
    );
    let file = folder.join("m365-probe.yml");
    std::fs::write(&file, configuration).expect("written");
    let mut command = Command::new(PROGRAM);
    let command = bare(&mut command).args(["check", "token", "-t", "3s", "--config"]).arg(&file);
    let child = command.env("M365_PROBE_CLIENT_SECRET", "not-a-real-secret").stdout(Stdio::piped()).spawn().expect("started");
    let signal = |name: &str| {
        let status = Command::new("sh").args(["-c", "kill -s $0 $1", name, &child.id().to_string()]).status();
        assert!(status.expect("a shell").success());
    };
    let (mut peer, _) = listener.accept().expect("a connection");
    signal("STOP");
    // Nothing comes from a program that stands still: twice the time that the run has.
    peer.set_read_timeout(Some(std::time::Duration::from_secs(7))).expect("a limit");
    let _ = peer.read_to_end(&mut Vec::new());
    signal("CONT");
    let output = child.wait_with_output().expect("ended");
    let printed = text(&output.stdout);
    let _ = std::fs::remove_dir_all(folder);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.starts_with("TOKEN UNKNOWN - contoso: machine_too_slow in tls; "), "{printed}");
    assert!(!printed.contains("total="), "{printed}");
}

/// The limits leave the program enough to start, and too little for all its runs at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_with_too_few_descriptors_blames_this_machine_wherever_it_strikes() {
    let running = sim::start(sim::Tenant::contoso()).await.expect("the tenant starts");
    let folder = std::env::temp_dir().join(format!("m365-probe-descriptors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = running.write_config(&folder).expect("written");
    let mut reasons = BTreeSet::new();
    for limit in [10, 12, 16, 20, 24] {
        let mut shell = Command::new("sh");
        bare(&mut shell).args(["-c", "ulimit -n $0 && exec \"$@\"", &limit.to_string(), PROGRAM, "doctor", "--output", "json"]);
        let output = shell.args(["--timeout", "60s", "--config"]).arg(&file).output().expect("run the program");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        let failed = report["outcomes"].as_array().expect("outcomes").iter().filter_map(|outcome| outcome["reason"].as_str());
        reasons.extend(failed.map(ToOwned::to_owned));
    }
    let _ = std::fs::remove_dir_all(folder);
    assert_eq!(Vec::from_iter(reasons), ["local_resources"]);
}

/// The server asks for a pause in the first run. Once it refuses nothing any more, only a run that logs in is good.
#[tokio::test]
async fn check_stays_away_for_as_long_as_the_server_asked_the_one_before() {
    let tenant = sim::start(sim::Tenant::contoso()).await.expect("a tenant");
    let directory = std::env::temp_dir().join(format!("m365-probe-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let (config, state) = (tenant.write_config(&directory).expect("a configuration"), directory.join("back-offs.json"));
    let check = async |check: &str, state: &Path| {
        loop {
            let mut command = Command::new(PROGRAM);
            bare(&mut command).args(["check", check, "--mailbox", "praxis@contoso.example", "--config"]).arg(&config);
            command.arg("--state-file").arg(state);
            let output = tokio::task::spawn_blocking(move || command.output().expect("run the program")).await.expect("it ends");
            let output = text(&output.stdout);
            if !output.contains("machine_too_slow") {
                return output;
            }
        }
    };
    tenant.set_fault("throttled").expect("a fault");
    let asked = check("imap", &state).await;
    assert!(asked.starts_with("IMAP WARNING - ") && asked.contains("throttled in "), "{asked}");
    assert!(asked.contains(" UTC, critical after 30 minutes | "), "{asked}");
    let kept = std::fs::read_to_string(&state).expect("kept");
    assert!(kept.contains("\"check\":\"imap\"") && kept.len() < 1000, "{kept}");
    let unknown = check("imap", Path::new("/dev/null")).await;
    assert!(unknown.starts_with("IMAP CRITICAL - "), "nobody knows for how long: {unknown}");
    let (_, since) = kept.split_once("\"since\":\"").expect("since when");
    let since = since.get(..4).expect("a year");
    let long_ago = kept.replace(&format!("\"since\":\"{since}"), "\"since\":\"2001").replace("\"back_offs\":[{", "\"ended\":[{");
    std::fs::write(&state, long_ago.replace("\"version\":1,", "\"version\":1,\"back_offs\":[],")).expect("written");
    let lasting = check("imap", &state).await;
    assert!(lasting.starts_with("IMAP CRITICAL - ") && lasting.contains("; who must act: Microsoft; since 2001-"), "{lasting}");
    tenant.clear_faults();
    let again = check("imap", &state).await;
    assert!(again.starts_with("IMAP CRITICAL - praxis@contoso.example: not run: the server asked us to wait until 2"), "{again}");
    assert!(again.contains("(throttled)"), "{again}");
    for (name, state) in [("imap", Path::new("/dev/null")), ("smtp", &state)] {
        let other = check(name, state).await;
        assert!(other.contains(" OK - praxis@contoso.example"), "{other}");
    }
    assert!(!Path::new("/dev/null").symlink_metadata().expect("it is there").is_file());
    std::fs::remove_dir_all(directory).expect("removed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_with_a_limit_of_what_is_not_measured_is_unknown_and_says_who_measures_it() {
    let running = sim::start(sim::Tenant::contoso()).await.expect("the tenant starts");
    let folder = std::env::temp_dir().join(format!("m365-probe-limits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = running.write_config(&folder).expect("written");
    let check = |line: &str| {
        let mut command = Command::new(PROGRAM);
        bare(&mut command).arg("check").args(line.split_whitespace()).args(["-t", "60s", "--state-file", "/dev/null"]);
        let output =
            command.args(["--mailbox", "praxis@contoso.example", "--config"]).arg(&file).output().expect("run the program");
        (output.status.code(), text(&output.stdout))
    };
    for (line, code, first) in [
        (
            "pop3 -w oldest_message_seconds=9",
            3,
            "M365 UNKNOWN - `oldest_message_seconds` is not known without `--backlog FOLDER`, or `backlog`",
        ),
        ("smtp ews -c messages=5", 3, "M365 UNKNOWN - `messages` is not measured by smtp, ews, but by pop3, imap, graph"),
        ("imap -c arrival_seconds=60", 3, "M365 UNKNOWN - `arrival_seconds` is not measured by imap, but by roundtrip"),
        ("ews -w auth=5", 3, "M365 UNKNOWN - `auth` is not measured by ews, but by pop3, imap, smtp, roundtrip"),
        ("pop3 --backlog Archive", 3, "M365 UNKNOWN - --backlog: POP3 shows no folder but the inbox; write INBOX"),
        (
            "smtp --backlog INBOX",
            3,
            "M365 UNKNOWN - --backlog: `smtp` counts no mail in folders; it is an option of pop3, imap, graph",
        ),
        ("imap --backlog INBOX --backlog inbox", 3, "M365 UNKNOWN - --backlog: `inbox` occurs twice in this list"),
        ("imap --backlog INBOX -w quota_percent=80", 3, "IMAP UNKNOWN - praxis@contoso.example: mailbox opened in "),
        ("pop3 --backlog INBOX -w oldest_message_seconds=9", 1, "POP3 WARNING - praxis@contoso.example: mailbox opened in "),
        ("pop3 --backlog INBOX -w oldest_message_seconds=99999", 0, "POP3 OK - praxis@contoso.example: mailbox opened in "),
        ("smtp pop3 -c messages=500", 0, "M365 OK - 2 of 2 ok"),
        ("pop3 -w secret_days=30:", 0, "POP3 OK - praxis@contoso.example: mailbox opened in "),
    ] {
        let (exit, printed) = check(line);
        assert!(exit == Some(code) && printed.starts_with(first), "{line}: {exit:?} {printed}");
        assert_eq!(
            printed.contains("has a limit and is not known"),
            line.contains("quota") || line.contains("secret"),
            "{line}: {printed}"
        );
        assert_eq!(
            printed.contains(" oldest_message_seconds="),
            code != 3 && line.contains("--backlog") || line.contains("quota"),
            "{line}: {printed}"
        );
    }
    std::fs::remove_dir_all(folder).expect("removed");
}
