//! `smtp`: may the application log in to send as the mailbox? No mail is sent.

use std::time::Duration;

use crate::kind::Check;
use crate::net::Conn;
use crate::outcome::{Fault, SupportId, SupportIds};
use crate::reason::Reason;
use crate::secret::Secret;
use crate::wire::Refusal;
use crate::wire::sasl::AuthReply;
use crate::wire::smtp::{self, ReplyParser, SmtpReply};

use super::mail;

/// One SMTP session.
#[derive(Debug, Default)]
pub struct Session;

/// The name in EHLO, an address literal: valid everywhere (RFC 5321 section 4.1.3), and it reveals nothing of this machine.
const EHLO_NAME: &str = "[127.0.0.1]";

impl mail::Session for Session {
    const CHECK: Check = Check::Smtp;

    async fn greeting(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let reply = read_reply(conn, ReplyParser::for_greeting()).await?;
        let greeting = conn.accept(smtp::parse_greeting(&reply))?;
        let name = greeting.server.map(|name| conn.sanitize(&name));
        conn.facts().server.name = name;
        Ok(())
    }

    async fn starttls(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        let features = ehlo(conn, smtp::parse_first_ehlo).await?;
        conn.accept(features.require_starttls().map_err(Into::into))?;
        conn.send(smtp::STARTTLS).await?;
        let reply = read_reply(conn, ReplyParser::default()).await?;
        conn.accept(smtp::parse_starttls(&reply))
    }

    /// Sends the payload with the command, which saves a round trip. A server that finds it too long, or that passes over what
    /// stands behind the mechanism, gets the token on a line of its own (RFC 4954 section 4).
    async fn login(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> Result<(), Fault> {
        let features = ehlo(conn, smtp::parse_ehlo).await?;
        conn.accept(features.require_xoauth2().map_err(Into::into))?;
        conn.send_secret(&format!("{} ", smtp::AUTH), payload).await?;
        let mut reply = read_reply(conn, ReplyParser::default()).await?;
        if smtp::is_line_too_long(&reply) {
            conn.send(smtp::AUTH).await?;
            let invitation = read_reply(conn, ReplyParser::default()).await?;
            conn.accept(smtp::parse_auth_continuation(&invitation))?;
            reply = send_payload(conn, payload).await?;
        } else if smtp::asks_for_payload(&reply) {
            reply = send_payload(conn, payload).await?;
        }
        keep_trailer(conn, &reply);
        match conn.accept(smtp::parse_login(&reply))? {
            AuthReply::Accepted => Ok(()),
            AuthReply::Challenged(challenge) => {
                conn.send_empty_line().await?;
                let limit = conn.time_limit(Duration::MAX);
                let reply = mail::reply_after_challenge(&challenge, limit, read_reply(conn, ReplyParser::default())).await;
                let reply = conn.accept(reply)??;
                match smtp::parse_login(&reply) {
                    Ok(_) => Err(conn.fault(Reason::ReplyMalformed, &reply.to_string())),
                    Err(refusal) => Err(conn.refusal_fault(challenge.add_to(refusal))),
                }
            }
        }
    }

    /// Does nothing: SMTP proves the mailbox only by sending.
    async fn mailbox(&mut self, _: &mut Conn<'_>) -> Result<(), Fault> {
        Ok(())
    }

    async fn goodbye(&mut self, conn: &mut Conn<'_>) -> Result<(), Fault> {
        conn.send(smtp::QUIT).await?;
        read_reply(conn, ReplyParser::default()).await.map(drop)
    }
}

async fn ehlo(
    conn: &mut Conn<'_>,
    judge: fn(&SmtpReply) -> Result<smtp::EhloResponse, Refusal>,
) -> Result<smtp::EhloResponse, Fault> {
    conn.send(&smtp::ehlo_command(EHLO_NAME)).await?;
    let reply = read_reply(conn, ReplyParser::default()).await?;
    let features = conn.accept(judge(&reply))?;
    let address = features.public_address.map(|address| address.to_string());
    let facts = &mut conn.facts().server;
    facts.public_address = address.or(facts.public_address.take());
    Ok(features)
}

async fn send_payload(conn: &mut Conn<'_>, payload: &Secret) -> Result<SmtpReply, Fault> {
    conn.send_secret("", payload).await?;
    read_reply(conn, ReplyParser::default()).await
}

/// Reads one reply with all its lines.
async fn read_reply(conn: &mut Conn<'_>, mut parser: ReplyParser) -> Result<SmtpReply, Fault> {
    loop {
        let line = conn.read_line().await?;
        if let Some(reply) = conn.accept(parser.push(&line).map_err(Into::into))? {
            return Ok(reply);
        }
    }
}

/// Keeps the server's name and session id from the trailer of its reply to the login: Microsoft's support asks for them.
fn keep_trailer(conn: &mut Conn<'_>, reply: &SmtpReply) {
    if let Some(trailer) = reply.trailer() {
        let (server, session) = (conn.sanitize(&trailer.server), conn.sanitize(&trailer.session));
        let facts = &mut conn.facts().server;
        facts.name = Some(server);
        facts.ids = SupportIds::from([(SupportId::Session, session)]);
    }
}

pub mod submission;
#[cfg(test)]
mod tests;
