//! Counts the mail in folders of an IMAP session that has logged in, and reads the age of the oldest.

use std::time::SystemTime;

use crate::net::Conn;
use crate::outcome::{BacklogFacts, Fault};
use crate::reason::Reason;
use crate::wire::imap::folder::{self, SelectedFolder};
use crate::wire::imap::{self, ImapStatusResponse, quota};

use super::Session;

impl Session {
    /// Counts the messages of a folder.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection; `OK` without what was asked for proves nothing.
    pub(super) async fn status(&mut self, conn: &mut Conn<'_>, folder: &str) -> Result<ImapStatusResponse, Fault> {
        for line in self.command(conn, &imap::status(folder)).await? {
            if let Some(status) = conn.accept(imap::parse_status(&line, folder).map_err(Into::into))? {
                return Ok(status);
            }
        }
        Err(conn.fault(Reason::ReplyMalformed, "OK without a STATUS"))
    }

    /// Notes the mail in a folder: a server has counted that of the inbox already.
    ///
    /// # Errors
    /// `folder_not_found`, another refusal, or the fault of the connection.
    pub(super) async fn count_folder(&mut self, conn: &mut Conn<'_>, name: &str) -> Result<(), Fault> {
        let status = if name.eq_ignore_ascii_case(imap::INBOX) {
            let counted = &conn.facts().mailbox;
            ImapStatusResponse { messages: counted.messages, unseen: counted.unseen }
        } else {
            self.status(conn, name).await.map_err(not_found)?
        };
        let oldest = self.oldest(conn, name).await?;
        let backlog = BacklogFacts::new(name, status.messages, status.unseen, oldest, SystemTime::now());
        conn.facts().backlog.push(backlog);
        Ok(())
    }

