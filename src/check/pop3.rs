//! `pop3`: can the application open the mailbox with POP3?

use std::time::{Duration, SystemTime};

use crate::kind::Check;
use crate::net::Conn;
use crate::outcome::{BacklogFacts, Fault, Phase};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::wire::pop3;
use crate::wire::sasl::AuthReply;

use super::mail;

/// One POP3 session.
#[derive(Debug, Default)]
pub struct Session;

impl mail::Session for Session {
    const CHECK: Check = Check::Pop3;

    async fn greeting(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let line = conn.read_line().await?;
        let greeting = conn.accept(pop3::parse_greeting(&line))?;
        let name = greeting.server.map(|name| conn.sanitize(&name));
        conn.facts().server.name = name;
        Ok(())
    }

    async fn starttls(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        conn.send(pop3::STLS).await?;
        let line = conn.read_line().await?;
        conn.accept(pop3::parse_stls(&line))
    }

    /// Sends the payload on a line of its own, because Exchange takes the one-line form for an over-long command.
    async fn login(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> Result<(), Fault> {
        conn.send(pop3::AUTH).await?;
        let line = conn.read_line().await?;
        conn.accept(pop3::parse_auth_continuation(&line))?;
        conn.send_secret("", payload).await?;
        let line = conn.read_line().await?;
        match conn.accept(pop3::parse_login(&line))? {
            AuthReply::Accepted => Ok(()),
            AuthReply::Challenged(challenge) => {
                conn.send_empty_line().await?;
                let limit = conn.time_limit(Duration::MAX);
                let line = mail::reply_after_challenge(&challenge, limit, conn.read_line()).await;
                let line = conn.accept(line)??;
                match pop3::parse_login(&line) {
                    Ok(_) => Err(conn.fault(Reason::ReplyMalformed, &line)),
                    Err(refusal) => Err(conn.refusal_fault(challenge.add_to(refusal))),
                }
            }
        }
    }

    /// Exchange says `+OK` to a login before it has opened the mailbox: only STAT proves it.
    async fn mailbox(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        conn.enter(Phase::Mailbox);
        conn.send(pop3::STAT).await?;
        let line = conn.read_line().await?;
        let stat = conn.accept(pop3::parse_stat(&line))?;
        let facts = &mut conn.facts().mailbox;
        facts.messages = Some(stat.messages);
        facts.bytes = Some(stat.bytes);
        Ok(())
    }

    /// POP3 shows the inbox alone.
    async fn backlog(&mut self, conn: &mut Conn<'_>, folders: &[String]) -> Result<(), Fault> {
        let messages = conn.facts().mailbox.messages;
        let oldest = if messages == Some(0) { None } else { self.oldest(conn).await? };
        let backlog = folders.iter().map(|folder| BacklogFacts::new(folder, messages, None, oldest, SystemTime::now()));
        conn.facts().backlog.extend(backlog);
        Ok(())
    }

    async fn goodbye(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        conn.send(pop3::QUIT).await?;
        conn.read_line().await.map(drop)
    }
}

mod drop;
#[cfg(test)]
mod tests;
