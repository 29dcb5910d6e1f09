//! SMTP submission as Exchange Online speaks it.

mod envelope;

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use crate::outcome::Phase;

use super::access::{self, Refusal};
use super::directory::{Protocol, Trouble};
use super::fault::Fault;
use super::talk::{Heard, Over, Talk};
use super::{id, sasl};

/// After this many refused logins the server hangs up.
const LOGINS: u32 = 3;
/// After this many other mistakes the server hangs up: the default of `Set-ReceiveConnector -MaxProtocolErrors`.
const MISTAKES: u32 = 5;
/// The largest message taken, as `SIZE` in EHLO says.
const SIZE: usize = 157_286_400;
/// Where a client on this machine seems to come from: an address of documentation (RFC 5737), as if a NAT stood between.
const SEEN: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// A whole session, from the greeting on.
pub(super) async fn serve(mut talk: Talk) -> Result<(), Over> {
    let mut session = Session::new();
    let greeting =
        format!("220 {} Microsoft ESMTP MAIL Service ready at {}\r\n", id::FRONT_END, id::mail_date(SystemTime::now()));
    // RFC 5321, section 3.1.
    talk.greet(&greeting, &session.worded("554 5.3.2 No SMTP service here")).await?;
    loop {
        let line = match talk.line().await? {
            Heard::Line(line) => line,
            Heard::TooLong => return talk.part(&session.worded("500 5.3.3 Line too long")).await,
            Heard::Idle => return talk.part(&session.worded("451 4.7.0 Timeout waiting for client input")).await,
        };
        if line.eq_ignore_ascii_case("STARTTLS") && !talk.secure && !talk.has(Fault::StarttlsNotOffered) {
            let refused = session.worded("454 4.7.0 TLS not available due to temporary reason");
            if talk.offer_tls("220 2.0.0 SMTP server ready\r\n", &refused).await? {
                talk = talk.upgrade().await?;
                session = Session::new();
            }
            continue;
        }
        session.obey(&mut talk, &line).await?;
    }
}

/// What the server remembers of a client.
struct Session {
    id: String,
    greeted: bool,
    mistakes: u32,
    refusals: u32,
    user: Option<String>,
    message: Option<Message>,
}

/// A message on its way.
#[derive(Default)]
struct Message {
    sender: String,
    recipients: usize,
    /// Whether only BDAT can carry it.
    binary: bool,
    /// What BDAT has brought so far.
    size: usize,
}

impl Session {
    fn new() -> Self {
        let id = id::hex(&id::random::<8>()).to_ascii_uppercase();
        Self { id, greeted: false, mistakes: 0, refusals: 0, user: None, message: None }
    }

    /// `text` with the bracket that ends every reply of Exchange Online.
    fn worded(&self, text: &str) -> String {
        format!("{text} {}\r\n", id::smtp_trailer(&self.id))
    }

