//! `imap`: can the application open the mailbox with IMAP?

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::kind::Check;
use crate::net::Conn;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::wire::imap::{self, ImapResponse, Step};
use crate::wire::sasl::Challenge;

use super::mail;

/// The time limit for the capabilities of a server that has called our command wrong.
const CAPABILITY_LIMIT: Duration = Duration::from_secs(3);

/// One IMAP session.
#[derive(Debug, Default)]
pub struct Session {
    tags: u32,
    /// The capabilities that the greeting announced, if it announced any.
    capabilities: Option<Vec<String>>,
}

impl mail::Session for Session {
    const CHECK: Check = Check::Imap;

    async fn greeting(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let line = conn.read_line().await?;
        let greeting = conn.accept(imap::parse_greeting(&line))?;
        if greeting.is_preauthenticated {
            return Err(conn.fault(Reason::GreetingUnexpected, &line));
        }
        let name = greeting.server.map(|name| conn.sanitize(&name));
        conn.facts().server.name = name;
        self.capabilities = greeting.capabilities;
        Ok(())
    }

    async fn starttls(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let tag = self.tag();
        conn.send(&format!("{tag} {}", imap::STARTTLS)).await?;
        self.capabilities = None; // what was announced in the clear counts for nothing (RFC 3501 section 6.2.1)
        Reply::new(&tag, Step::Starttls).read(conn).await.map(drop)
    }

    async fn login(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> Result<(), Fault> {
        match self.authenticate(conn, payload).await {
            Err(fault) => Err(self.explain_refusal(conn, fault).await),
            Ok(()) => Ok(()),
        }
    }

    async fn mailbox(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        conn.enter(Phase::Mailbox);
        let status = self.status(conn, imap::INBOX).await?;
        let facts = &mut conn.facts().mailbox;
        (facts.messages, facts.unseen) = (status.messages, status.unseen);
        Ok(())
    }

    async fn backlog(&mut self, conn: &mut Conn<'_>, folders: &[String]) -> Result<(), Fault> {
        for folder in folders {
            self.count_folder(conn, folder).await?;
        }
        self.storage(conn).await
    }

    async fn goodbye(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let tag = self.tag();
        conn.send(&format!("{tag} {}", imap::LOGOUT)).await?;
        while conn.read_line().await?.split(' ').next() != Some(&tag) {}
        Ok(())
    }
}

impl Session {
    /// Sends the payload with the command, which saves a round trip, unless the server's announcement lacks `SASL-IR` (RFC 4959).
    async fn authenticate(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> Result<(), Fault> {
        let tag = self.tag();
        let is_initial = self.capabilities.as_ref().is_none_or(|list| list.iter().any(|word| word == "SASL-IR"));
        if is_initial {
            conn.send_secret(&format!("{tag} {} ", imap::AUTHENTICATE), payload).await?;
        } else {
            conn.send(&format!("{tag} {}", imap::AUTHENTICATE)).await?;
        }
        let payload = Some(Payload { secret: payload, is_sent: is_initial });
        Reply { payload, ..Reply::new(&tag, Step::Login) }.read(conn).await.map(drop)
    }

    /// Explains the refusal of a login by the server's capabilities: Courier says `Login failed` to any mechanism that it does
    /// not have, and Exchange on premises `AUTHENTICATE failed.` A server that did not announce them is asked; only now, because
    /// that costs a round trip, which is no part of the login. Without an answer the fault stays as it is.
    async fn explain_refusal(&mut self, conn: &mut Conn<'_>, fault: Fault) -> Fault {
        let announced = match fault.reason {
            Reason::ProtocolError | Reason::BasicAuthBlocked => self.ask_capabilities(conn).await,
            Reason::AuthRefused => match self.capabilities.take() {
                Some(announced) => Some(announced),
                None => self.ask_capabilities(conn).await,
            },
            _ => None,
        };
        if announced.is_some_and(|list| !list.iter().any(|word| word == "AUTH=XOAUTH2")) {
            return fault.renamed(Reason::MechanismNotOffered);
        }
        fault
    }

    /// Asks for the capabilities, and returns them if the server lists any in time. The request in evidence remains the one that
    /// was refused.
    async fn ask_capabilities(&mut self, conn: &mut Conn<'_>) -> Option<Vec<String>> {
        let (began, request) = (Instant::now(), conn.last_request());
        let list = timeout(conn.time_limit(CAPABILITY_LIMIT), self.capabilities(conn)).await;
        conn.exclude(began, request);
        list.ok()?.ok().filter(|list| !list.is_empty())
    }

    async fn capabilities(&mut self, conn: &mut Conn<'_>) -> Result<Vec<String>, Fault> {
        let tag = self.tag();
        conn.send(&format!("{tag} {}", imap::CAPABILITY)).await?;
        let data = Reply::new(&tag, Step::Mailbox).read(conn).await?;
        // A long list may stand on several lines.
        Ok(data.iter().filter_map(|line| imap::parse_capabilities(line)).flatten().collect())
    }

    fn tag(&mut self) -> String {
        self.tags += 1;
        format!("a{}", self.tags)
    }
}

/// The payload of a login, which a `+` asks for.
struct Payload<'a> {
    secret: &'a Secret,
    /// Set if it was sent with the command already.
    is_sent: bool,
}

/// The reply to one command, read up to its tagged line.
struct Reply<'a> {
    tag: &'a str,
    step: Step,
    /// The payload that the first `+` asks for. Where it was sent with the command, an empty `+` says that the server has passed
    /// over it, and any other is a refusal in a challenge, which an empty line ends.
    payload: Option<Payload<'a>>,
    untagged: Vec<String>,
    challenge: Option<Challenge>,
    /// The first `BYE`.
    bye: Option<Fault>,
}

