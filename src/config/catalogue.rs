//! Every key of the configuration, once: the reader, the unknown-key detection, the schema and the tests walk this table.

use crate::ceiling::Subject;
use crate::kind;

use super::backlog;
use super::managed_identity::{IdentityName, SignsIn};
use super::value::{
    ArrivalTime, Authorization, CaFile, ClientId, CloudName, CredentialName, Date, Domain, EwsUrl, Expectation, Folder,
    FolderName, Format, FoundBy, ImapUrl, InFlight, IncludePattern, Inspection, Interval, IpAddress, Label, Limit, MailAddress,
    MaxAge, PasswordFile, PerHour, Pkcs12File, Pop3Url, ProxyUrl, ProxyUser, RangesFile, ResolverName, Scope, SecretFile, SentBy,
    ServerUrl, SmtpUrl, StateFile, Switch, TenantId, Timeout, TokenFile, Value, Variable,
};
use super::web::value::{BcryptHash, CertificateFile, FieldValue, KeyFile};
use super::web::{ClientCertificate, TlsVersion};

use self::Kind::{Checks, List, Map, MapList, Maps, One, OneOrList, Table};
use self::Section::{Check, Cloud, Credential, Defaults, Included, Mailbox, Network, Root, Tenant, Web, WebHttp, WebTls};

/// A map of the file with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Root,
    /// A file that the configuration includes.
    Included,
    Defaults,
    Network,
    Cloud,
    Tenant,
    Credential,
    Mailbox,
    Check,
    /// The web configuration, a file of its own, and its parts.
    Web,
    WebTls,
    WebHttp,
}

impl Section {
    /// The sections of the configuration itself, without those of the web configuration.
    pub(super) const ALL: &'static [Self] = &[
        Self::Root,
        Self::Included,
        Self::Defaults,
        Self::Network,
        Self::Cloud,
        Self::Tenant,
        Self::Credential,
        Self::Mailbox,
        Self::Check,
    ];

    /// Returns its name in messages and in the schema.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Root => "configuration",
            Self::Included => "included file",
            Self::Defaults => "defaults",
            Self::Network => "network",
            Self::Cloud => "cloud",
            Self::Tenant => "tenant",
            Self::Credential => "credential",
            Self::Mailbox => "mailbox",
            Self::Check => "check",
            Self::Web => "web configuration",
            Self::WebTls => "tls_server_config",
            Self::WebHttp => "http_server_config",
        }
    }

    /// Returns its keys, in the order of the documentation.
    pub(super) fn keys(self) -> impl Iterator<Item = &'static Key> + Clone {
        KEYS.iter().chain(WEB_KEYS).filter(move |key| key.section == self)
    }
}

/// The shape of a key's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A single value.
    One(&'static Format),
    /// A list of values.
    List(&'static Format),
    /// A single value or a list of them.
    OneOrList(&'static Format),
    /// Names chosen by the user, each with a value.
    Table(&'static Format),
    /// A map with keys of its own.
    Map(Section),
    /// Names chosen by the user, each with such a map.
    Maps(Section),
    /// A list of such maps.
    MapList(Section),
    /// A list of checks: names, or maps of one name to its options.
    Checks(Level),
}

/// The thing that a check examines: a tenant as a whole, or one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Tenant,
    Mailbox,
}

impl Level {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Mailbox => "mailbox",
        }
    }
}

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub section: Section,
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// The default as text: a description where it is no single value, empty where there is none.
    pub default: &'static str,
    pub about: &'static str,
}

const fn key(section: Section, name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { section, name, kind, required: false, default, about }
}

const fn required(section: Section, name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { section, name, kind, required: true, default: "", about }
}

