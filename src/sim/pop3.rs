//! POP3 as Exchange Online speaks it.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::outcome::Phase;

use super::authorization::{self, Refusal};
use super::connection::{Closed, Connection, Received};
use super::fault::Fault;
use super::mailbox::Message;
use super::protocol::{Protocol, Trouble};
use super::{identifiers, sasl};

/// After this many refused logins the server hangs up.
const LOGINS: u32 = 3;
/// After this many unknown commands the server hangs up.
const MISTAKES: u32 = 3;

const BASIC_DISABLED: &str = "-ERR Basic authentication is disabled\r\n";
const NOT_CONNECTED: &str = "-ERR User is authenticated but not connected.\r\n";
const WRONG_STATE: &str = "-ERR Command is not valid in this state.\r\n";

/// A whole session, from the greeting on.
pub(super) async fn serve(mut connection: Connection) -> Result<(), Closed> {
    let greeting = format!("+OK The Microsoft Exchange POP3 service is ready. [{}]\r\n", identifiers::greeting_bracket());
    connection.greet(&greeting, "-ERR The service is not available to this address.\r\n").await?;
    let mut session = Session::default();
    loop {
        let line = match connection.read_line().await? {
            Received::Line(line) => line,
            Received::TooLong => return connection.write_and_close("-ERR Protocol error. Connection is closed. 10\r\n").await,
            Received::Idle => return connection.write_and_close("-ERR Connection is closed. 12\r\n").await,
        };
        if line.eq_ignore_ascii_case("STLS") && !connection.secure && !connection.has(Fault::StarttlsNotOffered) {
            if connection.answer_starttls("+OK Begin TLS negotiation.\r\n", "-ERR Server Unavailable. 21\r\n").await? {
                connection = connection.upgrade().await?;
                session = Session::default();
            }
            continue;
        }
        session.execute(&mut connection, &line).await?;
    }
}

/// The server's state of a client's session.
#[derive(Default)]
struct Session {
    user: Option<String>,
    refusals: u32,
    mistakes: u32,
    opened: Option<Opened>,
}

/// After a successful AUTH: the maildrop, locked as it was then, or none where it could not be opened.
struct Opened {
    address: String,
    messages: Option<Vec<Message>>,
    deleted: BTreeSet<usize>,
}

impl Session {
    async fn execute(&mut self, connection: &mut Connection, line: &str) -> Result<(), Closed> {
        if !line.is_ascii() {
            return self.protocol_error(connection, "-ERR Protocol error. 17\r\n").await;
        }
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let command = words.next().unwrap_or_default().to_ascii_uppercase();
        let arguments: Vec<&str> = words.collect();
        match (command.as_str(), arguments.as_slice()) {
            ("CAPA", []) => connection.write(&capabilities(connection)).await,
            ("QUIT", []) => self.quit(connection).await,
            ("AUTH", _) if self.opened.is_some() || !connection.secure => connection.write(WRONG_STATE).await,
            ("AUTH", [mechanism]) if mechanism.eq_ignore_ascii_case("XOAUTH2") && !connection.has(Fault::MechanismNotOffered) => {
                self.authenticate(connection).await
            }
            ("AUTH", [mechanism]) if mechanism.eq_ignore_ascii_case("PLAIN") => connection.write(BASIC_DISABLED).await,
            ("AUTH", [_]) => self.protocol_error(connection, "-ERR Protocol error. 14\r\n").await,
            // The line is held to the length of ordinary commands: a token never fits behind AUTH.
            ("AUTH", [_, _, ..]) => connection.write_and_close("-ERR Protocol error. Connection is closed. 10\r\n").await,
            ("USER", [user]) if self.opened.is_none() => {
                self.user = Some((*user).to_owned());
                connection.write("+OK\r\n").await
            }
            ("PASS", [_, ..]) if self.opened.is_none() && self.user.is_some() => connection.write(BASIC_DISABLED).await,
            ("STAT" | "LIST" | "UIDL" | "RETR" | "TOP" | "DELE" | "RSET" | "NOOP", _) => {
                self.transact(connection, &command, &arguments).await
            }
            ("USER" | "PASS", _) => connection.write(WRONG_STATE).await,
            ("CAPA" | "QUIT" | "AUTH", _) => self.protocol_error(connection, "-ERR Protocol error. 16\r\n").await,
            _ => self.protocol_error(connection, "-ERR Protocol error. 19\r\n").await,
        }
    }

