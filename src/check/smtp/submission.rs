//! Submits a mail in an SMTP session that has logged in.

use crate::net::Conn;
use crate::outcome::Fault;
use crate::wire::mail::SubmissionRefusal;
use crate::wire::smtp::{ReplyParser, SmtpReply, submission};

use super::{Session, read_reply};

/// A mail that was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// The server has refused it, for good or for now.
    Refused {
        /// Reason and evidence.
        fault: Fault,
        /// Set if the refusal lasts until something is changed.
        is_for_good: bool,
    },
    /// The conversation has ended before the server's word.
    Unknown(Fault),
}

impl From<Fault> for NotTaken {
    fn from(fault: Fault) -> Self {
        Self::Unknown(fault)
    }
}

impl Session {
    /// Names sender and recipient, up to the server's invitation to send the text.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection. Nothing has been sent then.
    pub async fn open_envelope(&mut self, conn: &mut Conn<'_>, from: &str, to: &str) -> Result<(), NotTaken> {
        for (command, expected) in [
            (submission::mail_command(from), submission::COMPLETED),
            (submission::rcpt_command(to), submission::COMPLETED),
            (submission::DATA.to_owned(), submission::GO_AHEAD),
        ] {
            conn.send(&command).await?;
            let reply = read_reply(conn, ReplyParser::default()).await?;
            accept(conn, &reply, expected)?;
        }
        Ok(())
    }

    /// Sends the text, whose lines end with CRLF and none of which begins with a dot. Returns the Message-ID that the server
    /// tells.
    ///
    /// # Errors
    /// The refusal; or the fault of the connection, and then nobody knows whether the mail was taken.
    pub async fn send_text(&mut self, conn: &mut Conn<'_>, text: &str) -> Result<Option<String>, NotTaken> {
        conn.send_text(&format!("(a mail of {} bytes)", text.len()), &format!("{text}.")).await?;
        let reply = read_reply(conn, ReplyParser::default()).await?;
        accept(conn, &reply, submission::COMPLETED)?;
        super::keep_trailer(conn, &reply);
        Ok(submission::message_id(&reply))
    }
}

fn accept(conn: &mut Conn<'_>, reply: &SmtpReply, expected: u16) -> Result<(), NotTaken> {
    submission::parse_submission(reply, expected).map_err(|SubmissionRefusal { refusal, is_for_good }| NotTaken::Refused {
        fault: conn.refusal_fault(refusal),
        is_for_good,
    })
}