/// The catalogue of the configuration's keys.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    key(Root, "defaults", Map(Defaults), "", "what every check does unless it says otherwise"),
    key(Root, "network", Map(Network), "", "how this machine reaches Microsoft"),
    key(Root, "clouds", Maps(Cloud), "", "clouds of your own: a lab, a gateway, other ports; or what is to be otherwise in a built-in one"),
    key(Root, "tenants", MapList(Tenant), "", "the tenants and their mailboxes"),
    key(Root, "state_file", One(&StateFile::FORMAT), "under systemd `state.json` in the directory of StateDirectory=, otherwise none", "file in which `serve` keeps what must outlive a restart: since when a probe fails, counters, the last failures"),
    key(Root, "include", OneOrList(&IncludePattern::FORMAT), "", "files with further tenants, each with nothing but `tenants`"),

    required(Included, "tenants", MapList(Tenant), "the tenants and their mailboxes"),

    key(Defaults, "interval", One(&Interval::FORMAT), "60s", "time between the beginnings of two runs"),
    key(Defaults, "timeout", One(&Timeout::FORMAT), "30s", "the one deadline of a run; where nobody wrote one beside the interval, at most the interval"),
    key(Defaults, "in_flight", One(&InFlight::FORMAT), "64", "the most runs at once, over all checks; each tenant and each endpoint has a quarter of them to itself as far as others wait"),
    key(Defaults, "probe_max_age", One(&MaxAge::FORMAT), "a quarter of the check's interval, at least 5s", "the age up to which `/probe` gives an outcome again in place of a run; 0s for never"),
    key(Defaults, Subject::Logins.key(), One(&PerHour::FORMAT), "1200, or twice what the schedule needs", "the most logins to a mailbox in an hour, by scheduled runs and `/probe` together; requests leave the schedule its part"),
    key(Defaults, Subject::TokenRequests.key(), One(&PerHour::FORMAT), "300, or twice what the schedule needs", "the most token requests of an application in an hour, likewise"),

    key(Network, "resolve", Table(&IpAddress::FORMAT), "", "names pinned to an address, as `curl --resolve`"),
    key(Network, "ca_file", One(&CaFile::FORMAT), "", "PEM file of certificates trusted in addition to the system's"),
    key(Network, "inspection", One(&Inspection::FORMAT), "warned", "TLS inspection by an authority that is trusted here: warned of, or `accepted` where it is your own decision"),
    key(Network, "proxy", One(&ProxyUrl::FORMAT), "HTTPS_PROXY", "proxy that is asked to connect, by HTTP's CONNECT or SOCKS 5; hosts in NO_PROXY are reached without it"),
    key(Network, "proxy_user", One(&ProxyUser::FORMAT), "", "who the proxy is told we are"),
    key(Network, "proxy_password_file", One(&PasswordFile::FORMAT), "", "file with the password of `proxy_user`"),
    key(Network, "resolvers", List(&ResolverName::FORMAT), "system", "who the `dns` check asks"),
    key(Network, "ranges_file", One(&RangesFile::FORMAT), "a list shipped with the program", "Microsoft's address ranges, as https://endpoints.office.com serves them, in place of those shipped"),

    key(Cloud, "login", One(&ServerUrl::FORMAT), "", "where tokens come from; a cloud of your own needs it"),
    key(Cloud, kind::Check::Pop3.name(), One(&Pop3Url::FORMAT), "", "POP3 server; `pop3://` is upgraded with STLS"),
    key(Cloud, kind::Check::Imap.name(), One(&ImapUrl::FORMAT), "", "IMAP server; `imap://` is upgraded with STARTTLS"),
    key(Cloud, kind::Check::Smtp.name(), One(&SmtpUrl::FORMAT), "", "submission server; `smtp://` is upgraded with STARTTLS"),
    key(Cloud, kind::Check::Ews.name(), One(&EwsUrl::FORMAT), "", "Exchange Web Services; the path is /EWS/Exchange.asmx unless given"),
    key(Cloud, kind::Check::Graph.name(), One(&ServerUrl::FORMAT), "", "Microsoft Graph"),
    key(Cloud, "scope", One(&Scope::FORMAT), "https://outlook.office365.com/.default", "OAuth scope of POP3, IMAP, SMTP and EWS"),

    required(Tenant, "name", One(&Label::FORMAT), "the `tenant` label"),
    key(Tenant, "cloud", One(&CloudName::FORMAT), "global", "the Microsoft cloud it lives in"),
    required(Tenant, "tenant_id", One(&TenantId::FORMAT), "directory id, or a verified domain"),
    required(Tenant, "client_id", One(&ClientId::FORMAT), "application (client) id of the app registration"),
    required(Tenant, "credential", Map(Credential), "the credential of the application"),
    key(Tenant, "authorization", One(&Authorization::FORMAT), "permissions", "how the application was given its access; under `rbac` (RBAC for Applications) no permission is missed in the token"),
    key(Tenant, "checks", Checks(Level::Tenant), "token, dns, reach", "checks of the tenant as a whole; `[]` for none"),
    key(Tenant, "mailboxes", MapList(Mailbox), "", "the mailboxes that are opened"),

    key(Credential, "client_secret_file", One(&SecretFile::FORMAT), "", "file with the client secret, read anew for every token request"),
    key(Credential, "client_secret_env", One(&Variable::FORMAT), "", "environment variable with the client secret"),
    key(Credential, "client_secret_credential", One(&CredentialName::FORMAT), "", "name of a credential of systemd's (`LoadCredential=`, `LoadCredentialEncrypted=`) with the client secret"),
    key(Credential, "certificate_file", One(&CertificateFile::FORMAT), "", "PEM file with the certificate, perhaps with its chain and its private key, in any order; read anew for every token request"),
    key(Credential, "private_key_file", One(&KeyFile::FORMAT), "that of the certificate", "PEM file with the certificate's private key"),
    key(Credential, "private_key_credential", One(&CredentialName::FORMAT), "", "name of a credential of systemd's with the private key"),
    key(Credential, "private_key_password_file", One(&PasswordFile::FORMAT), "", "file with the password of an encrypted private key"),
    key(Credential, "private_key_password_env", One(&Variable::FORMAT), "", "environment variable with that password"),
    key(Credential, "private_key_password_credential", One(&CredentialName::FORMAT), "", "name of a credential of systemd's with that password"),
    key(Credential, "pkcs12_file", One(&Pkcs12File::FORMAT), "", "PKCS #12 file with the certificate and its private key, as Windows and Key Vault export them"),
    key(Credential, "pkcs12_credential", One(&CredentialName::FORMAT), "", "name of a credential of systemd's with such a file"),
    key(Credential, "pkcs12_password_file", One(&PasswordFile::FORMAT), "", "file with the password of the PKCS #12 file"),
    key(Credential, "pkcs12_password_env", One(&Variable::FORMAT), "", "environment variable with that password"),
    key(Credential, "pkcs12_password_credential", One(&CredentialName::FORMAT), "", "name of a credential of systemd's with that password"),
    key(Credential, "federated_token_file", One(&TokenFile::FORMAT), "", "file with a token of another identity provider (Kubernetes, GitHub, GitLab, SPIFFE), read anew for every token request"),
    key(Credential, "federated_token_file_env", One(&Variable::FORMAT), "", "environment variable that names that file: AZURE_FEDERATED_TOKEN_FILE in Kubernetes"),
    key(Credential, "managed_identity", One(&IdentityName::FORMAT), "", "managed identity of the Azure machine that this program runs on (virtual machine, App Service, Functions, Container Apps, Azure Arc): `system`, or the id of a user-assigned one"),
    key(Credential, "as", One(&SignsIn::FORMAT), "the identity itself", "`client_id`: the identity's token signs in the application of that key (identity federation), which may live in another tenant"),
    key(Credential, "expires", One(&Date::FORMAT), "", "when the client secret expires, as the Entra admin center shows it: shown, exported, warned about"),
    key(Credential, "read_expiry", One(&Switch::FORMAT), "false", "whether Microsoft Graph is asked, every 6 hours, when the application's credentials expire; needs Application.Read.All"),

    required(Mailbox, "address", One(&MailAddress::FORMAT), "its e-mail address"),
    key(Mailbox, "name", One(&Label::FORMAT), "the address", "the `mailbox` label, where an address must not become one"),
    key(Mailbox, "authorization", One(&Authorization::FORMAT), "that of the tenant", "how the application was given its access to this mailbox"),
    key(Mailbox, "expect", One(&Expectation::FORMAT), "opened", "`denied`: the application must not open this mailbox, and succeeding is the alarm (`access_too_broad`)"),
    key(Mailbox, "checks", Checks(Level::Mailbox), "pop3, imap, smtp, ews, as far as the cloud has them", "checks of this mailbox"),

    key(Check, "interval", One(&Interval::FORMAT), "that of `defaults`; token: at least 5m, roundtrip: at least 15m unless it is set here", "time between the beginnings of two runs"),
    key(Check, "timeout", One(&Timeout::FORMAT), "that of `defaults`, at most the interval", "the one deadline of a run"),
    key(Check, "folder", One(&Folder::FORMAT), "msgfolderroot", "what the `ews` and `graph` checks open"),
    key(Check, backlog::KEY, OneOrList(&FolderName::FORMAT), "", "folders in which `imap`, `pop3` (INBOX alone) and `graph` count the mail and read the age of the oldest"),
    key(Check, "to", One(&MailAddress::FORMAT), "the mailbox itself", "where `roundtrip` sends its mail: another mailbox that the application may open"),
    key(Check, "send_by", One(&SentBy::FORMAT), kind::Check::Smtp.name(), "how `roundtrip` sends its mail; Graph needs Mail.Send and keeps no copy in Sent Items"),
    key(Check, "by", One(&FoundBy::FORMAT), kind::Check::Imap.name(), "how `roundtrip` looks for the mail; POP3 shows neither junk mail nor Sent Items, Graph needs Mail.ReadWrite"),
    key(Check, "arrive_within", One(&ArrivalTime::FORMAT), "5m", "the time in which the mail of `roundtrip` has to arrive"),
    key(Check, "lost_after", One(&ArrivalTime::FORMAT), "12 times `arrive_within`", "the time after which it counts as lost"),
    key(Check, "allow_domain", One(&Domain::FORMAT), "", "a domain other than the mailbox's own that `roundtrip` may send to"),
    key(Check, "warning", OneOrList(&Limit::FORMAT), "", "what counts as a warning, beside failing"),
    key(Check, "critical", OneOrList(&Limit::FORMAT), "", "what counts as critical, beside failing"),
];

