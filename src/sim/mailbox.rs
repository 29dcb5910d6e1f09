//! A mailbox: its addresses, its switches, its folders and its messages.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::identifiers::mail_date;
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
    /// Set if the application is not meant to open it, and its clients' settings say so (`expect: denied`).
    pub must_stay_closed: bool,
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
    /// The refusal with which every mail from it meets at the end of DATA, if any.
    pub submission: Option<SubmissionRefusal>,
    /// Set if the application may read its messages and not delete them.
    pub read_only: bool,
    /// The fate of mail to it.
    pub delivery: Delivery,
    /// The highest unique id that was given, over all folders: an id is never given twice.
    pub last_uid: u32,
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

/// The cause for which mail from a mailbox is refused, which a login does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionRefusal {
    /// The application has no `SendAs` right.
    SendAsDenied,
    /// It is restricted for having sent spam.
    SenderBlocked,
    /// It is full.
    MailboxFull,
    /// It has sent to as many recipients as it may in a day.
    QuotaReached,
    /// It may send small messages only, and not even those.
    TooLarge,
    /// Too many of its submissions were refused: Microsoft has cut it off, for every program.
    CutOff,
    /// The server cannot open it for now.
    Deferred,
}

/// The fate of mail to a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It lies in the inbox at once.
    Prompt,
    /// It lies there after so long.
    Late(Duration),
    /// It lies in the junk folder.
    Junked,
    /// It goes back to its sender, with a report.
    Bounced,
    /// It lies nowhere.
    Lost,
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
    /// Items in it that are no messages here.
    pub total: u32,
    /// Its messages, oldest first. Those of the inbox are the mailbox's.
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// IMAP unique id; also the base of POP3's.
    pub uid: u32,
    /// Set once it has been read.
    pub seen: bool,
    /// The time at which it was put into its folder, IMAP's INTERNALDATE.
    pub received: SystemTime,
    /// RFC 5322 text with CRLF line endings.
    pub text: String,
}

/// The time at which the examples were received, where no other is given: 2026-11-02 08:00 UTC.
const EXAMPLES_RECEIVED: Duration = Duration::from_secs(1_793_606_400);

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
            must_stay_closed: false,
            folder_access: FolderAccess::Readable,
            licence: Licence::Full,
            listing: Listing::Plain,
            online: true,
            account_enabled: true,
            trouble: BTreeMap::new(),
            folders: DEFAULT_FOLDERS.iter().map(|&(name, id, class)| Folder::new(name, id, class)).collect(),
            messages: Vec::new(),
            submission: None,
            read_only: false,
            delivery: Delivery::Prompt,
            last_uid: 0,
        }
    }

    /// The same mailbox with `count` messages in its inbox, every third one unread.
    #[must_use]
    pub fn with_messages(mut self, count: u32) -> Self {
        self.messages = (1..=count).map(|uid| Message::example(uid, &self.address)).collect();
        self.last_uid = count;
        self
    }

    /// The same mailbox, closed to the application, as it must stay.
    #[must_use]
    pub fn closed(mut self) -> Self {
        (self.must_stay_closed, self.full_access, self.in_scope) = (true, false, false);
        self
    }

    /// The same mailbox, whose messages were received at equal distances from so long ago until now.
    #[must_use]
    pub fn received_since(mut self, ago: Duration) -> Self {
        let (now, count) = (SystemTime::now(), u32::try_from(self.messages.len()).unwrap_or(u32::MAX));
        for (message, left) in self.messages.iter_mut().zip((1..=count).rev()) {
            message.receive(now - ago / count * left);
        }
        self
    }

    /// Lets mail pile up in the inbox since so long ago: some more messages, none of which has been read.
    pub fn pile_up(&mut self, ago: Duration) {
        const MORE: u32 = 20;
        let first = self.last_uid + 1;
        self.last_uid += MORE;
        self.messages.extend((first..=self.last_uid).map(|uid| Message { seen: false, ..Message::example(uid, &self.address) }));
        *self = self.clone().received_since(ago);
    }

    /// Tells whether `address` is its primary address or an alias, in any case.
    pub fn is_called(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(address))
    }

    /// Returns the messages of a folder, oldest first.
    pub fn messages_of<'m>(&'m self, folder: &'m Folder) -> &'m [Message] {
        if folder.is_inbox() { &self.messages } else { &folder.messages }
    }

    /// Returns the messages of the folder of that name, to change them; `None` where there is no such folder.
    pub fn messages_of_mut(&mut self, name: &str) -> Option<&mut Vec<Message>> {
        let folder = self.folders.iter_mut().find(|folder| folder.name == name)?;
        Some(if folder.is_inbox() { &mut self.messages } else { &mut folder.messages })
    }

    /// Returns the folder with that distinguished id.
    pub fn folder(&self, distinguished: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.distinguished == distinguished)
    }

    /// Returns the unique id that the next message of a folder will have at least.
    pub fn next_uid(&self, folder: &Folder) -> u32 {
        self.messages_of(folder).last().map_or(0, |message| message.uid).max(self.last_uid) + 1
    }

    /// Adds a message to the folder with that distinguished id; to none where there is no such folder.
    pub fn add(&mut self, distinguished: &str, text: String, seen: bool) {
        let Some(name) = self.folder(distinguished).map(|folder| folder.name.clone()) else { return };
        self.put(&name, Message { uid: 0, seen, received: SystemTime::now(), text });
    }

    /// Puts a message into the folder of that name, under a new unique id, and returns the id; `None` where there is no such folder.
    pub fn put(&mut self, name: &str, message: Message) -> Option<u32> {
        let uid = self.next_uid(self.folders.iter().find(|folder| folder.name == name)?);
        self.last_uid = uid;
        self.messages_of_mut(name)?.push(Message { uid, ..message });
        Some(uid)
    }

    /// Messages not yet read.
    pub fn unseen(&self) -> usize {
        self.messages.iter().filter(|message| !message.seen).count()
    }
}

impl Folder {
    fn new(name: &str, distinguished: &'static str, class: &'static str) -> Self {
        Self { name: name.to_owned(), distinguished, class, total: 0, messages: Vec::new() }
    }

    /// A folder for mail that a user made; one below another has the name of that before a `/`.
    pub fn of_user(name: &str) -> Self {
        Self::new(name, "", "IPF.Note")
    }

    /// Tells whether it is the inbox.
    pub fn is_inbox(&self) -> bool {
        self.distinguished == "inbox"
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
        Self { uid, seen: !uid.is_multiple_of(3), received: UNIX_EPOCH + EXAMPLES_RECEIVED, text }
    }

    /// Lets it have been sent and received at that time.
    fn receive(&mut self, at: SystemTime) {
        self.received = at;
        let rest = self.text.split_once("\r\n").map_or("", |(_, rest)| rest);
        self.text = format!("Date: {}\r\n{rest}", mail_date(at));
    }
}
