//! The command line, as promised to users and scripts.

mod configuration;
mod selection;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::Styles;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use self::configuration::{Config, Init, RangesInUse};
pub use self::selection::{From, Selection};
use crate::kind;
use crate::lang::Lang;
use crate::levels::State;
use crate::serve::{ExternalUrl, ListenAddress};

/// Monitors OAuth access to mail and calendars in Microsoft 365.
#[derive(Debug, Parser)]
#[command(name = "m365-probe", version, styles = Styles::plain(), max_term_width = 100, arg_required_else_help = true, propagate_version = true, after_help = FIRST_STEPS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub log: LogOptions,
}

/// The command line of `check_m365`, which is `check` under a name of its own.
#[derive(Debug, Parser)]
#[command(name = "check_m365", display_name = "m365-probe", version, styles = Styles::plain(), max_term_width = 100, about = CHECK)]
pub struct Plugin {
    #[command(flatten)]
    pub check: Check,
    #[command(flatten)]
    pub log: LogOptions,
}

impl std::convert::From<Plugin> for Cli {
    fn from(plugin: Plugin) -> Self {
        Self { command: Command::Check(plugin.check), log: plugin.log }
    }
}

/// The first commands to type, at the end of the help.
const FIRST_STEPS: &str = "\
First steps:
  m365-probe demo                              a simulated tenant and its status page, to look at
  m365-probe config init                       asks, and writes m365-probe.yml
  m365-probe doctor --config m365-probe.yml    tries all of it once, and says what to do
  m365-probe serve --config m365-probe.yml     watches it from now on";

/// The purpose of `check` and `check_m365`.
const CHECK: &str = "Run checks once, as a Nagios, Icinga or Checkmk plugin";

/// The options of the log, with every command.
#[derive(Clone, Copy, Debug, Args)]
pub struct LogOptions {
    /// Format of the log, which goes to standard error; RUST_LOG sets its level.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, display_order = 900)]
    pub log_format: LogFormat,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all checks on their schedules and serve metrics, single checks on demand and a status page.
    Serve(Serve),
    #[command(display_name = "m365-probe", about = CHECK)]
    Check(Check),
    /// Run all checks once and explain what is wrong and what to do.
    Doctor(Doctor),
    /// Serve against an embedded simulated tenant: no account needed.
    Demo(Demo),
    /// Write a first configuration, or check one; print an example, the schema or the address ranges.
    #[command(subcommand)]
    Config(Config),
    /// Find and delete mails that round trips have left behind.
    #[command(subcommand)]
    Roundtrip(Roundtrip),
    /// Print the catalogue of reasons for failures.
    Reasons(Reasons),
    /// Print completions for a shell.
    Completions(Completions),
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
    /// The name under which the program is called: a shell keeps the completions of each in a file of its own.
    #[arg(value_enum, default_value_t = ProgramName::Probe)]
    pub program: ProgramName,
}

/// A name of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgramName {
    /// The program with all commands.
    #[value(name = "m365-probe")]
    Probe,
    /// The plugin.
    #[value(name = "check_m365")]
    Plugin,
}

/// `roundtrip`
#[derive(Debug, Subcommand)]
pub enum Roundtrip {
    /// Delete the mails of this instance wherever they lie; those of others are left alone.
    Clean(Clean),
}

