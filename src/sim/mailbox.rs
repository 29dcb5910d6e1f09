//! A mailbox: its addresses, its switches, its folders and its messages.

use std::collections::BTreeMap;

use super::protocol::{Protocol, Trouble};

/// A mailbox.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of Exchange's own")]
pub struct Mailbox {
    /// Primary SMTP address.
    pub address: String,
    /// Further addresses.
    pub aliases: Vec<String>,
    /// `Set-CASMailbox -PopEnabled`.
    pub pop_enabled: bool,
    /// `Set-CASMailbox -ImapEnabled`.
    pub imap_enabled: bool,
    /// `Set-CASMailbox -EwsEnabled`; `None` counts as true.
    pub ews_enabled: Option<bool>,
    /// `Set-CASMailbox -SmtpClientAuthenticationDisabled`; `None` follows the tenant.
    pub smtp_auth_disabled: Option<bool>,
    /// `Add-MailboxPermission -AccessRights FullAccess` for the application's service principal.
    pub full_access: bool,
    /// Set if an application access policy or RBAC scope lets the application in over EWS and Graph.
    pub in_scope: bool,
    /// The application's view of the folders over EWS and Graph.
    pub folder_access: FolderAccess,
    /// The licence.
    pub licence: Licence,
    /// The directory's entry for it.
    pub listing: Listing,
    /// Set while the mailbox database is online.
    pub online: bool,
    /// Set while the account it belongs to is enabled.
    pub account_enabled: bool,
    /// The present trouble of each protocol.
    pub trouble: BTreeMap<Protocol, Trouble>,
    /// The folders below the root.
    pub folders: Vec<Folder>,
    /// The messages of the inbox, oldest first.
    pub messages: Vec<Message>,
}

/// The protocols that the mailbox's licence allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Licence {
    /// Everything.
    Full,
    /// Everything but EWS: Kiosk, F1 and F3 since 2026.
    Kiosk,
    /// Nothing: none is assigned.
    Missing,
}

/// The entry for a mailbox in the directory of Exchange Online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Once, by the address that is used.
    Plain,
    /// Beside another recipient of the same address.
    Ambiguous,
    /// By another primary address: the one that is used is an alias, which EWS then does not take.
    Alias,
    /// On another server, which EWS does not reach.
    Elsewhere,
}

/// The view that an application with access to a mailbox has of its folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderAccess {
    /// The folders.
    Readable,
    /// That it may not read them.
    Denied,
    /// Nothing: they are hidden from it, or were never made.
    Hidden,
}

/// A folder below the mailbox's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Display name.
    pub name: String,
    /// EWS distinguished id: `inbox`, `calendar`, ...; empty for a folder a user made.
    pub distinguished: &'static str,
    /// EWS folder class: `IPF.Note`, `IPF.Appointment`, ...
    pub class: &'static str,
    /// Items in it.
    pub total: u32,
}

/// A message of the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// IMAP unique id; also the base of POP3's.
    pub uid: u32,
    /// Set once it has been read.
    pub seen: bool,
    /// RFC 5322 text with CRLF line endings.
    pub text: String,
}

/// The folders of every new mailbox: name, distinguished id, class.
const DEFAULT_FOLDERS: &[(&str, &str, &str)] = &[
    ("Archive", "", "IPF.Note"),
    ("Calendar", "calendar", "IPF.Appointment"),
    ("Contacts", "contacts", "IPF.Contact"),
    ("Deleted Items", "deleteditems", "IPF.Note"),
    ("Drafts", "drafts", "IPF.Note"),
    ("Inbox", "inbox", "IPF.Note"),
    ("Journal", "journal", "IPF.Journal"),
    ("Junk Email", "junkemail", "IPF.Note"),
    ("Notes", "notes", "IPF.StickyNote"),
    ("Outbox", "outbox", "IPF.Note"),
    ("Sent Items", "sentitems", "IPF.Note"),
    ("Tasks", "tasks", "IPF.Task"),
];

impl Mailbox {
    /// A mailbox as Exchange Online makes it, with the application's permission, without messages.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            aliases: Vec::new(),
            pop_enabled: true,
            imap_enabled: true,
            ews_enabled: None,
            smtp_auth_disabled: None,
            full_access: true,
            in_scope: true,
            folder_access: FolderAccess::Readable,
            licence: Licence::Full,
            listing: Listing::Plain,
            online: true,
            account_enabled: true,
            trouble: BTreeMap::new(),
            folders: DEFAULT_FOLDERS.iter().map(|&(name, id, class)| Folder::new(name, id, class)).collect(),
            messages: Vec::new(),
        }
    }

    /// The same mailbox with `count` messages in its inbox, every third one unread.
    #[must_use]
    pub fn with_messages(mut self, count: u32) -> Self {
        self.messages = (1..=count).map(|uid| Message::example(uid, &self.address)).collect();
        self
    }

    /// Tells whether `address` is its primary address or an alias, in any case.
    pub fn is_called(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(address))
    }

    /// Messages not yet read.
    pub fn unseen(&self) -> usize {
        self.messages.iter().filter(|message| !message.seen).count()
    }
}

impl Folder {
    fn new(name: &str, distinguished: &'static str, class: &'static str) -> Self {
        Self { name: name.to_owned(), distinguished, class, total: 0 }
    }
}

impl Message {
    /// A small synthetic message.
    pub fn example(uid: u32, to: &str) -> Self {
        let text = format!(
            "Date: Mon, 02 Nov 2026 08:{:02}:00 +0000\r\nFrom: \"Fabrikam Labor\" <befund@fabrikam.example>\r\nTo: {to}\r\n\
             Subject: Befund {uid}\r\nMessage-ID: <{uid}.befund@fabrikam.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag,\r\n\r\nanbei Befund {uid}.\r\n.\r\nFabrikam Labor\r\n",
            uid % 60
        );
        Self { uid, seen: !uid.is_multiple_of(3), text }
    }
}
