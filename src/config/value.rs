//! The single values of a configuration: the format of each, for messages and schema, and its parser.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::kind::Check;
use crate::settings::Resolver;

use super::quoted::{is_no_name, may_be_secret};
use super::syntax::{domain_in_ascii, is_domain, is_guid, is_mail_address, is_variable};

mod choice;

pub(super) use self::choice::{Authorization, Expectation, Folder, Inspection};
pub(super) use super::url::{EwsUrl, ImapUrl, Pop3Url, ProxyUrl, ServerUrl, SmtpUrl};

/// The format of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// The name of the format, with its article: "`x` is not …".
    pub what: &'static str,
    /// The allowed values, for people.
    pub allowed: &'static str,
    /// Regular expression of the schema (ECMA 262); empty for any text. It may let through what the reader refuses.
    pub pattern: &'static str,
    /// All values, where there are only a few; otherwise empty.
    pub choices: &'static [&'static str],
    /// Set for a value in whose place somebody may have put a secret, so that no message quotes it.
    pub sensitive: bool,
    /// Set for a value that may be a YAML number in place of the same text.
    pub number: bool,
}

impl Format {
    pub(super) const fn new(what: &'static str, allowed: &'static str, pattern: &'static str) -> Self {
        Self { what, allowed, pattern, choices: &[], sensitive: false, number: false }
    }

    pub(super) const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    const fn or_number(self) -> Self {
        Self { number: true, ..self }
    }

    pub(super) const fn choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }
}

/// A kind of value, read from its text.
pub(super) trait Value: Sized {
    const FORMAT: Format;

    /// Parses the value.
    ///
    /// # Errors
    /// A hint at what may have been meant, or an empty text.
    fn parse(text: &str) -> Result<Self, String>;
}

/// Declares values that are texts with a rule.
macro_rules! texts {
    ($( $(#[$doc:meta])* $name:ident: $format:expr, $rule:expr; )*) => { $(
        $(#[$doc])*
        pub(super) struct $name(pub String);

        impl Value for $name {
            const FORMAT: Format = $format;

            fn parse(text: &str) -> Result<Self, String> {
                let rule: fn(&str) -> Result<(), String> = $rule;
                rule(text).map(|()| Self(text.to_owned()))
            }
        }
    )* };
}

texts! {
    /// A value of a metric's label and part of a probe's name: no `/`, nothing that needs quoting in a shell.
    Label: Format::new("a plain name", "1 to 64 letters (a-z, A-Z), digits and . _ @ + -", LABEL).or_number(), is_label;
    /// The name of a cloud, built in or from `clouds`.
    CloudName: Format::new("a cloud", "a built-in cloud or one of `clouds`", LABEL).or_number(), is_label;
    /// The id of an application: a GUID.
    ClientId: Format::new("an application id", "a GUID: 8-4-4-4-12 hexadecimal digits", GUID), |text| expect(is_guid(text));
    /// The id of a tenant: a GUID or a domain.
    TenantId: Format::new("a tenant id", "a GUID, or a domain verified in the tenant such as contoso.onmicrosoft.com", TENANT),
        is_tenant;
    /// An e-mail address.
    MailAddress: Format::new("an e-mail address", "name@domain", MAIL_ADDRESS), is_address;
    /// A domain.
    Domain: Format::new("a domain", "letters, digits, _ and -, with dots between", DOMAIN), |text| is_address(&format!("x@{text}"));
    /// The name of a folder, with its parents: no control characters, which no server takes in a name.
    FolderName: Format::new("the name of a folder", "1 to 200 characters, with its parents, such as INBOX/Invoices", "^.{1,200}$").or_number(),
        |text| expect((1..=200).contains(&text.chars().count()) && !text.contains(char::is_control));
    /// A user's name at the proxy; RFC 7617 forbids the colon, which ends it.
    ProxyUser: Format::new("a proxy user", "text without a colon or control characters", "^[^:]+$").or_number(),
        |text| expect(!text.is_empty() && !text.contains(|c: char| c == ':' || c.is_control()));
    /// An OAuth scope.
    Scope: Format::new("an OAuth scope", "text without spaces, usually ending in /.default", "^[!-~]+$"),
        |text| expect(!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()));
    /// A limit, whose grammar is in `levels`.
    Limit: Format::new("a limit", "[METRIC=]RANGE, for example 2, 1:5 or certificate_days=14:", "").or_number(), |_| Ok(());
}

const DOMAIN: &str = "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)+$";
const LABEL: &str = "^[A-Za-z0-9._@+-]{1,64}$";
const GUID: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";
const TENANT: &str = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)+)$";
const MAIL_ADDRESS: &str = "^[^@ ]+@[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)+$";