/// `roundtrip clean`
#[derive(Debug, Args)]
pub struct Clean {
    /// The mailboxes to look at: those with a `roundtrip`.
    #[command(flatten)]
    pub selection: Selection,
    /// List what would be deleted, and delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// State file of the instance whose mails are meant: that of `serve` (`state_file`) or of `check`; by default `state_file` of the configuration, else that of `check`.
    #[arg(long, env = "M365_PROBE_STATE_FILE", value_name = "FILE")]
    pub state_file: Option<PathBuf>,
    /// Time for each mailbox.
    #[arg(long, default_value = "5m", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

/// By what names and to whom the pages are served, by `serve` and `demo`.
#[derive(Debug, Args)]
pub struct WebNames {
    /// Address at which browsers and Prometheus reach the pages, such as `https://monitoring.example/m365-probe` on a reverse proxy: alerts and `/sd` lead there.
    #[arg(long, visible_alias = "web.external-url", value_name = "URL")]
    pub web_external_url: Option<ExternalUrl>,
    /// Further name under which the pages may be asked for, as of a reverse proxy, where no login is needed; addresses, `localhost` and this machine's own names always may. May be repeated.
    #[arg(long, visible_alias = "web.allow-host", value_name = "NAME")]
    pub web_allow_host: Vec<String>,
    /// Serve `/public` too, to everybody and without a login: a page for a screen on a wall, with the state of each tenant and protocol and no mailbox, address or evidence.
    #[arg(long, visible_alias = "web.public")]
    pub web_public: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration.
    #[arg(long, alias = "config.file", env = "M365_PROBE_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
    /// Address to listen on: `127.0.0.1:10365`, `localhost:10365`, `:10365` for every address, `unix:/run/m365-probe/http.sock`; may be repeated. Without it, the sockets that systemd hands over, or else 127.0.0.1:10365.
    #[arg(long, alias = "web.listen-address", value_name = "ADDR")]
    pub listen: Vec<ListenAddress>,
    /// TLS and users of the status page and metrics, in the format of Prometheus's exporters; see `config web-example`.
    #[arg(long, visible_alias = "web.config.file", value_name = "FILE")]
    pub web_config: Option<PathBuf>,
    /// Let a change of the web configuration take protection away (users, TLS, client certificates) without a restart, and do not warn on the page of pages that everybody can read.
    #[arg(long, visible_alias = "web.allow-unprotected")]
    pub web_allow_unprotected: bool,
    #[command(flatten)]
    pub names: WebNames,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// What to check.
    #[arg(required = true, value_name = "CHECK", value_parser = check_names())]
    pub checks: Vec<String>,
    /// Whom to check.
    #[command(flatten)]
    pub selection: Selection,
    /// Whom to ask instead of checking.
    #[command(flatten)]
    pub from: From,
    /// File that keeps until when a server asked to stay away and since when a check has been failing, for the next call; by default one of this user's among the temporary files. `/dev/null` keeps none.
    #[arg(long, env = "M365_PROBE_STATE_FILE", value_name = "FILE")]
    pub state_file: Option<PathBuf>,
    /// Folder whose mail `imap`, `pop3` (INBOX alone) and `graph` count, reading the age of the oldest, in place of those configured (`backlog`); may be repeated. `oldest_message_seconds` and `quota_percent` need it.
    #[arg(long, value_name = "FOLDER", conflicts_with = "url")]
    pub backlog: Vec<String>,
    /// Warn outside this range: `[METRIC=]RANGE`, with METRIC `total`, a phase, or `certificate_days`, `secret_days`, `credential_days`, `ews_days`, `messages`, `unread`, `oldest_message_seconds`, `quota_percent`, `arrival_seconds`, `clock_skew`; may be repeated.
    #[arg(short, long, value_name = "[METRIC=]RANGE", allow_hyphen_values = true)]
    pub warning: Vec<String>,
    /// Be critical outside this range; may be repeated.
    #[arg(short, long, value_name = "[METRIC=]RANGE", allow_hyphen_values = true)]
    pub critical: Vec<String>,
    /// Time limit in seconds (or `500ms`, `1m`), and the state when it is exceeded: ok, warning, critical, unknown or 0 to 3; without one, that of the reason.
    #[arg(short, long, value_name = "TIME[:STATE]", default_value = "30s", value_parser = timeout)]
    pub timeout: Timeout,
    /// Print more; may be given up to three times.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// What to print.
    #[arg(long, value_enum, default_value_t = CheckOutput::Nagios)]
    pub output: CheckOutput,
}

/// The output of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckOutput {
    /// A Nagios or Icinga plugin's output.
    Nagios,
    /// JSON.
    Json,
    /// Checkmk local check lines.
    Checkmk,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Whom to look at.
    #[command(flatten)]
    pub selection: Selection,
    /// The language; by default that of LC_ALL, LC_MESSAGES or LANG, where it is one of these, otherwise English.
    #[arg(long, value_name = "LANG", value_parser = lang())]
    pub lang: Option<Lang>,
    /// Time limit of each check in seconds (or `500ms`, `1m`); by default as configured.
    #[arg(short, long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub output: TextOrJson,
    /// Show every check with its details.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// A fault of the simulated tenant, `NAME[@SERVICE][@MAILBOX]`; may be repeated. `--fault list` names them.
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// The credential that the application signs in with; by default a client secret, for a fault of managed identities one of those.
    #[arg(long, value_enum)]
    pub credential: Option<DemoCredential>,
    /// Run all checks once and print the report instead of serving.
    #[arg(long)]
    pub once: bool,
    /// With `--once`: the language; by default that of LC_ALL, LC_MESSAGES or LANG, where it is one of these, otherwise English.
    #[arg(long, value_name = "LANG", value_parser = lang(), requires = "once")]
    pub lang: Option<Lang>,
    /// With `--once`: time limit of each check in seconds (or `500ms`, `1m`).
    #[arg(short, long, value_name = "TIME", value_parser = time, requires = "once")]
    pub timeout: Option<Duration>,
    /// What `--once` prints.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text, requires = "once")]
    pub output: TextOrJson,
    /// With `--once`: show every check with its details.
    #[arg(short, long, action = ArgAction::Count, requires = "once")]
    pub verbose: u8,
    /// Address to listen on, as for `serve`; may be repeated. Without it, 127.0.0.1:10365.
    #[arg(long, alias = "web.listen-address", value_name = "ADDR")]
    pub listen: Vec<ListenAddress>,
    #[command(flatten)]
    pub names: WebNames,
}