/// The catalogue of the web configuration's keys, whose format is that of Prometheus's exporters.
#[rustfmt::skip]
pub(super) const WEB_KEYS: &[Key] = &[
    key(Web, "tls_server_config", Map(WebTls), "", "TLS for our own pages"),
    key(Web, "http_server_config", Map(WebHttp), "", "what every answer carries"),
    key(Web, "basic_auth_users", Table(&BcryptHash::FORMAT), "", "who may ask, each with the bcrypt hash of a password"),

    required(WebTls, "cert_file", One(&CertificateFile::FORMAT), "PEM file with our own certificate first"),
    required(WebTls, "key_file", One(&KeyFile::FORMAT), "PEM file with its private key"),
    key(WebTls, "client_auth_type", One(&ClientCertificate::FORMAT), "NoClientCert", "which certificates clients show"),
    key(WebTls, "client_ca_file", One(&CertificateFile::FORMAT), "", "PEM file of those who issue them"),
    key(WebTls, "min_version", One(&TlsVersion::FORMAT), "TLS12", "the oldest TLS that is spoken"),
    key(WebTls, "max_version", One(&TlsVersion::FORMAT), "TLS13", "the newest TLS that is spoken"),
    key(WebTls, "prefer_server_cipher_suites", One(&Switch::FORMAT), "true", "whose order of cipher suites counts"),

    key(WebHttp, "http2", One(&Switch::FORMAT), "false", "accepted for the format's sake; HTTP/1.1 is spoken"),
    key(WebHttp, "headers", Table(&FieldValue::FORMAT), "", "headers of every answer"),
];

