//! The remedy in one line, and the names that it is about.

use super::Concern;
use crate::reason::text::fill;

/// Stand-ins for ids in the remedies of one line, and their placeholders.
const STAND_INS: [(&str, &str); 4] = [
    ("<mailbox>", "{mailbox}"),
    ("<client id>", "{client_id}"),
    ("<object id of the service principal>", "{object_id}"),
    ("<object id of the enterprise application, not of the app registration>", "{object_id}"),
];

impl<'a> Concern<'a> {
    /// Returns a remedy in one line with its ids in place of what stands for them: `<mailbox>` where one mailbox is concerned.
    pub fn with_ids(&self, remedy: &str) -> String {
        let mailbox = if let [one] = self.mailboxes[..] { Some(one) } else { None };
        let ids = self.ids(mailbox, None);
        STAND_INS.iter().fold(remedy.to_owned(), |remedy, (stand_in, placeholder)| match fill(placeholder, &ids) {
            unknown if unknown.starts_with('<') => remedy,
            id => remedy.replace(stand_in, &id),
        })
    }

    /// The names that were not resolved, or not as they should be.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.endpoints.iter().filter(|(_, port)| port.is_none()).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn with_ids_fills_in_what_is_known_of_one_mailbox_and_leaves_the_rest() {
        let remedy = Reason::MailboxPermissionMissing.remedy();
        let of = |mailboxes: &[&'static str]| Concern { mailboxes: mailboxes.to_vec(), ..Concern::default() }.with_ids(remedy);
        let of_one = "Add-MailboxPermission a@x -User <object id of the service principal> -AccessRights FullAccess";
        assert_eq!(of(&["a@x"]), of_one);
        assert_eq!(of(&["a@x", "b@x"]), remedy);
        let known = Concern { object_id: Some("oid"), ..Concern::default() }.with_ids(remedy);
        assert_eq!(known, "Add-MailboxPermission <mailbox> -User oid -AccessRights FullAccess");
    }

    #[test]
    fn every_stand_in_for_an_id_is_in_a_remedy() {
        for (stand_in, _) in STAND_INS {
            assert!(Reason::ALL.iter().any(|reason| reason.remedy().contains(stand_in)), "{stand_in}");
        }
    }
}