/// The name of an environment variable.
pub(super) struct Variable(pub String);

impl Value for Variable {
    const FORMAT: Format = Format::new(
        "the name of an environment variable",
        "letters, digits and _, not beginning with a digit",
        "^[A-Za-z_][A-Za-z0-9_]*$",
    )
    .sensitive();

    fn parse(text: &str) -> Result<Self, String> {
        expect(is_variable(text)).map(|()| Self(text.to_owned()))
    }
}

/// The name of a credential that systemd hands over: a file in one directory.
pub(super) struct CredentialName(pub String);

impl Value for CredentialName {
    const FORMAT: Format = Format::new(
        "the name of a credential",
        "letters, digits and . _ @ + -, as behind `LoadCredential=`",
        "^[A-Za-z0-9_@+-][A-Za-z0-9._@+-]{0,254}$",
    )
    .sensitive();

    fn parse(text: &str) -> Result<Self, String> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@+-".contains(&b));
        expect(plain && (1..=255).contains(&text.len()) && !text.starts_with('.')).map(|()| Self(text.to_owned()))
    }
}

/// Declares values that name a file.
macro_rules! files {
    ($( $(#[$doc:meta])* $name:ident: $what:literal; )*) => { $(
        $(#[$doc])*
        pub(super) struct $name(pub PathBuf);

        impl Value for $name {
            const FORMAT: Format = Format::new($what, "a path, relative to the configuration file or absolute", "");

            fn parse(text: &str) -> Result<Self, String> {
                path(text).map(Self)
            }
        }

        impl AsRef<Path> for $name {
            fn as_ref(&self) -> &Path {
                &self.0
            }
        }
    )* };
}

files! {
    /// A file of certificates.
    CaFile: "a file of certificates";
    /// A file of published address ranges.
    RangesFile: "a file of address ranges";
    StateFile: "a file that the program writes";
    /// A file with a client secret.
    SecretFile: "a file with a client secret";
    /// A file with a password: the proxy's, or that of a private key.
    PasswordFile: "a file with a password";
    /// A file with a private key and its certificate.
    Pkcs12File: "a PKCS #12 file (.pfx, .p12)";
    /// A file with a token of another identity provider.
    TokenFile: "a file with a token";
}

/// The path of a file, whose name may have wildcards.
pub(super) struct IncludePattern(pub PathBuf);

impl Value for IncludePattern {
    const FORMAT: Format = Format::new(
        "a path",
        "a path, relative to this file or absolute, whose last part may have `*` and `?`",
        "[^/*?]$|[*?][^/]*$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        let directory = text.rsplit_once('/').map_or("", |(directory, _)| directory);
        if directory.contains(['*', '?']) {
            return Err("write a line for each directory".to_owned());
        }
        expect(!text.ends_with('/')).and_then(|()| path(text)).map(Self)
    }
}

/// Declares durations with their bounds.
macro_rules! durations {
    ($( $(#[$doc:meta])* $name:ident: $what:literal, $allowed:literal, $bounds:expr; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name(pub Duration);

        impl Value for $name {
            const FORMAT: Format = Format::new($what, $allowed, "^( *[0-9]+([.][0-9]+)? *[A-Za-zµ]+)+ *$");

            fn parse(text: &str) -> Result<Self, String> {
                let bounds: std::ops::RangeInclusive<Duration> = $bounds;
                // Zero alone needs no unit there, and has one here as every other number.
                let with_unit = Some(text).filter(|text| *text != "0");
                let duration = with_unit.and_then(|text| humantime::parse_duration(text).ok()).ok_or_else(|| seconds_meant(text))?;
                expect(bounds.contains(&duration)).map(|()| Self(duration))
            }
        }
    )* };
}

durations! {
    /// Time between two runs. More often than once a second is a load test; less often than daily, the series go stale.
    Interval: "an interval", "a number with a unit, 1s to 24h: 60s, 5m, 1h", Duration::from_secs(1)..=Duration::from_secs(86_400);
    /// The deadline of a run.
    Timeout: "a timeout", "a number with a unit, 100ms to 10m: 500ms, 30s, 1m",
        Duration::from_millis(100)..=Duration::from_secs(600);
    /// The time in which a mail has to arrive.
    ArrivalTime: "a time for arrival", "a number with a unit, 1s to 24h: 90s, 5m",
        Duration::from_secs(1)..=Duration::from_secs(86_400);
    /// The age up to which an outcome is given again; 0 s for never.
    MaxAge: "an age", "a number with a unit, 0s to 24h: 0s, 15s, 5m", Duration::ZERO..=Duration::from_secs(86_400);
}

/// A day, or a moment.
pub(super) struct Date(pub SystemTime);

impl Value for Date {
    const FORMAT: Format = Format::new(
        "a date",
        "YYYY-MM-DD, or with a time YYYY-MM-DDThh:mm:ssZ",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z)?$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        // A day counts from its beginning: better a warning half a day early than an outage.
        let moment = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        humantime::parse_rfc3339(&moment).map(Self).map_err(|_| String::new())
    }
}

/// An address for a pinned name.
pub(super) struct IpAddress(pub IpAddr);

impl Value for IpAddress {
    const FORMAT: Format = Format::new("an IP address", "IPv4 or IPv6, without a port", "^[0-9A-Fa-f.:]+$");

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| String::new())
    }
}