    async fn protocol_error(&mut self, connection: &mut Connection, reply: &str) -> Result<(), Closed> {
        self.mistakes += 1;
        if self.mistakes < MISTAKES {
            connection.write(reply).await
        } else {
            connection.write_and_close("-ERR Protocol error. Connection is closed. 20\r\n").await
        }
    }

    async fn authenticate(&mut self, connection: &mut Connection) -> Result<(), Closed> {
        connection.write("+ \r\n").await?;
        let line = match connection.read_line().await? {
            Received::Line(line) => line,
            Received::TooLong => return connection.write_and_close("-ERR Protocol error. Connection is closed. 10\r\n").await,
            Received::Idle => return connection.write_and_close("-ERR Connection is closed. 12\r\n").await,
        };
        if line == "*" {
            return connection.write("-ERR The AUTH protocol exchange was canceled by the client.\r\n").await;
        }
        let view = connection.view();
        let login = sasl::xoauth2(&line);
        let verdict = match &login {
            Some(login) => {
                let token = connection.state.verify_token(login.token.expose());
                authorization::login(&view.tenant, Protocol::Pop3, &token, &login.user, identifiers::unix_now())
            }
            None => Err(Refusal::TokenUnreadable),
        };
        connection.delay_verdict(verdict.is_err()).await?;
        if connection.has(Fault::BasicAuthBlocked) {
            return connection.write(BASIC_DISABLED).await;
        }
        if connection.has(Fault::ProtocolError) {
            return connection.write("-ERR Protocol error. 18\r\n").await;
        }
        let messages = match verdict {
            Ok(mailbox) => Some(mailbox.messages.clone()),
            Err(Refusal::NotConnected) => None,
            Err(refusal) => return self.refuse(connection, refusal).await,
        };
        let address = login.map(|login| login.user).unwrap_or_default();
        self.opened = Some(Opened { address, messages, deleted: BTreeSet::new() });
        // Said whether or not the mailbox could be opened: only the next command tells.
        connection.write("+OK User successfully authenticated.\r\n").await
    }

    async fn refuse(&mut self, connection: &mut Connection, refusal: Refusal) -> Result<(), Closed> {
        self.refusals += 1;
        match refusal {
            Refusal::Trouble(Trouble::Unavailable) => connection.write_and_close("-ERR Server Unavailable. 21\r\n").await,
            Refusal::Trouble(Trouble::Invalidated) => connection.write_and_close("-ERR Session invalidated - Disabled\r\n").await,
            Refusal::Trouble(_) => connection.write_and_close("-ERR Connection is closed. 22\r\n").await,
            _ if self.refusals < LOGINS => {
                connection.write("-ERR Authentication failure: unknown user name or bad password.\r\n").await
            }
            // The second line really comes without -ERR.
            _ => {
                connection
                    .write_and_close(
                        "-ERR Authentication failure: unknown user name or bad password.\r\nConnection is closed. 21\r\n",
                    )
                    .await
            }
        }
    }

    async fn transact(&mut self, connection: &mut Connection, command: &str, arguments: &[&str]) -> Result<(), Closed> {
        let Some(opened) = &mut self.opened else { return connection.write(WRONG_STATE).await };
        if opened.messages.is_none() {
            return connection.write(NOT_CONNECTED).await;
        }
        connection.pause(Phase::Mailbox).await;
        let reply = opened.reply(command, arguments);
        connection.write(&reply.unwrap_or_else(|| "-ERR Protocol error. 14\r\n".to_owned())).await
    }