/// Keys of the format that are not honoured here, and what to do instead.
pub(super) const UNSUPPORTED: &[(Section, &str, &str)] = &[
    (WebTls, "cert", "the certificate stands in a file; name it with `cert_file`"),
    (WebTls, "key", "the private key stands in a file; name it with `key_file`"),
    (WebTls, "client_ca", "the certificates stand in a file; name it with `client_ca_file`"),
    (
        WebTls,
        "client_allowed_sans",
        "every client is admitted that `client_ca_file` vouches for; name an authority of your own there",
    ),
    (WebTls, "cipher_suites", "the system's OpenSSL chooses; leave it out, and set `min_version`"),
    (WebTls, "curve_preferences", "the system's OpenSSL chooses; leave it out"),
    (Web, "rate_limit", "connections and logins are bounded already; leave it out"),
];

/// The keys of the proxy's login, of which both are given or neither.
pub(super) const PROXY_LOGIN: [&str; 2] = ["proxy_user", "proxy_password_file"];

/// Returns the level at which the configuration lists `check`.
pub(super) const fn level_of(check: kind::Check) -> Level {
    if check.is_of_mailbox() { Level::Mailbox } else { Level::Tenant }
}

/// Returns the checks of that level.
pub(super) fn checks_of(level: Level) -> impl Iterator<Item = kind::Check> + Clone {
    kind::Check::ALL.iter().copied().filter(move |check| level_of(*check) == level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_distinct_keys() {
        for section in Section::ALL {
            let names: Vec<_> = section.keys().map(|key| key.name).collect();
            let distinct: std::collections::BTreeSet<_> = names.iter().collect();
            assert!(!names.is_empty() && distinct.len() == names.len(), "{section:?}");
        }
    }

    #[test]
    fn key_texts_are_one_line_without_a_full_stop() {
        for text in KEYS
            .iter()
            .chain(WEB_KEYS)
            .map(|key| key.about)
            .chain(kind::Check::ALL.iter().copied().map(|check| check.kind().purpose))
        {
            assert!(!text.is_empty() && !text.ends_with('.') && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn example_shows_every_key_and_names_every_check() {
        // `#key:` is a key that is shown and not in use.
        let example = super::super::example().replace(" #", "  ").replace("\n#", "\n");
        for key in KEYS {
            let shown = [
                format!(" {}: ", key.name),
                format!("\n{}: ", key.name),
                format!("\n{}:\n", key.name),
                format!(" {}:\n", key.name),
            ];
            assert!(shown.iter().any(|text| example.contains(text)), "{} of {}", key.name, key.section.name());
        }
        for check in kind::Check::ALL {
            assert!(example.contains(check.name()), "{check}");
        }
    }
}
