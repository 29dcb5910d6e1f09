//! IMAP4rev1 as Exchange Online speaks it.

mod command;
mod fetch;
mod folder;
mod search;
mod selected;
mod structure;

use crate::outcome::Phase;

use self::command::{Argument, Command, Stage};
use self::selected::Selected;
use super::access::{self, Refusal};
use super::directory::{Protocol, Trouble};
use super::fault::Fault;
use super::mailbox::Mailbox;
use super::talk::{Heard, Over, Talk};
use super::{id, sasl};

/// After this many commands that are unknown or out of place, and after this many refused logins, the server hangs up.
const MISTAKES: u32 = 3;
/// The longest command taken, its literals included.
const COMMAND: usize = 64 * 1024;
/// How long a throttled client is told to stay away.
const BACK_OFF_MILLISECONDS: u32 = 89_117;

const UNKNOWN: &str = "Command Error. 12";
const NOT_ASCII: &str = "Command Error. 11";
const OUT_OF_PLACE: &str = "Command received in Invalid state.";
const WRONG_ARGUMENTS: &str = "Command Argument Error. 11";
const BYE: &str = "* BYE Microsoft Exchange Server IMAP4 server signing off.\r\n";
const BYE_14: &str = "* BYE Connection closed. 14\r\n";

/// A whole session, from the greeting on.
pub(super) async fn serve(mut talk: Talk) -> Result<(), Over> {
    let greeting = format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]\r\n", id::greeting_bracket());
    talk.greet(&greeting, "* BYE Connection is closed. 13\r\n").await?;
    let mut session = Session::default();
    loop {
        let text = session.listen(&mut talk).await?;
        let Some(command) = Command::read(&text) else {
            session.mistake(&mut talk, tag(&text), UNKNOWN).await?;
            continue;
        };
        if command.name == "STARTTLS" && !talk.secure && !talk.has(Fault::StarttlsNotOffered) {
            let ready = format!("{} OK Begin TLS negotiation now.\r\n", command.tag);
            if talk.offer_tls(&ready, &format!("{} NO Server Unavailable. 15\r\n", command.tag)).await? {
                talk = talk.upgrade().await?;
                session = Session::default();
            }
            continue;
        }
        session.obey(&mut talk, &command).await?;
    }
}

/// What a reply to that line begins with.
fn tag(line: &str) -> &str {
    line.split(' ').next().filter(|tag| command::is_tag(tag)).unwrap_or("*")
}

/// What the server remembers of a client.
#[derive(Default)]
struct Session {
    mistakes: u32,
    user: Option<String>,
    selected: Option<Selected>,
}

impl Session {
    /// A whole command: its line, and what its literals bring.
    async fn listen(&mut self, talk: &mut Talk) -> Result<String, Over> {
        let mut text = String::new();
        loop {
            match talk.line().await? {
                // Only a literal may hold anything else.
                Heard::Line(line) if !line.is_ascii() => {
                    self.mistake(talk, tag(&format!("{text}{line}")), NOT_ASCII).await?;
                    text.clear();
                    continue;
                }
                Heard::Line(line) => text.push_str(&line),
                Heard::TooLong => return self.hang_up(talk, "* BAD Command Error. 10\r\n").await,
                Heard::Idle => return self.hang_up(talk, "* BYE Connection is closed. 13\r\n").await,
            }
            let Some((size, waits)) = command::literal(&text) else { return Ok(text) };
            if text.len().saturating_add(size) > COMMAND {
                return self.hang_up(talk, "* BAD Command Error. 10\r\n").await;
            }
            if waits {
                talk.say("+ Ready for additional command text.\r\n").await?;
            }
            text.push_str("\r\n");
            text.push_str(&command::text_of(talk.exactly(size).await?));
        }
    }

    async fn hang_up(&self, talk: &mut Talk, reply: &str) -> Result<String, Over> {
        talk.part(reply).await.map(|()| String::new())
    }

