//! Reads and deletes messages in a POP3 session that has logged in.

use std::time::SystemTime;

use crate::net::Conn;
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::wire::mail::received_at;
use crate::wire::pop3;

use super::Session;

/// The most lines of one message that are read.
const MOST_LINES: usize = 500;

impl Session {
    /// Returns the number of messages.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn count(&mut self, conn: &mut Conn<'_>) -> Result<u64, Fault> {
        conn.send(pop3::STAT).await?;
        let line = conn.read_line().await?;
        Ok(conn.accept(pop3::parse_stat(&line))?.messages)
    }

    /// Reads the header of a message and the first lines of its body, with CRLF line endings.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn top(&mut self, conn: &mut Conn<'_>, number: u64, lines: u32) -> Result<String, Fault> {
        let mut text = String::new();
        self.read_top(conn, number, lines, &mut text).await.map(|()| text)
    }

    /// Returns the time at which the first message was received, as its header tells; `None` where it does not. Anybody may have
    /// written that header: one that is longer than any that is read is no fault of the server's, and what its beginning tells counts.
    /// No command may follow then but the end of the session.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn oldest(&mut self, conn: &mut Conn<'_>) -> Result<Option<SystemTime>, Fault> {
        let mut text = String::new();
        match self.read_top(conn, 1, 0, &mut text).await {
            Err(fault) if fault.reason != Reason::ReplyTooLong => Err(fault),
            _ => Ok(received_at(&text)),
        }
    }

    /// Reads the header of a message and the first lines of its body into `text`, which keeps what was read before a fault.
    async fn read_top(&mut self, conn: &mut Conn<'_>, number: u64, lines: u32, text: &mut String) -> Result<(), Fault> {
        conn.count_anew();
        self.command(conn, &pop3::top(number, lines)).await?;
        for _ in 0..MOST_LINES {
            let line = conn.read_mail_line().await?;
            if line == "." {
                return Ok(());
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line)); // RFC 1939, 3
            text.push_str("\r\n");
        }
        Err(Conn::mail_too_long())
    }

    /// Marks a message for deletion, which takes place with [`Session::quit`].
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn delete(&mut self, conn: &mut Conn<'_>, number: u64) -> Result<(), Fault> {
        self.command(conn, &pop3::delete(number)).await
    }

    /// Ends the session, and deletes what is marked.
    ///
    /// # Errors
    /// The refusal, or the fault of the connection.
    pub async fn quit(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        self.command(conn, pop3::QUIT).await
    }

    async fn command(&mut self, conn: &mut Conn<'_>, command: &str) -> Result<(), Fault> {
        conn.send(command).await?;
        let line = conn.read_line().await?;
        conn.accept(pop3::parse_command(&line))
    }
}
