//! The definitions in `integrations/`, in Nagios Core, Icinga 2 and a stand-in for Checkmk's agent: states, texts and
//! performance data read back are those that the plugin printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use crate::daemon::Daemon;
use crate::monitored::{CASES, Case, Monitored, Target};
use crate::needs::{self, Part};
use crate::status::{checkmk_line, perfdata, perl_perfdata, services};

const NAGIOS: Part =
    Part { name: "Nagios Core", files: &["/usr/sbin/nagios4", "/etc/nagios4/objects/templates.cfg"], as_root: true };
const ICINGA: Part = Part { name: "Icinga 2", files: &["/usr/sbin/icinga2", "/usr/share/icinga2/include/itl"], as_root: true };
const PERL: Part = Part {
    name: "Monitoring::Plugin for Perl",
    files: &["/usr/bin/perl", "/usr/share/perl5/Monitoring/Plugin/Performance.pm"],
    as_root: false,
};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations").join(name)
}

/// Returns the text of a shipped file with `places` replaced, each of which must be in it.
fn adapted(name: &str, places: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(shipped(name)).expect(name);
    for (shipped, ours) in places {
        assert!(text.contains(shipped), "{name} has no `{shipped}`");
        text = text.replace(shipped, ours);
    }
    text
}

fn host(target: Target) -> &'static str {
    match target {
        Target::Demo => "demo",
        Target::Odd => "odd",
        Target::Gone => "gone",
    }
}

const TARGETS: [Target; 3] = [Target::Demo, Target::Odd, Target::Gone];

#[test]
fn nagios_shows_state_text_and_performance_data_of_the_plugin() {
    if !needs::all_there(&[NAGIOS, PERL]) {
        return;
    }
    let monitored = Monitored::start();
    let home = monitored.scratch.dir("nagios");
    let (main, status) = (nagios_files(&monitored, &home), home.join("status.dat"));
    let accepted = Command::new("/usr/sbin/nagios4").arg("-v").arg(&main).output().expect("run Nagios");
    let printed = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert!(accepted.status.success() && printed.contains("Total Errors:   0"), "{printed}");
    let mut nagios = Daemon::start("/usr/sbin/nagios4", |nagios| nagios.arg(&main), &home.join("output.log"));
    nagios.wait_for("check every service", || services(&status).len() == CASES.len() + EXAMPLES.len());
    let services = services(&status);
    for (name, state) in EXAMPLES {
        assert_eq!(services[*name]["current_state"], *state, "{name}: {:#?}", services[*name]);
    }
    // Nagios makes a colon of a semicolon in the first line, which ends a field in its log. In what follows a backslash
    // is two, and `\n` the end of a line.
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\n', "\\n");
    let written = Written { first: &|text| text.replace(';', ":"), long: &escaped };
    for case in CASES {
        assert_shown(&monitored, case, &services[case.name], &written);
    }
    // Nagios writes its files one after the other, and a service's later result may have other labels than the first one.
    nagios.wait_for("write the performance data that it shows", || {
        let (shown, file) = (crate::status::services(&status), fs::read_to_string(home.join("perfdata")).unwrap_or_default());
        CASES.iter().all(|case| {
            let written = file.lines().filter_map(|line| line.strip_prefix(case.name)?.strip_prefix('\t')).next_back();
            let shown = shown.get(case.name).and_then(|shown| shown.get("performance_data"));
            written.is_some_and(|written| shown.is_some_and(|shown| labels_of(shown) == labels_of(written)))
        })
    });
}

/// Returns the labels of performance data.
fn labels_of(text: &str) -> Vec<String> {
    perfdata(text).into_iter().map(|(label, ..)| label).collect()
}

/// The services of m365-example.cfg, and their states for the demonstration.
const EXAMPLES: &[(&str, &str)] = &[("Token", "0"), ("POP3 praxis", "2"), ("SMTP praxis", "2"), ("Everything", "2")];