    async fn mistake(&mut self, talk: &mut Talk, tag: &str, words: &str) -> Result<(), Over> {
        self.mistakes += 1;
        let reply = format!("{tag} BAD {words}\r\n");
        if self.mistakes < MISTAKES { talk.say(&reply).await } else { talk.part(&(reply + BYE_14)).await }
    }

    async fn obey(&mut self, talk: &mut Talk, command: &Command) -> Result<(), Over> {
        let tag = &command.tag;
        let Some(stage) = command.stage() else { return self.mistake(talk, tag, UNKNOWN).await };
        let in_place = match stage {
            Stage::Any => true,
            Stage::Stranger => self.user.is_none(),
            Stage::User => self.user.is_some(),
            Stage::Selected => self.selected.is_some(),
        };
        if !in_place {
            return self.mistake(talk, tag, OUT_OF_PLACE).await;
        }
        match (command.name.as_str(), command.arguments.as_slice()) {
            ("CAPABILITY", []) => {
                let reply = format!("* CAPABILITY {}\r\n{tag} OK CAPABILITY completed.\r\n", self.capabilities(talk));
                talk.say(&reply).await
            }
            ("NOOP", []) if self.selected.is_none() => talk.say(&format!("{tag} OK NOOP completed.\r\n")).await,
            ("ID", [_]) => {
                let reply = format!(
                    "* ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\" \"version\" \"15.20\")\r\n{tag} OK ID completed.\r\n"
                );
                talk.say(&reply).await
            }
            ("LOGOUT", []) => talk.part(&format!("{BYE}{tag} OK LOGOUT completed.\r\n")).await,
            ("STARTTLS", []) => self.mistake(talk, tag, if talk.secure { OUT_OF_PLACE } else { UNKNOWN }).await,
            ("AUTHENTICATE", [Argument::Text(mechanism)]) => self.authenticate(talk, tag, mechanism, None).await,
            ("AUTHENTICATE", [Argument::Text(mechanism), Argument::Text(initial)]) => {
                self.authenticate(talk, tag, mechanism, Some(initial)).await
            }
            ("LOGIN", [Argument::Text(_), Argument::Text(_)]) => {
                talk.part(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await
            }
            _ if self.user.is_some() => self.open(talk, command).await,
            _ => wrong_arguments(talk, tag).await,
        }
    }

    fn capabilities(&self, talk: &Talk) -> String {
        let mut words = vec!["IMAP4", "IMAP4rev1"];
        if self.user.is_some() {
            return "IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION \
                    BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+"
                .to_owned();
        }
        if talk.secure && !talk.has(Fault::MechanismNotOffered) {
            words.push("AUTH=XOAUTH2");
        }
        if !talk.secure && !talk.has(Fault::StarttlsNotOffered) {
            words.push("STARTTLS");
        }
        words.extend(["LOGINDISABLED", "SASL-IR", "UIDPLUS", "ID", "UNSELECT", "CHILDREN", "IDLE", "NAMESPACE", "LITERAL+"]);
        words.join(" ")
    }

    async fn authenticate(&mut self, talk: &mut Talk, tag: &str, mechanism: &str, initial: Option<&str>) -> Result<(), Over> {
        if mechanism.eq_ignore_ascii_case("PLAIN") || mechanism.eq_ignore_ascii_case("LOGIN") {
            return talk.part(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await;
        }
        if !mechanism.eq_ignore_ascii_case("XOAUTH2") || talk.has(Fault::MechanismNotOffered) {
            return wrong_arguments(talk, tag).await;
        }
        if !talk.secure {
            return self.mistake(talk, tag, OUT_OF_PLACE).await;
        }
        let line = if let Some(text) = initial {
            text.to_owned()
        } else {
            talk.say("+ \r\n").await?;
            match talk.line().await? {
                Heard::Line(line) => line,
                Heard::TooLong => return talk.part(&format!("{tag} BAD Command Error. 10\r\n{BYE_14}")).await,
                Heard::Idle => return talk.part("* BYE Connection is closed. 13\r\n").await,
            }
        };
        if line == "*" {
            return talk.say(&format!("{tag} BAD The AUTH protocol exchange was canceled by the client.\r\n")).await;
        }
        self.judge(talk, tag, &line).await
    }

    async fn judge(&mut self, talk: &mut Talk, tag: &str, line: &str) -> Result<(), Over> {
        let view = talk.view();
        let login = sasl::xoauth2(line);
        let verdict = match &login {
            Some(login) => {
                let token = talk.state.present(login.token.expose());
                access::login(&view.tenant, Protocol::Imap, &token, &login.user, id::unix_now())
            }
            None => Err(Refusal::TokenUnreadable),
        };
        talk.deliberate(verdict.as_ref().err().copied()).await?;
        if talk.has(Fault::BasicAuthBlocked) {
            return talk.part(&format!("{tag} NO Basic authentication is disabled.\r\n{BYE}")).await;
        }
        if talk.has(Fault::ProtocolError) {
            return talk.say(&format!("{tag} BAD Command Error. 10\r\n")).await;
        }
        match verdict {
            Ok(mailbox) => {
                self.user = Some(mailbox.address.clone());
                talk.say(&format!("{tag} OK AUTHENTICATE completed.\r\n")).await
            }
            Err(refusal) => {
                self.mistakes += 1;
                let user = login.map(|login| login.user).unwrap_or_default();
                let (reply, last) = refused(tag, refusal, &user);
                if last || self.mistakes >= MISTAKES { talk.part(&(reply + BYE_14)).await } else { talk.say(&reply).await }
            }
        }
    }

    /// Commands that need a mailbox.
    async fn open(&mut self, talk: &mut Talk, command: &Command) -> Result<(), Over> {
        talk.pause(Phase::Mailbox).await;
        let view = talk.view();
        let Some(mailbox) = self.user.as_deref().and_then(|user| view.tenant.mailbox(user)) else {
            return talk.part(&format!("{} BAD User is authenticated but not connected.\r\n{BYE_14}", command.tag)).await;
        };
        if command.name == "IDLE" && command.arguments.is_empty() {
            let news = folder::refreshed(mailbox, &mut self.selected);
            return idle(talk, &command.tag, &news).await;
        }
        match folder::reply(mailbox, &mut self.selected, command) {
            Some(reply) => {
                self.keep(talk, mailbox);
                talk.say(&reply).await
            }
            None => wrong_arguments(talk, &command.tag).await,
        }
    }

    /// Writes to the mailbox what STORE, EXPUNGE and reading have changed.
    fn keep(&mut self, talk: &Talk, mailbox: &Mailbox) {
        if let Some(selected) = self.selected.as_mut().filter(|selected| selected.has_changes()) {
            talk.state.change(|tenant| {
                if let Some(mailbox) = tenant.mailbox_mut(&mailbox.address) {
                    selected.apply(mailbox);
                }
            });
        }
        self.selected.take_if(|selected| selected.closed);
    }
}

/// Such a command counts as no mistake: clients that try what a server can go on.
async fn wrong_arguments(talk: &mut Talk, tag: &str) -> Result<(), Over> {
    talk.say(&format!("{tag} BAD {WRONG_ARGUMENTS}\r\n")).await
}

/// The reply to a refused login, and whether the server hangs up with it.
fn refused(tag: &str, refusal: Refusal, user: &str) -> (String, bool) {
    let denied = |what: &str| format!("{tag} NO AUTHENTICATE failed. [Error=\"{what}\" Proxy={}:1993:SSL]\r\n", id::BACK_END);
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
        Refusal::Trouble(Trouble::TooManyConnections | Trouble::SenderBlocked) => {
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

async fn idle(talk: &mut Talk, tag: &str, news: &str) -> Result<(), Over> {
    talk.say(&format!("+ IDLE accepted, awaiting DONE command.\r\n{news}")).await?;
    match talk.line().await? {
        Heard::Line(line) if line.eq_ignore_ascii_case("DONE") => talk.say(&format!("{tag} OK IDLE completed.\r\n")).await,
        Heard::Idle => talk.part("* BYE Connection is closed. 13\r\n").await,
        _ => talk.part(&format!("{tag} BAD Command Error. 12\r\n{BYE_14}")).await,
    }
}