/// A resolver that the `dns` check asks.
pub(super) struct ResolverName(pub Resolver);

impl Value for ResolverName {
    const FORMAT: Format = Format::new(
        "a resolver",
        "`system`, or an IP address with or without a port",
        "^(system|[0-9A-Fa-f.:]+(%[0-9]+)?|[0-9.]+:[0-9]+|\\[[0-9A-Fa-f.:]+(%[0-9]+)?\\](:[0-9]+)?)$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        if text == "system" {
            return Ok(Self(Resolver::System));
        }
        // `fe80::1%2` and `[::1]` have a port in brackets alone.
        let with_port = [text.to_owned(), format!("{text}:53"), format!("[{text}]:53")];
        match with_port.iter().find_map(|text| text.parse::<SocketAddr>().ok()) {
            Some(address) if address.port() != 0 => Ok(Self(Resolver::Address(address))),
            _ => Err(resolver_meant(text)),
        }
    }
}

/// The service by which a mail is looked for.
pub(super) struct FoundBy(pub Check);

impl Value for FoundBy {
    const FORMAT: Format = Format::new("a protocol to look for mail with", "imap, pop3 or graph", "").choices(&FOUND_BY);

    fn parse(text: &str) -> Result<Self, String> {
        one_of(&FOUND_BY, text).map(Self)
    }
}

const FOUND_BY: [&str; 3] = [Check::Imap.name(), Check::Pop3.name(), Check::Graph.name()];

/// The service that a mail is submitted to.
pub(super) struct SentBy(pub Check);

impl Value for SentBy {
    const FORMAT: Format = Format::new("a protocol to send mail with", "smtp or graph", "").choices(&SENT_BY);

    fn parse(text: &str) -> Result<Self, String> {
        one_of(&SENT_BY, text).map(Self)
    }
}