fn nagios_files(monitored: &Monitored, home: &Path) -> PathBuf {
    let mut objects = String::new();
    for target in TARGETS {
        let (name, url) = (host(target), monitored.url(target));
        let _ =
            writeln!(objects, "define host {{\nuse generic-host\nhost_name {name}\nmax_check_attempts 1\n_M365_FROM {url}\n}}");
    }
    for Case { name, target, check, scope, options, .. } in CASES {
        let command = if scope.contains('@') { "check_m365" } else { "check_m365_tenant" };
        let options: Vec<String> = options.iter().map(|(option, value)| format!("{option} {value}")).collect();
        let _ = writeln!(
            objects,
            "define service {{\nuse m365-service\nhost_name {}\nservice_description {name}\ncheck_command {command}!{check}!{scope}!{}\n}}",
            host(*target),
            options.join(" ")
        );
    }
    let write = |name: &str, text: String| fs::write(home.join(name), text).expect("written");
    write("cases.cfg", objects);
    write("example.cfg", adapted("nagios/m365-example.cfg", &[("http://127.0.0.1:10365", &monitored.url(Target::Demo))]));
    write("resource.cfg", format!("$USER1$={}\n", monitored.plugins.display()));
    fs::create_dir_all(home.join("spool")).expect("a directory");
    let (home_path, shipped) = (home.display(), shipped("nagios/m365.cfg"));
    let debian =
        ["commands", "contacts", "timeperiods", "templates"].map(|name| format!("cfg_file=/etc/nagios4/objects/{name}.cfg\n"));
    // A minute of Nagios's is a second here.
    write("nagios.cfg", format!(
        "log_file={home_path}/nagios.log\n{}cfg_file={}\ncfg_file={home_path}/example.cfg\ncfg_file={home_path}/cases.cfg
object_cache_file={home_path}/objects.cache\nprecached_object_file={home_path}/objects.precache\nresource_file={home_path}/resource.cfg
status_file={home_path}/status.dat\nstatus_update_interval=1\nnagios_user=root\nnagios_group=root\ncheck_external_commands=0
command_file={home_path}/nagios.cmd\nquery_socket={home_path}/nagios.qh\nlock_file={home_path}/nagios.pid
temp_file={home_path}/nagios.tmp\ntemp_path={home_path}\ncheck_result_path={home_path}/spool\ncheck_result_reaper_frequency=1
retain_state_information=0\ninterval_length=1\ncheck_for_updates=0\nuse_syslog=0\nenable_notifications=0\nevent_broker_options=0
service_inter_check_delay_method=n\nhost_inter_check_delay_method=n\nillegal_macro_output_chars=`~$&|'\"<>
process_performance_data=1\nservice_perfdata_file={home_path}/perfdata
service_perfdata_file_template=$SERVICEDESC$\t$SERVICEPERFDATA$\nservice_perfdata_file_mode=w\n",
        debian.concat(), shipped.display()
    ));
    home.join("nagios.cfg")
}

#[test]
fn icinga_shows_state_text_and_performance_data_of_the_plugin() {
    if !needs::all_there(&[ICINGA, PERL]) {
        return;
    }
    let monitored = Monitored::start();
    let home = monitored.scratch.dir("icinga");
    let (port, sent) = graphite();
    let main = icinga_files(&monitored, &home, port);
    let arguments = icinga_arguments(&home, &main);
    let accepted = Command::new("/usr/sbin/icinga2").args(["daemon", "-C"]).args(&arguments).output().expect("run Icinga");
    let printed = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert!(accepted.status.success() && !printed.contains("warning/"), "{printed}");
    let mut icinga = Daemon::start("/usr/sbin/icinga2", |icinga| icinga.arg("daemon").args(&arguments), &home.join("output.log"));
    let status = home.join("status.dat");
    let of_cases = |services: &BTreeMap<String, BTreeMap<String, String>>| {
        CASES.iter().all(|case| services.contains_key(&format!("m365 {}", case.name)))
    };
    icinga.wait_for("check every service", || of_cases(&services(&status)));
    let services = services(&status);
    let written = Written { first: &str::to_owned, long: &|text| text.replace('\n', "\\n") };
    for case in CASES {
        assert_shown(&monitored, case, &services[&format!("m365 {}", case.name)], &written);
    }
    // What Icinga itself read out of the performance data, it hands on to Graphite.
    for case in CASES.iter().filter(|case| case.target == Target::Odd) {
        let expected = perfdata(&services[&format!("m365 {}", case.name)]["performance_data"]);
        let place = format!(".{}.services.m365_{}.", host(case.target), case.name.replace(' ', "_"));
        let wanted: Vec<(String, f64)> =
            expected.into_iter().map(|(label, value, _)| (format!(".perfdata.{label}.value"), value)).collect();
        icinga.wait_for(&format!("hand `{}` on to Graphite", case.name), || {
            let sent = sent.lock().expect("no panic").clone();
            let has = |(label, value): &(String, f64)| {
                sent.iter().any(|(path, sent)| path.contains(&place) && path.ends_with(label) && (sent - value).abs() < 1e-9)
            };
            wanted.iter().all(has)
        });
    }
}

/// Paths and values that Icinga has sent.
type Sent = Arc<Mutex<Vec<(String, f64)>>>;

/// Starts a listener for Icinga's GraphiteWriter, and returns its port and what it receives.
fn graphite() -> (u16, Sent) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let sent = Sent::default();
    let kept = Arc::clone(&sent);
    thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut words = line.split(' ');
            if let (Some(path), Some(Ok(value))) = (words.next(), words.next().map(str::parse)) {
                kept.lock().expect("no panic").push((path.to_owned(), value));
            }
        }
    });
    (port, sent)
}

fn icinga_files(monitored: &Monitored, home: &Path, graphite: u16) -> PathBuf {
    let mut hosts = String::new();
    for target in TARGETS {
        let (name, url) = (host(target), monitored.url(target));
        let _ = writeln!(hosts, "object Host \"{name}\" {{\n check_command = \"dummy\"\n vars.m365_from = \"{url}\"");
        for Case { name, check, scope, options, .. } in CASES.iter().filter(|case| case.target == target) {
            let who = if scope.contains('@') { "m365_mailbox" } else { "m365_tenant" };
            let _ = writeln!(hosts, " vars.m365[\"{name}\"] = {{ m365_check = \"{check}\"; {who} = \"{scope}\"");
            for (option, value) in *options {
                let _ = match *option {
                    "-vvv" => writeln!(hosts, "  m365_verbose = true; m365_very_verbose = true"),
                    level => writeln!(hosts, "  m365_{} = \"{value}\"", level.trim_start_matches('-')),
                };
            }
            let _ = writeln!(hosts, " }}");
        }
        let _ = writeln!(hosts, "}}");
    }
    let write = |name: &str, text: String| fs::write(home.join(name), text).expect("written");
    write("hosts.conf", hosts);
    write("m365.conf", adapted("icinga2/m365.conf", &[("_interval = 1m", "_interval = 1s")]));
    write("example.conf", adapted("icinga2/m365-example.conf", &[("http://127.0.0.1:10365", &monitored.url(Target::Demo))]));
    let (home_path, plugins) = (home.display(), monitored.plugins.display());
    // The writer of the status file says on every start that it will go some day; Debian's Icinga has it.
    write("icinga2.conf", format!(
        "const PluginDir = \"{plugins}\"\nconst NodeName = \"test\"\ninclude <itl>\nlibrary \"compat\"
object CheckerComponent \"checker\" {{ }}
object StatusDataWriter \"status\" {{ status_path = \"{home_path}/status.dat\"; objects_path = \"{home_path}/objects.cache\"; update_interval = 1s }}
object GraphiteWriter \"graphite\" {{ host = \"127.0.0.1\"; port = {graphite} }}
include \"{home_path}/m365.conf\"\ninclude \"{home_path}/example.conf\"\ninclude \"{home_path}/hosts.conf\"\n"
    ));
    home.join("icinga2.conf")
}

fn icinga_arguments(home: &Path, main: &Path) -> Vec<String> {
    let mut arguments = vec!["-c".to_owned(), main.display().to_string()];
    for name in ["DataDir", "LogDir", "InitRunDir", "CacheDir", "SpoolDir"] {
        let directory = home.join(name);
        fs::create_dir_all(&directory).expect("a directory");
        arguments.push(format!("-D{name}={}", directory.display()));
    }
    arguments.push(format!("-DPidPath={}", home.join("pid").display()));
    arguments.extend(["-DRunAsUser=root".to_owned(), "-DRunAsGroup=root".to_owned()]);
    arguments
}

/// The form in which a monitoring system writes a plugin's output into its file: the first line, and the lines that follow.
struct Written<'a> {
    first: &'a dyn Fn(&str) -> String,
    long: &'a dyn Fn(&str) -> String,
}

/// Asserts that state and first words are the case's; of a service that answers the same every time, the whole output.
fn assert_shown(monitored: &Monitored, case: &Case, shown: &BTreeMap<String, String>, written: &Written<'_>) {
    let (text, exit) = monitored.plugin(case);
    assert_eq!(exit, Some(case.state.into()), "{}: {text}", case.name);
    assert_eq!(shown["current_state"], case.state.to_string(), "{}: {shown:#?}", case.name);
    assert!(shown["plugin_output"].starts_with(&(written.first)(case.begins)), "{}: {shown:#?}", case.name);
    let data = shown["performance_data"].as_str();
    let numbers = perfdata(data);
    assert_eq!(perl_perfdata(data), numbers, "{}", case.name);
    assert_eq!(numbers.is_empty(), case.state == 3, "{}: {data}", case.name);
    if case.target == Target::Odd {
        let (first, long) = text.trim_end().split_once('\n').unwrap_or((text.trim_end(), ""));
        let (first, expected) = first.split_once(" | ").unwrap_or((first, ""));
        assert_eq!(shown["plugin_output"].trim_end(), (written.first)(first), "{}", case.name);
        assert_eq!(data, expected, "{}", case.name);
        assert_eq!(shown["long_plugin_output"].trim_end_matches("\\n"), (written.long)(long), "{}", case.name);
    }
}

#[test]
fn checkmk_reads_every_line_and_loses_no_service() {
    let monitored = Monitored::start();
    let path = format!("{}:/usr/bin:/bin", monitored.scratch.dir("bin").display());
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_m365-probe"), monitored.scratch.path().join("bin/m365-probe"))
        .expect("a link");
    let local = |target| {
        let mut script = Command::new(shipped("checkmk/m365_local"));
        let output =
            script.env_clear().env("PATH", &path).env("M365_FROM", monitored.url(target)).output().expect("run the script");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for (target, count) in [(Target::Demo, 26), (Target::Odd, 302), (Target::Gone, 1)] {
        let text = local(target);
        let lines: Vec<_> = text.lines().map(checkmk_line).collect();
        let names: BTreeSet<&str> = lines.iter().map(|(_, service, ..)| service.as_str()).collect();
        assert_eq!((lines.len(), names.len()), (count, count), "{text}");
    }
    let odd = local(Target::Odd);
    let odd = odd.lines().map(checkmk_line).find(|(_, service, ..)| service == "M365 contoso/odd/imap").expect("the odd one");
    assert_eq!((odd.0, &odd.2[0]), (2, &("total".to_owned(), 0.412)));
    let gone = local(Target::Gone);
    assert!(gone.starts_with("3 \"M365\" - cannot ask `http://127.0.0.1:"), "{gone}");
}

/// An agent runs these lines: each must name our program with options that it has.
#[test]
fn agent_command_lines_are_accepted_by_the_program() {
    let monitored = Monitored::start();
    let places = [
        ("/usr/lib/nagios/plugins", monitored.plugins.display().to_string()),
        ("http://127.0.0.1:10365", monitored.url(Target::Demo)),
    ];
    let places: Vec<(&str, &str)> = places.iter().map(|(shipped, ours)| (*shipped, ours.as_str())).collect();
    let (nrpe, mrpe) = (adapted("nagios/nrpe.cfg", &places), adapted("checkmk/mrpe.cfg", &places));
    let nrpe = nrpe.lines().filter_map(|line| Some(line.strip_prefix("command[")?.split_once("]=")?.1.to_owned()));
    let mrpe = mrpe.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mrpe = mrpe.map(|line| line.split_once(' ').expect(line).1.trim_start_matches("(interval=300) ").to_owned());
    let mut commands = Vec::new();
    for command in nrpe.chain(mrpe) {
        let output = Command::new("/bin/sh").args(["-c", &command]).env_clear().output().expect("run it");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let logs_in_itself = command.contains("--config");
        assert_eq!(text.contains("/etc/m365-probe/m365-probe.yml: cannot be read"), logs_in_itself, "{command}: {text}");
        assert!(logs_in_itself || output.status.code() != Some(3), "{command}: {text}");
        commands.push(command);
    }
    assert_eq!(commands.len(), 7, "{commands:#?}");
}

/// Every option of the plugin must be in Icinga's definition of the command.
#[test]
fn icinga_command_definition_has_every_option() {
    let help = Command::new(env!("CARGO_BIN_EXE_m365-probe")).args(["check", "--help"]).output().expect("run");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let definition = adapted("icinga2/m365.conf", &[]);
    let words = help.split(|c: char| c.is_whitespace() || c == ',' || c == '`').filter(|word| word.starts_with("--"));
    let options: BTreeSet<&str> = words.map(|word| word.trim_end_matches(['.', ':', ';', ')', '?'])).collect();
    assert!(options.len() > 15, "{options:?}");
    for option in options.into_iter().filter(|option| !matches!(*option, "--help" | "--version")) {
        assert!(definition.contains(&format!("    \"{option}\" = {{")), "{option} is missing");
    }
}
