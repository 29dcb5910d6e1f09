//! The reader's own ids in the texts, so that a command can be pasted as it stands.

use std::borrow::Cow;

/// The values of the placeholders: the reader's own ids. What is not known leaves a stand-in such as `<CLIENT_ID>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids<'a> {
    /// Application (client) id.
    pub client_id: Option<&'a str>,
    /// Object id of the enterprise application: the token's `oid`.
    pub object_id: Option<&'a str>,
    /// Directory (tenant) id or a verified domain.
    pub tenant_id: Option<&'a str>,
    /// The mailbox's address.
    pub mailbox: Option<&'a str>,
    /// The host that was asked.
    pub host: Option<&'a str>,
    /// The port that was asked.
    pub port: Option<u16>,
    /// This machine's address as Microsoft sees it.
    pub public_address: Option<&'a str>,
    /// The names that the set-up has for the protocols concerned.
    pub protocols: ProtocolNames<'a>,
}

/// The names that the set-up has for the protocols concerned: texts of ours, which need no check.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProtocolNames<'a> {
    /// The parameters of `Set-CASMailbox` that switch them on.
    pub switches: Option<&'a str>,
    /// The API that the permissions belong to.
    pub api: Option<&'a str>,
    /// The permissions that the protocols need.
    pub permissions: Option<&'a str>,
    /// A role of RBAC for Applications.
    pub role: Option<&'a str>,
    /// One permission that a protocol needs, and the application id of the API that it belongs to.
    pub permission: Option<(&'a str, &'a str)>,
}

/// Every placeholder a meaning or a step may hold.
pub(super) const NAMES: [&str; 14] = [
    "client_id",
    "object_id",
    "tenant_id",
    "mailbox",
    "host",
    "port",
    "public_address",
    "switches",
    "api",
    "permissions",
    "role",
    "permission",
    "api_id",
    "sentence",
];

/// The stand-in for the peer's own sentence, which [`fill`] leaves in a meaning: it is prose and no id.
pub const SENTENCE: &str = "<SENTENCE>";

/// The sentence, a meaning or a step, with its placeholders replaced.
///
/// A step is made to be pasted into a shell, and the object id comes from a token: a value that could mean anything to
/// PowerShell inside double quotes leaves the stand-in in place.
pub fn fill(step: &str, ids: &Ids) -> String {
    let mut filled = String::with_capacity(step.len());
    let mut rest = step;
    while let Some((before, from_brace)) = rest.split_once('{') {
        filled.push_str(before);
        if let Some((name, after)) = from_brace.split_once('}').filter(|(name, _)| NAMES.contains(name)) {
            filled.push_str(&ids.shown(name));
            rest = after;
        } else {
            filled.push('{'); // a block of PowerShell's
            rest = from_brace;
        }
    }
    filled + rest
}

impl<'a> Ids<'a> {
    /// Returns the value of a placeholder as it stands in a text: where it is not known, or could do harm, its stand-in.
    fn shown(&self, name: &str) -> Cow<'a, str> {
        let ProtocolNames { switches, api, permissions, role, permission } = self.protocols;
        let value = match name {
            "client_id" => self.client_id.filter(is_harmless),
            "object_id" => self.object_id.filter(is_harmless),
            "tenant_id" => self.tenant_id.filter(is_harmless),
            "mailbox" => self.mailbox.filter(is_harmless),
            "host" => self.host.filter(is_harmless),
            "port" => return self.port.map_or_else(|| stand_in(name), |port| port.to_string()).into(),
            "public_address" => self.public_address.filter(is_harmless),
            "switches" => switches.or(Some(EVERY_SWITCH)),
            "api" => api.or(Some(EVERY_API)),
            "permissions" => permissions.or(Some(EVERY_PERMISSION)),
            "role" => role,
            "permission" => permission.map(|(permission, _)| permission),
            "api_id" => permission.map(|(_, api_id)| api_id),
            _ => None,
        };
        value.map_or_else(|| stand_in(name).into(), Cow::Borrowed)
    }
}

fn stand_in(name: &str) -> String {
    format!("<{}>", name.to_ascii_uppercase())
}

// What stands there while it is not known which protocol is concerned.
const EVERY_SWITCH: &str = "-PopEnabled $true -ImapEnabled $true -SmtpClientAuthenticationDisabled $false";
const EVERY_API: &str = "`Office 365 Exchange Online` / `Microsoft Graph`";
const EVERY_PERMISSION: &str =
    "POP.AccessAsApp / IMAP.AccessAsApp / SMTP.SendAsApp / full_access_as_app / Mail.ReadBasic.All / Calendars.Read";

fn is_harmless(value: &&str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@+':".contains(&byte);
    !value.is_empty() && value.bytes().all(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_replaces_known_ids_and_leaves_a_stand_in_for_others() {
        let step = "`Add-MailboxPermission -Identity \"{mailbox}\" -User \"{object_id}\"`, {host}:{port}";
        let ids = Ids { mailbox: Some("o'brien@contoso.com"), port: Some(993), ..Ids::default() };
        let expected = "`Add-MailboxPermission -Identity \"o'brien@contoso.com\" -User \"<OBJECT_ID>\"`, <HOST>:993";
        assert_eq!(fill(step, &ids), expected);
    }

    #[test]
    fn fill_leaves_braces_around_anything_else_as_they_are() {
        let ids = Ids { mailbox: Some("a@b.example"), ..Ids::default() };
        for (step, filled) in [
            ("Where-Object { $_.Name -eq \"{mailbox}\" }", "Where-Object { $_.Name -eq \"a@b.example\" }"),
            ("{{mailbox}}", "{a@b.example}"),
            ("{mailboxes} {", "{mailboxes} {"),
            ("{mailbox", "{mailbox"),
        ] {
            assert_eq!(fill(step, &ids), filled);
        }
    }

    #[test]
    fn each_name_but_the_sentence_is_a_placeholder_with_a_value() {
        let protocols = ProtocolNames { role: Some("known"), permission: Some(("known", "known")), ..ProtocolNames::default() };
        let ids = Ids {
            client_id: Some("known"),
            object_id: Some("known"),
            tenant_id: Some("known"),
            mailbox: Some("known"),
            host: Some("known"),
            port: Some(1),
            public_address: Some("known"),
            protocols,
        };
        let unknown: Vec<&str> = NAMES.into_iter().filter(|name| ids.shown(name).starts_with('<')).collect();
        assert_eq!(unknown, ["sentence"]);
    }

    #[test]
    fn fill_of_a_value_that_powershell_could_run_leaves_the_stand_in() {
        for object_id in ["\"; whoami; \"", "$(whoami)", "`n", "a b", "\u{201c}", "{mailbox}", ""] {
            let ids = Ids { object_id: Some(object_id), mailbox: Some("a@b.example"), ..Ids::default() };
            assert_eq!(fill("\"{object_id}\"", &ids), "\"<OBJECT_ID>\"", "{object_id}");
        }
    }
}