const SENT_BY: [&str; 2] = [Check::Smtp.name(), Check::Graph.name()];

/// Returns the check of that name, if it is one of `names`.
fn one_of(names: &[&str], text: &str) -> Result<Check, String> {
    Check::from_name(text).filter(|_| names.contains(&text)).ok_or_else(String::new)
}

/// A number of runs at once. Each holds a socket at least, of which a process has 1024 where nobody allowed it more.
pub(super) struct InFlight(pub NonZeroUsize);

impl Value for InFlight {
    const FORMAT: Format = Format::new("a number of runs", "a whole number, 1 to 1000", "^([1-9][0-9]{0,2}|1000)$").or_number();

    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let number = text.parse().ok().filter(|number: &NonZeroUsize| is_plain && number.get() <= 1000);
        number.map(Self).ok_or_else(String::new)
    }
}

/// The most of something in an hour. More than a million is no ceiling: it is one in 4 ms.
pub(super) struct PerHour(pub u32);

impl Value for PerHour {
    const FORMAT: Format =
        Format::new("a number in an hour", "a whole number, 1 to 1000000", "^([1-9][0-9]{0,5}|1000000)$").or_number();

    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let number = text.parse().ok().filter(|number: &u32| is_plain && *number <= 1_000_000);
        number.map(Self).ok_or_else(String::new)
    }
}

/// A boolean.
pub(super) struct Switch(pub bool);

impl Value for Switch {
    const FORMAT: Format = Format::new("a switch", "true or false", "").choices(&["true", "false"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(String::new()),
        }
    }
}

fn is_address(text: &str) -> Result<(), String> {
    expect(is_mail_address(text)).map_err(|_| {
        let ascii = text.rsplit_once('@').and_then(|(local, domain)| Some(format!("{local}@{}", domain_in_ascii(domain)?)));
        written_as(ascii.filter(|written| is_mail_address(written)))
    })
}

/// Returns the hint at how a value is written, where that is known.
fn written_as(written: Option<String>) -> String {
    written.map(|written| format!("write it as `{written}`")).unwrap_or_default()
}

pub(super) fn expect(holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(String::new()) }
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    expect(!text.is_empty() && !text.contains('\0')).map(|()| PathBuf::from(text))
}

fn is_label(text: &str) -> Result<(), String> {
    if is_no_name(text) {
        return Err("it looks like a secret, and names are shown on every page".to_owned());
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    let hyphenated: String = text.split_whitespace().collect::<Vec<_>>().join("-");
    let meant: String = hyphenated.chars().filter(|c| u8::try_from(*c).is_ok_and(allowed)).take(64).collect();
    Err(if meant.is_empty() || may_be_secret(text) { String::new() } else { format!("did you mean `{meant}`?") })
}

fn is_tenant(text: &str) -> Result<(), String> {
    match text {
        // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow: tenant id or domain.
        "common" | "organizations" | "consumers" => Err("an application signs in to one tenant only".to_owned()),
        _ => expect(is_guid(text) || is_domain(text)).map_err(|_| written_as(domain_in_ascii(text))),
    }
}

fn resolver_meant(text: &str) -> String {
    let scope = text.split_once('%').map(|(_, scope)| scope.trim_end_matches(|c: char| c.is_ascii_digit() || "]:".contains(c)));
    match () {
        () if text.eq_ignore_ascii_case("system") => "did you mean `system`?".to_owned(),
        () if scope.is_some_and(|scope| !scope.is_empty()) => {
            "write the interface behind `%` as its number, which `ip link` shows".to_owned()
        }
        () if text.contains(|c: char| c.is_ascii_alphabetic()) && text.contains('.') => {
            "a resolver is given by its address".to_owned()
        }
        () => String::new(),
    }
}

fn seconds_meant(text: &str) -> String {
    let number = !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
    if number { format!("did you mean `{text}s`?") } else { String::new() }
}

#[cfg(test)]
mod tests;