    async fn obey(&mut self, talk: &mut Talk, line: &str) -> Result<(), Over> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(talk, true).await,
            "HELO" => self.hello(talk, false).await,
            "QUIT" => talk.part("221 2.0.0 Service closing transmission channel\r\n").await,
            "NOOP" => talk.say("250 2.0.0 OK\r\n").await,
            "HELP" => talk.say(HELP).await,
            "RSET" => {
                self.message = None;
                talk.say("250 2.0.0 Resetting\r\n").await
            }
            "VRFY" => talk.say("252 2.1.5 Cannot VRFY user\r\n").await,
            // What a client has announced comes, whether it is wanted or not.
            "BDAT" => self.chunk(talk, rest).await,
            "AUTH" | "MAIL" | "RCPT" | "DATA" if !self.greeted => self.mistake(talk, "503 5.5.2 Send hello first").await,
            "AUTH" => self.auth(talk, rest).await,
            "MAIL" => self.mail(talk, rest).await,
            "RCPT" => self.recipient(talk, rest).await,
            "DATA" => self.data(talk).await,
            "EXPN" | "TURN" | "ETRN" | "SEND" | "SOML" | "SAML" => self.mistake(talk, "502 5.3.3 Command not implemented").await,
            _ => self.mistake(talk, "500 5.3.3 Unrecognized command").await,
        }
    }

    async fn mistake(&mut self, talk: &mut Talk, reply: &str) -> Result<(), Over> {
        self.mistakes += 1;
        self.say_or_part(talk, reply, self.mistakes < MISTAKES).await
    }

    /// A refused login.
    async fn refuse(&mut self, talk: &mut Talk, reply: &str) -> Result<(), Over> {
        self.refusals += 1;
        self.say_or_part(talk, reply, self.refusals < LOGINS).await
    }

    async fn say_or_part(&self, talk: &mut Talk, reply: &str, goes_on: bool) -> Result<(), Over> {
        let reply = self.worded(reply);
        if goes_on {
            return talk.say(&reply).await;
        }
        let last = self.worded("421 4.7.0 Too many errors on this connection, closing transmission channel");
        talk.part(&(reply + &last)).await
    }

    async fn hello(&mut self, talk: &mut Talk, extended: bool) -> Result<(), Over> {
        (self.greeted, self.message) = (true, None);
        let seen = if talk.client.is_loopback() { SEEN } else { talk.client };
        let hello = format!("{} Hello [{seen}]", id::FRONT_END);
        if !extended {
            return talk.say(&format!("250 {hello}\r\n")).await;
        }
        let size = format!("SIZE {SIZE}");
        let (starttls, auth) =
            (!talk.secure && !talk.has(Fault::StarttlsNotOffered), talk.secure && !talk.has(Fault::MechanismNotOffered));
        let lines = [
            (true, hello.as_str()),
            (true, &size),
            (true, "PIPELINING"),
            (true, "DSN"),
            (true, "ENHANCEDSTATUSCODES"),
            (starttls, "STARTTLS"),
            (auth, "AUTH LOGIN XOAUTH2"),
            (true, "8BITMIME"),
            (true, "BINARYMIME"),
            (true, "CHUNKING"),
        ];
        let lines = lines.iter().filter(|(shown, _)| *shown);
        let reply = lines.fold(String::new(), |reply, (_, line)| reply + "250-" + line + "\r\n");
        talk.say(&(reply + "250 SMTPUTF8\r\n")).await
    }

    async fn auth(&mut self, talk: &mut Talk, rest: &str) -> Result<(), Over> {
        if self.user.is_some() || !talk.secure {
            return self.mistake(talk, "503 5.5.2 Bad sequence of commands").await;
        }
        let (mechanism, initial) = rest.split_once(' ').map_or((rest, None), |(mechanism, text)| (mechanism, Some(text.trim())));
        match mechanism.to_ascii_uppercase().as_str() {
            "XOAUTH2" if !talk.has(Fault::MechanismNotOffered) => {}
            "LOGIN" | "PLAIN" => return self.password(talk, initial).await,
            "" => return self.mistake(talk, "501 5.5.4 Invalid arguments").await,
            _ => return self.mistake(talk, "504 5.7.4 Unrecognized authentication type").await,
        }
        let line = match initial {
            Some(text) => text.to_owned(),
            None => self.ask(talk, "334 \r\n").await?,
        };
        if line == "*" {
            return talk.say(&self.worded("501 5.7.0 Authentication cancelled")).await;
        }
        self.judge(talk, &line).await
    }

    async fn ask(&self, talk: &mut Talk, prompt: &str) -> Result<String, Over> {
        talk.say(prompt).await?;
        match talk.line().await? {
            Heard::Line(line) => Ok(line),
            Heard::TooLong | Heard::Idle => Err(Over),
        }
    }

    /// LOGIN and PLAIN: asked for to the end, as Exchange does, then refused.
    async fn password(&mut self, talk: &mut Talk, initial: Option<&str>) -> Result<(), Over> {
        if initial.is_none() {
            // `Username:` and `Password:` in base64.
            for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                if self.ask(talk, prompt).await? == "*" {
                    return talk.say(&self.worded("501 5.7.0 Authentication cancelled")).await;
                }
            }
        }
        self.refuse(talk, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.").await
    }

    async fn judge(&mut self, talk: &mut Talk, line: &str) -> Result<(), Over> {
        let view = talk.view();
        let login = sasl::xoauth2(line);
        let verdict = match &login {
            Some(login) => {
                let token = talk.state.present(login.token.expose());
                access::login(&view.tenant, Protocol::Smtp, &token, &login.user, id::unix_now())
            }
            None => Err(Refusal::TokenUnreadable),
        };
        talk.deliberate(verdict.as_ref().err().copied()).await?;
        if let Some((_, reply)) = INSTEAD.iter().find(|(fault, _)| talk.has(*fault)) {
            return self.refuse(talk, reply).await;
        }
        match verdict {
            Ok(mailbox) => {
                self.user = Some(mailbox.address.clone());
                talk.say("235 2.7.0 Authentication successful\r\n").await
            }
            Err(Refusal::SmtpDisabledForTenant) => self.refuse(talk, &disabled("Tenant")).await,
            Err(Refusal::SmtpDisabledForMailbox) => self.refuse(talk, &disabled("Mailbox")).await,
            Err(Refusal::Trouble(Trouble::Throttled)) => {
                talk.part(&self.worded("451 4.7.500 Server busy. Please try again later.")).await
            }
            Err(Refusal::Trouble(Trouble::TooManyConnections)) => {
                talk.part(&self.worded("432 4.3.2 concurrent connection limit exceeded")).await
            }
            Err(Refusal::Trouble(Trouble::SenderBlocked)) => {
                self.refuse(talk, "550 5.1.8 Access denied, bad outbound sender").await
            }
            Err(Refusal::Trouble(Trouble::Unavailable | Trouble::Invalidated)) => {
                talk.part(&self.worded("454 4.7.0 Temporary authentication failure")).await
            }
            Err(_) => self.refuse(talk, "535 5.7.3 Authentication unsuccessful").await,
        }
    }

    async fn mail(&mut self, talk: &mut Talk, rest: &str) -> Result<(), Over> {
        if self.user.is_none() {
            return self.mistake(talk, "530 5.7.57 Client not authenticated to send mail.").await;
        }
        if self.message.is_some() {
            return self.mistake(talk, "503 5.5.2 Sender already specified").await;
        }
        let Some(path) = envelope::read(rest, "FROM:") else { return self.mistake(talk, "501 5.1.7 Invalid address").await };
        match path.judge_mail(SIZE) {
            Ok(binary) => {
                self.message = Some(Message { sender: path.address.to_owned(), binary, ..Message::default() });
                talk.say("250 2.1.0 Sender OK\r\n").await
            }
            Err(wrong) => self.mistake(talk, wrong).await,
        }
    }

    async fn recipient(&mut self, talk: &mut Talk, rest: &str) -> Result<(), Over> {
        let Some(message) = &mut self.message else { return self.mistake(talk, "503 5.5.2 Need mail command").await };
        match envelope::read(rest, "TO:") {
            Some(path) if path.address.contains('@') => match path.judge_rcpt() {
                Ok(()) => {
                    message.recipients += 1;
                    talk.say("250 2.1.5 Recipient OK\r\n").await
                }
                Err(wrong) => self.mistake(talk, wrong).await,
            },
            _ => self.mistake(talk, "501 5.1.3 Invalid address").await,
        }
    }

    /// Takes a message and throws it away.
    async fn data(&mut self, talk: &mut Talk) -> Result<(), Over> {
        match &self.message {
            Some(message) if message.recipients > 0 && (message.binary || message.size > 0) => {
                return self.mistake(talk, "503 5.5.2 Need BDAT command").await;
            }
            Some(message) if message.recipients > 0 => {}
            _ => return self.mistake(talk, "503 5.5.2 Need rcpt command").await,
        }
        talk.say("354 Start mail input; end with <CRLF>.<CRLF>\r\n").await?;
        let mut size: usize = 0;
        loop {
            match talk.line().await? {
                Heard::Line(line) if line == "." => break,
                Heard::Line(line) => size = size.saturating_add(line.len() + 2),
                Heard::TooLong => return talk.part(&self.worded("500 5.3.3 Line too long")).await,
                Heard::Idle => return Err(Over),
            }
        }
        if size > SIZE { self.too_large(talk).await } else { self.deliver(talk).await }
    }

    async fn too_large(&mut self, talk: &mut Talk) -> Result<(), Over> {
        self.message = None;
        talk.say(&self.worded("552 5.3.4 Message size exceeds fixed maximum message size")).await
    }

    async fn chunk(&mut self, talk: &mut Talk, rest: &str) -> Result<(), Over> {
        let (size, last) = rest.split_once(' ').map_or((rest, false), |(size, last)| (size, last.eq_ignore_ascii_case("LAST")));
        // What cannot be counted cannot be passed over.
        let Some(size) = size.parse::<usize>().ok().filter(|size| *size <= SIZE) else {
            return talk.part(&self.worded("501 5.5.4 Invalid arguments")).await;
        };
        let mut left = size;
        while left > 0 {
            let piece = left.min(64 * 1024);
            talk.exactly(piece).await?;
            left -= piece;
        }
        let Some(message) = self.message.as_mut().filter(|message| message.recipients > 0) else {
            return self.mistake(talk, "503 5.5.2 Need rcpt command").await;
        };
        message.size = message.size.saturating_add(size);
        if message.size > SIZE {
            self.too_large(talk).await
        } else if last {
            self.deliver(talk).await
        } else {
            talk.say(&format!("250 2.6.0 Chunk received OK, {size} octets\r\n")).await
        }
    }

    /// Says where the message went. A sender other than the mailbox that logged in may not send (`SendAs`).
    async fn deliver(&mut self, talk: &mut Talk) -> Result<(), Over> {
        talk.pause(Phase::Mailbox).await;
        let sender = self.message.take().unwrap_or_default().sender;
        let user = self.user.as_deref().unwrap_or_default();
        let view = talk.view();
        if !view.tenant.mailbox(user).is_some_and(|mailbox| mailbox.is_called(&sender)) {
            let reply = format!("554 5.2.252 SendAsDenied; {user} not allowed to send as {sender}");
            return talk.say(&self.worded(&reply)).await;
        }
        let reply = format!("250 2.0.0 OK <{}@{}> [Hostname={}]\r\n", id::guid(), id::FRONT_END, id::BACK_END);
        talk.say(&reply).await
    }
}

/// Exchange's own answer, whatever the connection's state.
const HELP: &str = "214-This server supports the following commands:\r\n\
                    214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT\r\n";

/// What is answered to a login, whatever its token, while a fault is in force.
const INSTEAD: &[(Fault, &str)] = &[
    (
        Fault::AuthPolicyBlocked,
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. \
         Contact your administrator.",
    ),
    (Fault::BasicAuthBlocked, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
    (
        Fault::TlsProtocolTooOld,
        "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. \
         Visit https://aka.ms/smtp_auth_tls.",
    ),
    (Fault::ProtocolError, "503 5.5.2 Bad sequence of commands"),
];

fn disabled(what: &str) -> String {
    format!(
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the {what}. \
         Visit https://aka.ms/smtp_auth_disabled for more information."
    )
}