/// The credential of `demo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoCredential {
    /// A client secret.
    ClientSecret,
    /// A certificate.
    Certificate,
    /// A token of another identity provider.
    Federated,
    /// A managed identity, of which an endpoint on the machine hands out tokens.
    ManagedIdentity,
}

/// `reasons`
#[derive(Debug, Args)]
pub struct Reasons {
    /// The language; by default, for a text for people, that of LC_ALL, LC_MESSAGES or LANG, where it is one of these, otherwise English.
    #[arg(long, value_name = "LANG", value_parser = lang())]
    pub lang: Option<Lang>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = ReasonsOutput::Text)]
    pub output: ReasonsOutput,
}

/// The output of `reasons`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReasonsOutput {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// A page.
    Markdown,
}

/// The time limit of a check, and the state that exceeding it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// The time limit.
    pub limit: Duration,
    /// The state when the limit is exceeded; `None` leaves it to the reason.
    pub state: Option<State>,
}

fn check_names() -> PossibleValuesParser {
    PossibleValuesParser::new(kind::Check::ALL.iter().map(|check| check.name()).chain(["all"]))
}

fn lang() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::name)).try_map(|name| name.parse::<Lang>())
}

/// Parses a time limit and, behind a colon, the state that exceeding it means, as nagios-plugins writes it.
fn timeout(text: &str) -> Result<Timeout, String> {
    let (limit, state) = text.split_once(':').map_or((text, None), |(limit, state)| (limit, Some(state)));
    Ok(Timeout { limit: time(limit)?, state: state.map(state_named).transpose()? })
}

/// Parses seconds, as Nagios writes them, or a humantime duration.
fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().map(Duration::try_from_secs_f64);
    let time = match seconds {
        Some(Ok(time)) => time,
        Some(Err(_)) => return Err("the time must be positive".to_owned()),
        None => humantime::parse_duration(text).map_err(|_| "write the time as `10`, `500ms` or `1m`".to_owned())?,
    };
    if time.is_zero() { Err("the time must be positive".to_owned()) } else { Ok(time) }
}

fn state_named(text: &str) -> Result<State, String> {
    match text.to_ascii_lowercase().as_str() {
        "0" | "ok" => Ok(State::Ok),
        "1" | "w" | "warning" => Ok(State::Warning),
        "2" | "c" | "critical" => Ok(State::Critical),
        "3" | "u" | "unknown" => Ok(State::Unknown),
        _ => Err("the state is ok, warning, critical, unknown or 0 to 3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_definition_passes_clap_s_assertions() {
        Cli::command().debug_assert();
        Plugin::command().debug_assert();
    }

    #[test]
    fn timeout_takes_seconds_or_a_duration_and_a_state() {
        for (text, millis, state) in [
            ("10", 10_000, None),
            ("0.5", 500, None),
            ("500ms", 500, None),
            ("1m", 60_000, None),
            ("10:2", 10_000, Some(State::Critical)),
            ("10:UNKNOWN", 10_000, Some(State::Unknown)),
            ("30s:critical", 30_000, Some(State::Critical)),
        ] {
            let expected = Timeout { limit: Duration::from_millis(millis), state };
            assert_eq!(timeout(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "ten", "10:maybe", "inf", "NaN", "10:"] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