impl<'a> Reply<'a> {
    fn new(tag: &'a str, step: Step) -> Self {
        Self { tag, step, payload: None, untagged: Vec::new(), challenge: None, bye: None }
    }

    /// Reads the reply, and returns the untagged data before the tagged line.
    async fn read(mut self, conn: &mut Conn<'_>) -> Result<Vec<String>, Fault> {
        loop {
            let line = match self.line(conn).await {
                Ok(line) => line,
                Err(fault) => return Err(self.bye.unwrap_or(fault)),
            };
            match imap::parse_response(&line, self.tag, self.step) {
                Ok(ImapResponse::Completed(_)) => return Ok(self.untagged),
                Ok(ImapResponse::Untagged(data)) => self.untagged.push(data.to_owned()),
                Ok(ImapResponse::Challenge(challenge)) => self.answer_challenge(conn, challenge, &line).await?,
                // The tagged line behind a BYE tells more, where there is one. Of two BYEs the first tells why.
                Err(refusal) if imap::is_bye(&line) => {
                    let fault = conn.refusal_fault(refusal);
                    self.bye.get_or_insert(fault);
                }
                Err(refusal) => {
                    let refusal = match &self.challenge {
                        Some(challenge) => challenge.add_to(refusal),
                        None => refusal,
                    };
                    return Err(conn.refusal_fault(refusal));
                }
            }
        }
    }

    async fn line(&self, conn: &mut Conn<'_>) -> Result<String, Fault> {
        let Some(challenge) = &self.challenge else { return whole_line(conn).await };
        let limit = conn.time_limit(Duration::MAX);
        let reply = mail::reply_after_challenge(challenge, limit, whole_line(conn)).await;
        conn.accept(reply).flatten()
    }

    async fn answer_challenge(&mut self, conn: &mut Conn<'_>, challenge: Challenge, line: &str) -> Result<(), Fault> {
        if self.challenge.is_some() || self.step != Step::Login {
            return Err(conn.fault(Reason::ReplyMalformed, line));
        }
        if let Some(payload) = self.payload.take().filter(|payload| !payload.is_sent || challenge.text.is_empty()) {
            return conn.send_secret("", payload.secret).await;
        }
        self.challenge = Some(challenge);
        conn.send_empty_line().await
    }
}

/// Reads a line with the literals in it.
async fn whole_line(conn: &mut Conn<'_>) -> Result<String, Fault> {
    let mut line = conn.read_line().await?;
    while let Some(count) = imap::literal_length(&line) {
        let literal = conn.read_literal(usize::try_from(count).unwrap_or(usize::MAX)).await?;
        let rest = conn.read_line().await?;
        line = format!("{line}\r\n{literal}{rest}");
        if line.len() > crate::net::line::MAX_LINE {
            return Err(conn.fault(Reason::ReplyTooLong, &line));
        }
    }
    Ok(line)
}

mod backlog;
mod folders;
#[cfg(test)]
mod tests;
