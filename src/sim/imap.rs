//! IMAP4rev1 as Exchange Online speaks it.

mod command;
mod fetch;
mod folder;
mod search;
mod selected;
mod structure;
mod writing;

use crate::outcome::Phase;

use self::command::{Argument, Command, Stage};
use self::selected::Selected;
use super::authorization::{self, Refusal};
use super::connection::{Closed, Connection, Received};
use super::fault::Fault;
use super::mailbox::Mailbox;
use super::protocol::{Protocol, Trouble};
use super::{identifiers, sasl};

/// After this many commands that are unknown or out of place, and after this many refused logins, the server hangs up.
const MISTAKES: u32 = 3;
/// The longest command taken, its literals included: before the login, and then, when it may bring a mail.
const COMMAND: [usize; 2] = [64 * 1024, 1024 * 1024];
/// The time for which a throttled client is told to stay away.
const BACK_OFF_MILLISECONDS: u32 = 89_117;

const UNKNOWN: &str = "Command Error. 12";
const NOT_ASCII: &str = "Command Error. 11";
const OUT_OF_PLACE: &str = "Command received in Invalid state.";
const WRONG_ARGUMENTS: &str = "Command Argument Error. 11";
const BYE: &str = "* BYE Microsoft Exchange Server IMAP4 server signing off.\r\n";
const BYE_14: &str = "* BYE Connection closed. 14\r\n";

/// A whole session, from the greeting on.
pub(super) async fn serve(mut connection: Connection) -> Result<(), Closed> {
    let greeting = format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]\r\n", identifiers::greeting_bracket());
    connection.greet(&greeting, "* BYE Connection is closed. 13\r\n").await?;
    let mut session = Session::default();
    loop {
        let text = session.read_command(&mut connection).await?;
        let Some(command) = Command::read(&text) else {
            session.protocol_error(&mut connection, tag(&text), UNKNOWN).await?;
            continue;
        };
        if command.name == "STARTTLS" && !connection.secure && !connection.has(Fault::StarttlsNotOffered) {
            let ready = format!("{} OK Begin TLS negotiation now.\r\n", command.tag);
            if connection.answer_starttls(&ready, &format!("{} NO Server Unavailable. 15\r\n", command.tag)).await? {
                connection = connection.upgrade().await?;
                session = Session::default();
            }
            continue;
        }
        session.execute(&mut connection, &command).await?;
    }
}

/// Returns the tag with which the reply to that line begins.
fn tag(line: &str) -> &str {
    line.split(' ').next().filter(|tag| command::is_tag(tag)).unwrap_or("*")
}

/// The server's state of a client's session.
#[derive(Default)]
struct Session {
    mistakes: u32,
    user: Option<String>,
    selected: Option<Selected>,
}

impl Session {
    /// A whole command: its line, and what its literals bring.
    async fn read_command(&mut self, connection: &mut Connection) -> Result<String, Closed> {
        let mut text = String::new();
        loop {
            match connection.read_line().await? {
                // Only a literal may hold anything else.
                Received::Line(line) if !line.is_ascii() => {
                    self.protocol_error(connection, tag(&format!("{text}{line}")), NOT_ASCII).await?;
                    text.clear();
                    continue;
                }
                Received::Line(line) => text.push_str(&line),
                Received::TooLong => return self.close(connection, "* BAD Command Error. 10\r\n").await,
                Received::Idle => return self.close(connection, "* BYE Connection is closed. 13\r\n").await,
            }
            let Some((size, waits)) = command::literal(&text) else { return Ok(text) };
            if text.len().saturating_add(size) > COMMAND[usize::from(self.user.is_some())] {
                return self.close(connection, "* BAD Command Error. 10\r\n").await;
            }
            if waits {
                connection.write("+ Ready for additional command text.\r\n").await?;
            }
            text.push_str("\r\n");
            text.push_str(&command::text_of(connection.read_exact(size).await?));
        }
    }

    async fn close(&self, connection: &mut Connection, reply: &str) -> Result<String, Closed> {
        connection.write_and_close(reply).await.map(|()| String::new())
    }

    async fn protocol_error(&mut self, connection: &mut Connection, tag: &str, words: &str) -> Result<(), Closed> {
        self.mistakes += 1;
        let reply = format!("{tag} BAD {words}\r\n");
        if self.mistakes < MISTAKES {
            connection.write(&reply).await
        } else {
            connection.write_and_close(&(reply + BYE_14)).await
        }
    }

