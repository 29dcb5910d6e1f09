//! The application permissions that each check needs in its token.

/// An application role of Exchange Online (resource `00000002-0000-0ff1-ce00-000000000000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The check that needs it.
    pub check: &'static str,
    /// As it stands in the token's `roles`.
    pub name: &'static str,
    /// Its id in an application's manifest, where a source gives one.
    pub id: Option<&'static str>,
}

/// Sources: Microsoft's two articles on OAuth for IMAP, POP and SMTP and for EWS; the ids of POP and IMAP are those of
/// the resource's own list of roles.
pub const ROLES: &[Role] = &[
    Role { check: "pop3", name: "POP.AccessAsApp", id: Some("cb842b43-da6e-4506-86fe-bb12199c656d") },
    Role { check: "imap", name: "IMAP.AccessAsApp", id: Some("5e5addcd-3e8d-4e90-baf5-964efab2b20a") },
    Role { check: "smtp", name: "SMTP.SendAsApp", id: None },
    Role { check: "ews", name: "full_access_as_app", id: Some("dc890d15-9560-4a4c-9b7f-a736ec74ec40") },
];

/// The role that `check` needs; `None` for a check that opens no mailbox.
///
/// A token may lack it and still do: with RBAC for Applications the permission is granted in Exchange and stands in no
/// token. So its absence explains a refusal, and is none by itself.
pub fn needed_by(check: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.check == check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_of_a_mailbox_need_a_role() {
        assert_eq!(needed_by("smtp").map(|role| role.name), Some("SMTP.SendAsApp"));
        assert_eq!(needed_by("dns"), None);
    }
}