    async fn quit(&mut self, connection: &mut Connection) -> Result<(), Closed> {
        if let Some(opened) = &self.opened {
            let gone: Vec<u32> = opened.deleted.iter().filter_map(|at| Some(opened.messages.as_ref()?.get(*at)?.uid)).collect();
            if !gone.is_empty() {
                connection.state.change(|tenant| {
                    if let Some(mailbox) = tenant.mailbox_mut(&opened.address) {
                        mailbox.messages.retain(|message| !gone.contains(&message.uid));
                    }
                });
            }
        }
        connection.write_and_close("+OK Microsoft Exchange Server POP3 server signing off.\r\n").await
    }
}

/// Returns the reply to CAPA.
fn capabilities(connection: &Connection) -> String {
    let mut text = "+OK\r\nTOP\r\nUIDL\r\n".to_owned();
    if connection.secure && !connection.has(Fault::MechanismNotOffered) {
        text.push_str("SASL XOAUTH2\r\n");
    } else if !connection.secure && !connection.has(Fault::StarttlsNotOffered) {
        text.push_str("STLS\r\n");
    }
    text + ".\r\n"
}

impl Opened {
    /// The reply; `None` where the arguments are wrong.
    fn reply(&mut self, command: &str, arguments: &[&str]) -> Option<String> {
        let numbers: Vec<usize> = arguments.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let (count, octets) =
            self.present().fold((0, 0), |(count, octets), (_, message)| (count + 1, octets + message.text.len()));
        Some(match (command, numbers.as_slice()) {
            ("STAT", []) => format!("+OK {count} {octets}\r\n"),
            ("LIST", []) => self.listing(&format!("+OK {count} {octets}\r\n"), |message| message.text.len().to_string()),
            ("UIDL", []) => self.listing("+OK\r\n", |message| message.uid.to_string()),
            ("LIST", [number]) => self.one(*number, |message| format!("+OK {number} {}\r\n", message.text.len())),
            ("UIDL", [number]) => self.one(*number, |message| format!("+OK {number} {}\r\n", message.uid)),
            ("RETR", [number]) => self.one(*number, |message| format!("+OK\r\n{}", stuffed(&message.text))),
            ("TOP", [number, lines]) => self.one(*number, |message| format!("+OK\r\n{}", stuffed(&top(&message.text, *lines)))),
            ("DELE", [number]) => self.delete(*number),
            ("RSET", []) => {
                self.deleted.clear();
                "+OK\r\n".to_owned()
            }
            ("NOOP", []) => "+OK\r\n".to_owned(),
            _ => return None,
        })
    }

    /// Messages not deleted, with their place.
    fn present(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.messages.iter().flatten().enumerate().filter(|(at, _)| !self.deleted.contains(at))
    }

    fn listing(&self, first: &str, describe: impl Fn(&Message) -> String) -> String {
        let mut text = first.to_owned();
        for (at, message) in self.present() {
            let _ = write!(text, "{} {}\r\n", at + 1, describe(message));
        }
        text + ".\r\n"
    }

    fn one(&self, number: usize, describe: impl Fn(&Message) -> String) -> String {
        let found = self.present().find(|(at, _)| at + 1 == number);
        found.map_or_else(|| NO_SUCH_MESSAGE.to_owned(), |(_, message)| describe(message))
    }

    fn delete(&mut self, number: usize) -> String {
        let Some((at, _)) = self.present().find(|(at, _)| at + 1 == number) else { return NO_SUCH_MESSAGE.to_owned() };
        self.deleted.insert(at);
        "+OK\r\n".to_owned()
    }
}

const NO_SUCH_MESSAGE: &str = "-ERR The specified message is out of range.\r\n";

/// A message with its dots doubled and its end marked (RFC 1939, section 3).
fn stuffed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive("\r\n") {
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
    }
    out + ".\r\n"
}

/// The header and the first `lines` lines of the body.
fn top(text: &str, lines: usize) -> String {
    let (header, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let body: String = body.split_inclusive("\r\n").take(lines).collect();
    format!("{header}\r\n\r\n{body}")
}