    async fn execute(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Closed> {
        let tag = &command.tag;
        let Some(stage) = command.stage() else { return self.protocol_error(connection, tag, UNKNOWN).await };
        let in_place = match stage {
            Stage::Any => true,
            Stage::Stranger => self.user.is_none(),
            Stage::User => self.user.is_some(),
            Stage::Selected => self.selected.is_some(),
        };
        if !in_place {
            return self.protocol_error(connection, tag, OUT_OF_PLACE).await;
        }
        match (command.name.as_str(), command.arguments.as_slice()) {
            ("CAPABILITY", []) => {
                let reply = format!("* CAPABILITY {}\r\n{tag} OK CAPABILITY completed.\r\n", self.capabilities(connection));
                connection.write(&reply).await
            }
            ("NOOP", []) if self.selected.is_none() => connection.write(&format!("{tag} OK NOOP completed.\r\n")).await,
            ("ID", [_]) => {
                let reply = format!(
                    "* ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\" \"version\" \"15.20\")\r\n{tag} OK ID completed.\r\n"
                );
                connection.write(&reply).await
            }
            ("LOGOUT", []) => connection.write_and_close(&format!("{BYE}{tag} OK LOGOUT completed.\r\n")).await,
            ("STARTTLS", []) => {
                self.protocol_error(connection, tag, if connection.secure { OUT_OF_PLACE } else { UNKNOWN }).await
            }
            ("AUTHENTICATE", [Argument::Text(mechanism)]) => self.authenticate(connection, tag, mechanism, None).await,
            ("AUTHENTICATE", [Argument::Text(mechanism), Argument::Text(initial)]) => {
                self.authenticate(connection, tag, mechanism, Some(initial)).await
            }
            ("LOGIN", [Argument::Text(_), Argument::Text(_)]) => {
                connection.write_and_close(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await
            }
            _ if self.user.is_some() => self.open(connection, command).await,
            _ => wrong_arguments(connection, tag).await,
        }
    }

    fn capabilities(&self, connection: &Connection) -> String {
        let mut words = vec!["IMAP4", "IMAP4rev1"];
        if self.user.is_some() {
            return "IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION \
                    BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
                .to_owned();
        }
        if connection.secure && !connection.has(Fault::MechanismNotOffered) {
            words.push("AUTH=XOAUTH2");
        }
        if !connection.secure && !connection.has(Fault::StarttlsNotOffered) {
            words.push("STARTTLS");
        }
        words.extend(["LOGINDISABLED", "SASL-IR", "UIDPLUS", "ID", "UNSELECT", "CHILDREN", "IDLE", "NAMESPACE", "LITERAL+"]);
        words.join(" ")
    }

    async fn authenticate(
        &mut self,
        connection: &mut Connection,
        tag: &str,
        mechanism: &str,
        initial: Option<&str>,
    ) -> Result<(), Closed> {
        if mechanism.eq_ignore_ascii_case("PLAIN") || mechanism.eq_ignore_ascii_case("LOGIN") {
            return connection.write_and_close(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await;
        }
        if !mechanism.eq_ignore_ascii_case("XOAUTH2") || connection.has(Fault::MechanismNotOffered) {
            return wrong_arguments(connection, tag).await;
        }
        if !connection.secure {
            return self.protocol_error(connection, tag, OUT_OF_PLACE).await;
        }
        let line = if let Some(text) = initial {
            text.to_owned()
        } else {
            connection.write("+ \r\n").await?;
            match connection.read_line().await? {
                Received::Line(line) => line,
                Received::TooLong => {
                    return connection.write_and_close(&format!("{tag} BAD Command Error. 10\r\n{BYE_14}")).await;
                }
                Received::Idle => return connection.write_and_close("* BYE Connection is closed. 13\r\n").await,
            }
        };
        if line == "*" {
            return connection.write(&format!("{tag} BAD The AUTH protocol exchange was canceled by the client.\r\n")).await;
        }
        self.check_login(connection, tag, &line).await
    }

    async fn check_login(&mut self, connection: &mut Connection, tag: &str, line: &str) -> Result<(), Closed> {
        let view = connection.view();
        let login = sasl::xoauth2(line);
        let verdict = match &login {
            Some(login) => {
                let token = connection.state.verify_token(login.token.expose());
                authorization::login(&view.tenant, Protocol::Imap, &token, &login.user, identifiers::unix_now())
            }
            None => Err(Refusal::TokenUnreadable),
        };
        connection.delay_verdict(verdict.is_err()).await?;
        if connection.has(Fault::BasicAuthBlocked) {
            return connection.write_and_close(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await;
        }
        if connection.has(Fault::ProtocolError) {
            return connection.write(&format!("{tag} BAD Command Error. 10\r\n")).await;
        }
        match verdict {
            Ok(mailbox) => {
                self.user = Some(mailbox.address.clone());
                connection.write(&format!("{tag} OK AUTHENTICATE completed.\r\n")).await
            }
            Err(refusal) => {
                self.mistakes += 1;
                let user = login.map(|login| login.user).unwrap_or_default();
                let (reply, last) = refused(tag, refusal, &user);
                if last || self.mistakes >= MISTAKES {
                    connection.write_and_close(&(reply + BYE_14)).await
                } else {
                    connection.write(&reply).await
                }
            }
        }
    }

    /// Commands that need a mailbox.
    async fn open(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Closed> {
        connection.pause(Phase::Mailbox).await;
        let view = connection.view();
        let Some(mailbox) = self.user.as_deref().and_then(|user| view.tenant.mailbox(user)) else {
            return connection
                .write_and_close(&format!("{} BAD User is authenticated but not connected.\r\n{BYE_14}", command.tag))
                .await;
        };
        if command.name == "IDLE" && command.arguments.is_empty() {
            let address = mailbox.address.clone();
            return self.idle(connection, &command.tag, &address).await;
        }
        let reply = if writing::is_writing(command) {
            self.write(connection, &mailbox.address, command)
        } else {
            folder::reply(mailbox, &mut self.selected, command)
        };
        match reply {
            Some(reply) => {
                self.keep(connection, mailbox);
                connection.write(&reply).await
            }
            None => wrong_arguments(connection, &command.tag).await,
        }
    }

    /// Carries out a command that writes to the mailbox; `None` where its arguments are wrong.
    fn write(&mut self, connection: &Connection, address: &str, command: &Command) -> Option<String> {
        let mut replies = None;
        connection.state.change(|tenant| {
            replies = tenant.mailbox_mut(address).and_then(|mailbox| writing::reply(mailbox, &mut self.selected, command));
        });
        let [untagged, tagged] = replies?;
        let view = connection.view();
        let news = view.tenant.mailbox(address).map(|mailbox| folder::refreshed(mailbox, &mut self.selected));
        Some(format!("{untagged}{}{tagged}", news.unwrap_or_default()))
    }

    /// Tells the client what others do to the folder until it has heard enough (RFC 2177).
    async fn idle(&mut self, connection: &mut Connection, tag: &str, address: &str) -> Result<(), Closed> {
        let mut changes = connection.state.changes();
        connection.write("+ IDLE accepted, awaiting DONE command.\r\n").await?;
        loop {
            let view = changes.borrow_and_update().clone();
            let news = view.tenant.mailbox(address).map(|mailbox| folder::refreshed(mailbox, &mut self.selected));
            if let Some(news) = news.filter(|news| !news.is_empty()) {
                connection.write(&news).await?;
            }
            let line = tokio::select! {
                line = connection.read_line() => line?,
                Ok(()) = changes.changed() => continue,
            };
            return match line {
                Received::Line(line) if line.eq_ignore_ascii_case("DONE") => {
                    connection.write(&format!("{tag} OK IDLE completed.\r\n")).await
                }
                Received::Idle => connection.write_and_close("* BYE Connection is closed. 13\r\n").await,
                _ => connection.write_and_close(&format!("{tag} BAD Command Error. 12\r\n{BYE_14}")).await,
            };
        }
    }

    /// Writes to the mailbox what STORE, EXPUNGE and reading have changed.
    fn keep(&mut self, connection: &Connection, mailbox: &Mailbox) {
        if let Some(selected) = self.selected.as_mut().filter(|selected| selected.has_changes()) {
            connection.state.change(|tenant| {
                if let Some(mailbox) = tenant.mailbox_mut(&mailbox.address) {
                    selected.apply(mailbox);
                }
            });
        }
        self.selected.take_if(|selected| selected.closed);
    }
}

/// Such a command counts as no mistake: clients that try what a server can go on.
async fn wrong_arguments(connection: &mut Connection, tag: &str) -> Result<(), Closed> {
    connection.write(&format!("{tag} BAD {WRONG_ARGUMENTS}\r\n")).await
}

/// The reply to a refused login, and whether the server hangs up with it.
fn refused(tag: &str, refusal: Refusal, user: &str) -> (String, bool) {
    let denied =
        |what: &str| format!("{tag} NO AUTHENTICATE failed. [Error=\"{what}\" Proxy={}:1993:SSL]\r\n", identifiers::BACK_END);
    match refusal {
        // Seen since 2025: the token is good, but there is no session with this mailbox.
        Refusal::NotConnected | Refusal::ProtocolDisabled => {
            (format!("{tag} NO User is authenticated but not connected.\r\n"), false)
        }
        Refusal::NotRegistered => {
            (denied(&format!("AuthFailed:LogonDenied-None-OAuthLog:AuthExc_Auth Failed. User:{}", printable(user))), false)
        }
        Refusal::NoMailbox => (denied("AuthFailed:NoADRecipient"), false),
        Refusal::Ambiguous => (denied("AuthFailed:TooManyADRecipients"), false),
        Refusal::Trouble(Trouble::Throttled) => {
            (format!("{tag} NO Request is throttled. Suggested Backoff Time: {BACK_OFF_MILLISECONDS} milliseconds\r\n"), true)
        }
        Refusal::Trouble(Trouble::Invalidated) => ("* BYE Session invalidated - Disabled\r\n".to_owned(), true),
        Refusal::Trouble(Trouble::TooManyConnections) => {
            (format!("{tag} BAD User is authenticated but not connected.\r\n"), true)
        }
        Refusal::Trouble(Trouble::Unavailable) => (format!("{tag} NO Server Unavailable. 15\r\n"), false),
        _ => (format!("{tag} NO AUTHENTICATE failed.\r\n"), false),
    }
}

/// `text` without what would end the bracket it stands in.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | ']')).take(128).collect()
}