    /// Returns the time at which the first message of a folder was received: `None` where the folder is empty, or the message has
    /// gone meanwhile.
    async fn oldest(&mut self, conn: &mut Conn<'_>, name: &str) -> Result<Option<SystemTime>, Fault> {
        let mut opened = SelectedFolder::default();
        let data = self.command(conn, &folder::examine(name)).await.map_err(not_found)?;
        for line in &data {
            opened.read(line);
        }
        if opened.exists == 0 {
            return Ok(None);
        }
        for line in self.command(conn, folder::FETCH_OLDEST).await? {
            if let Some(received) = conn.accept(folder::parse_received(&line).map_err(Into::into))? {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    /// Notes the storage that the mailbox has and uses, where the server tells: Exchange Online does not.
    ///
    /// # Errors
    /// The fault of the connection; a server that refuses does not tell.
    pub(super) async fn storage(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        if !self.capabilities(conn).await?.iter().any(|word| word.eq_ignore_ascii_case(quota::CAPABILITY)) {
            return Ok(());
        }
        let data = match self.command(conn, &quota::get_quota_root()).await {
            Err(fault) if fault.reason == Reason::CommandRefused => return Ok(()),
            data => data?,
        };
        if let Some(storage) = data.iter().find_map(|line| quota::parse_quota(line)) {
            let facts = &mut conn.facts().mailbox;
            (facts.quota, facts.quota_used) = (Some(storage.limit), Some(storage.used));
        }
        Ok(())
    }
}

/// Explains a refusal that says nothing but no: the folder is the only thing that the command names.
fn not_found(fault: Fault) -> Fault {
    if fault.reason == Reason::CommandRefused { fault.renamed(Reason::FolderNotFound) } else { fault }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Session;
    use crate::check::script::laws::Scripted as _;
    use crate::check::script::{Delivery, Talk, Turn, lying, script, talk_of_backlog};
    use crate::outcome::Phase::{self, Mailbox};
    use crate::reason::Reason;

    const RECEIVED: &str = "23-Nov-2026 17:59:49 +0000";

    /// Returns a session that counts the inbox and one folder.
    fn counting() -> Vec<Turn> {
        let counted: &[(Phase, &str, &str)] = &[
            (Mailbox, "a3 EXAMINE INBOX", "* 12 EXISTS\n* OK [UIDNEXT 4392] x\na3 OK [READ-ONLY] done"),
            (
                Mailbox,
                "a4 FETCH 1 (INTERNALDATE)",
                "* 13 EXISTS\n* 1 FETCH (INTERNALDATE \"23-Nov-2026 17:59:49 +0000\")\na4 OK done",
            ),
            (
                Mailbox,
                "a5 STATUS \"Entw&APw-rfe\" (MESSAGES UNSEEN)",
                "* STATUS \"Entw&APw-rfe\" (MESSAGES 0 UNSEEN 0)\na5 OK done",
            ),
            (Mailbox, "a6 EXAMINE \"Entw&APw-rfe\"", "* 0 EXISTS\na6 OK [READ-ONLY] done"),
            (Mailbox, "a7 CAPABILITY", "* CAPABILITY IMAP4rev1 QUOTA\na7 OK done"),
            (Mailbox, "a8 GETQUOTAROOT INBOX", "* QUOTAROOT INBOX \"\"\n* QUOTA \"\" (STORAGE 10 512)\na8 OK done"),
            (Mailbox, "a9 LOGOUT", "* BYE x\na9 OK bye"),
        ];
        [&Session::secured()[..3], &script(counted)].concat()
    }

    async fn counted(turns: &[Turn]) -> Talk {
        talk_of_backlog::<Session>(turns, Delivery::Whole, &["INBOX".to_owned(), "Entwürfe".to_owned()]).await
    }

    #[tokio::test(start_paused = true)]
    async fn imap_backlog_has_counts_and_the_time_of_the_oldest_message() {
        let talk = counted(&counting()).await;
        assert_eq!(talk.ended(), (Mailbox, Ok(())));
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_456_789);
        let [inbox, drafts] = &talk.facts.backlog[..] else { panic!("{:?}", talk.facts.backlog) };
        assert_eq!((inbox.folder.as_str(), inbox.messages, inbox.unread, inbox.oldest), ("INBOX", Some(12), Some(3), Some(at)));
        assert_eq!((drafts.messages, drafts.unread, drafts.oldest, drafts.age), (Some(0), Some(0), None, None), "empty");
        assert_eq!((talk.facts.mailbox.quota, talk.facts.mailbox.quota_used), (Some(524_288), Some(10_240)));
    }

    #[tokio::test(start_paused = true)]
    async fn imap_backlog_of_a_server_without_quota_has_none() {
        for (lie, quota) in [
            ("* CAPABILITY IMAP4rev1\na7 OK done | a8 LOGOUT | a8 OK bye", None),
            ("* CAPABILITY quota\na7 OK done | a8 GETQUOTAROOT INBOX | a8 NO not for you | a9 LOGOUT | a9 OK bye", None),
        ] {
            let talk = counted(&lying(&counting(), 7, lie)).await;
            assert_eq!((talk.ended(), talk.facts.mailbox.quota), ((Mailbox, Ok(())), quota), "{lie}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn imap_backlog_with_each_lie_ends_with_its_reason() {
        for (at, lie, reason) in [
            (3, "a3 NO EXAMINE failed", Some(Reason::FolderNotFound)),
            (3, "a3 BAD User is authenticated but not connected.", Some(Reason::MailboxNotConnected)),
            (
                4,
                &*format!("* 1 FETCH (INTERNALDATE \"{}\")\na4 OK done", RECEIVED.replace("Nov", "Foo")),
                Some(Reason::ReplyMalformed),
            ),
            (4, "LINES * 2 FETCH (INTERNALDATE \"x\")", Some(Reason::ReplyTooLong)),
            (4, "ENDLESS * 1 FETCH (INTERNALDATE \"", Some(Reason::ReplyTooLong)),
            (4, "SILENCE", Some(Reason::ReplyTimedOut)),
            (4, "a4 NO try later", Some(Reason::CommandRefused)),
            (5, "a5 NO Entwürfe doesn't exist.", Some(Reason::FolderNotFound)),
            (5, "* STATUS INBOX (MESSAGES 1)\na5 OK done", Some(Reason::ReplyMalformed)),
        ] {
            let talk = counted(&lying(&counting(), at, lie)).await;
            assert_eq!(talk.ended(), (Mailbox, reason.map_or(Ok(()), Err)), "{lie}");
        }
    }

    /// The message may have gone between two commands: its age is then not known.
    #[tokio::test(start_paused = true)]
    async fn imap_backlog_whose_first_message_has_gone_has_no_age() {
        let mut turns = counting();
        turns[4].answers = "* 1 FETCH (FLAGS (\\Seen))\na4 OK done".to_owned();
        let talk = counted(&turns).await;
        assert_eq!(talk.ended(), (Mailbox, Ok(())));
        assert_eq!((talk.facts.backlog[0].messages, talk.facts.backlog[0].age), (Some(12), None));
    }
}
