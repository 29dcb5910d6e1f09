//! SMTP submission as Exchange Online speaks it.

mod envelope;
mod refusal;

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use crate::outcome::Phase;

use super::authorization::{self, Refusal};
use super::connection::{Closed, Connection, Received};
use super::delivery::{self, Submission};
use super::fault::Fault;
use super::protocol::{Protocol, Trouble};
use super::{identifiers, sasl};

/// After this many refused logins the server hangs up.
const LOGINS: u32 = 3;
/// After this many other mistakes the server hangs up: the default of `Set-ReceiveConnector -MaxProtocolErrors`.
const MISTAKES: u32 = 5;
/// The largest message taken, as `SIZE` in EHLO says.
const SIZE: usize = 157_286_400;
/// The address that a client on this machine seems to have: one of documentation (RFC 5737), as if a NAT stood between.
const SEEN: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// A whole session, from the greeting on.
pub(super) async fn serve(mut connection: Connection) -> Result<(), Closed> {
    let mut session = Session::new();
    let greeting = format!(
        "220 {} Microsoft ESMTP MAIL Service ready at {}\r\n",
        identifiers::FRONT_END,
        identifiers::mail_date(SystemTime::now())
    );
    // RFC 5321, section 3.1.
    connection.greet(&greeting, &session.with_trailer("554 5.3.2 No SMTP service here")).await?;
    loop {
        let line = match connection.read_line().await? {
            Received::Line(line) => line,
            Received::TooLong => return connection.write_and_close(&session.with_trailer("500 5.3.3 Line too long")).await,
            Received::Idle => {
                return connection.write_and_close(&session.with_trailer("451 4.7.0 Timeout waiting for client input")).await;
            }
        };
        if line.eq_ignore_ascii_case("STARTTLS") && !connection.secure && !connection.has(Fault::StarttlsNotOffered) {
            let refused = session.with_trailer("454 4.7.0 TLS not available due to temporary reason");
            if connection.answer_starttls("220 2.0.0 SMTP server ready\r\n", &refused).await? {
                connection = connection.upgrade().await?;
                session = Session::new();
            }
            continue;
        }
        session.execute(&mut connection, &line).await?;
    }
}

/// The server's state of a client's session.
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
    recipients: Vec<String>,
    /// Set if only BDAT can carry it.
    binary: bool,
    /// The text that BDAT has brought so far.
    text: Vec<u8>,
}

impl Session {
    fn new() -> Self {
        let id = identifiers::hex(&identifiers::random::<8>()).to_ascii_uppercase();
        Self { id, greeted: false, mistakes: 0, refusals: 0, user: None, message: None }
    }

    /// `text` with the bracket that ends every reply of Exchange Online.
    fn with_trailer(&self, text: &str) -> String {
        format!("{text} {}\r\n", identifiers::smtp_trailer(&self.id))
    }

    async fn execute(&mut self, connection: &mut Connection, line: &str) -> Result<(), Closed> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(connection, true).await,
            "HELO" => self.hello(connection, false).await,
            "QUIT" => connection.write_and_close("221 2.0.0 Service closing transmission channel\r\n").await,
            "NOOP" => connection.write("250 2.0.0 OK\r\n").await,
            "HELP" => connection.write(HELP).await,
            "RSET" => {
                self.message = None;
                connection.write("250 2.0.0 Resetting\r\n").await
            }
            "VRFY" => connection.write("252 2.1.5 Cannot VRFY user\r\n").await,
            // What a client has announced comes, whether it is wanted or not.
            "BDAT" => self.chunk(connection, rest).await,
            "AUTH" | "MAIL" | "RCPT" | "DATA" if !self.greeted => {
                self.protocol_error(connection, "503 5.5.2 Send hello first").await
            }
            "AUTH" => self.auth(connection, rest).await,
            "MAIL" => self.mail(connection, rest).await,
            "RCPT" => self.recipient(connection, rest).await,
            "DATA" => self.data(connection).await,
            "EXPN" | "TURN" | "ETRN" | "SEND" | "SOML" | "SAML" => {
                self.protocol_error(connection, "502 5.3.3 Command not implemented").await
            }
            _ => self.protocol_error(connection, "500 5.3.3 Unrecognized command").await,
        }
    }

    async fn protocol_error(&mut self, connection: &mut Connection, reply: &str) -> Result<(), Closed> {
        self.mistakes += 1;
        self.write_reply(connection, reply, self.mistakes < MISTAKES).await
    }

    /// A refused login.
    async fn refuse(&mut self, connection: &mut Connection, reply: &str) -> Result<(), Closed> {
        self.refusals += 1;
        self.write_reply(connection, reply, self.refusals < LOGINS).await
    }

    async fn write_reply(&self, connection: &mut Connection, reply: &str, goes_on: bool) -> Result<(), Closed> {
        let reply = self.with_trailer(reply);
        if goes_on {
            return connection.write(&reply).await;
        }
        let last = self.with_trailer("421 4.7.0 Too many errors on this connection, closing transmission channel");
        connection.write_and_close(&(reply + &last)).await
    }

    async fn hello(&mut self, connection: &mut Connection, extended: bool) -> Result<(), Closed> {
        (self.greeted, self.message) = (true, None);
        let seen = if connection.client.is_loopback() { SEEN } else { connection.client };
        let hello = format!("{} Hello [{seen}]", identifiers::FRONT_END);
        if !extended {
            return connection.write(&format!("250 {hello}\r\n")).await;
        }
        let size = format!("SIZE {SIZE}");
        let (starttls, auth) = (
            !connection.secure && !connection.has(Fault::StarttlsNotOffered),
            connection.secure && !connection.has(Fault::MechanismNotOffered),
        );
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
        connection.write(&(reply + "250 SMTPUTF8\r\n")).await
    }

    async fn auth(&mut self, connection: &mut Connection, rest: &str) -> Result<(), Closed> {
        if self.user.is_some() || !connection.secure {
            return self.protocol_error(connection, "503 5.5.2 Bad sequence of commands").await;
        }
        let (mechanism, initial) = rest.split_once(' ').map_or((rest, None), |(mechanism, text)| (mechanism, Some(text.trim())));
        match mechanism.to_ascii_uppercase().as_str() {
            "XOAUTH2" if !connection.has(Fault::MechanismNotOffered) => {}
            "LOGIN" | "PLAIN" => return self.password(connection, initial).await,
            "" => return self.protocol_error(connection, "501 5.5.4 Invalid arguments").await,
            _ => return self.protocol_error(connection, "504 5.7.4 Unrecognized authentication type").await,
        }
        let line = match initial {
            Some(text) => text.to_owned(),
            None => self.prompt(connection, "334 \r\n").await?,
        };
        if line == "*" {
            return connection.write(&self.with_trailer("501 5.7.0 Authentication cancelled")).await;
        }
        self.check_login(connection, &line).await
    }

    async fn prompt(&self, connection: &mut Connection, prompt: &str) -> Result<String, Closed> {
        connection.write(prompt).await?;
        match connection.read_line().await? {
            Received::Line(line) => Ok(line),
            Received::TooLong | Received::Idle => Err(Closed),
        }
    }

    /// LOGIN and PLAIN: asked for to the end, as Exchange does, then refused.
    async fn password(&mut self, connection: &mut Connection, initial: Option<&str>) -> Result<(), Closed> {
        if initial.is_none() {
            // `Username:` and `Password:` in base64.
            for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                if self.prompt(connection, prompt).await? == "*" {
                    return connection.write(&self.with_trailer("501 5.7.0 Authentication cancelled")).await;
                }
            }
        }
        self.refuse(connection, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.").await
    }

    async fn check_login(&mut self, connection: &mut Connection, line: &str) -> Result<(), Closed> {
        let view = connection.view();
        let login = sasl::xoauth2(line);
        let verdict = match &login {
            Some(login) => {
                let token = connection.state.verify_token(login.token.expose());
                authorization::login(&view.tenant, Protocol::Smtp, &token, &login.user, identifiers::unix_now())
            }
            None => Err(Refusal::TokenUnreadable),
        };
        connection.delay_verdict(verdict.is_err()).await?;
        if let Some((_, reply)) = INSTEAD.iter().find(|(fault, _)| connection.has(*fault)) {
            return self.refuse(connection, reply).await;
        }
        match verdict {
            Ok(mailbox) => {
                self.user = Some(mailbox.address.clone());
                connection.write("235 2.7.0 Authentication successful\r\n").await
            }
            Err(Refusal::SmtpDisabledForTenant) => self.refuse(connection, &disabled("Tenant")).await,
            Err(Refusal::SmtpDisabledForMailbox) => self.refuse(connection, &disabled("Mailbox")).await,
            Err(Refusal::Trouble(Trouble::Throttled)) => {
                connection.write_and_close(&self.with_trailer("451 4.7.500 Server busy. Please try again later.")).await
            }
            Err(Refusal::Trouble(Trouble::TooManyConnections)) => {
                connection.write_and_close(&self.with_trailer("432 4.3.2 concurrent connection limit exceeded")).await
            }
            Err(Refusal::Trouble(Trouble::Unavailable | Trouble::Invalidated)) => {
                connection.write_and_close(&self.with_trailer("454 4.7.0 Temporary authentication failure")).await
            }
            Err(_) => self.refuse(connection, "535 5.7.3 Authentication unsuccessful").await,
        }
    }

    async fn mail(&mut self, connection: &mut Connection, rest: &str) -> Result<(), Closed> {
        if self.user.is_none() {
            return self.protocol_error(connection, "530 5.7.57 Client not authenticated to send mail.").await;
        }
        if self.message.is_some() {
            return self.protocol_error(connection, "503 5.5.2 Sender already specified").await;
        }
        let Some(path) = envelope::read(rest, "FROM:") else {
            return self.protocol_error(connection, "501 5.1.7 Invalid address").await;
        };
        match path.judge_mail(SIZE) {
            Ok(binary) => {
                self.message = Some(Message { sender: path.address.to_owned(), binary, ..Message::default() });
                connection.write("250 2.1.0 Sender OK\r\n").await
            }
            Err(wrong) => self.protocol_error(connection, wrong).await,
        }
    }

    async fn recipient(&mut self, connection: &mut Connection, rest: &str) -> Result<(), Closed> {
        let Some(message) = &mut self.message else {
            return self.protocol_error(connection, "503 5.5.2 Need mail command").await;
        };
        match envelope::read(rest, "TO:") {
            Some(path) if path.address.contains('@') => match path.judge_rcpt() {
                Ok(()) => {
                    message.recipients.push(path.address.to_owned());
                    connection.write("250 2.1.5 Recipient OK\r\n").await
                }
                Err(wrong) => self.protocol_error(connection, wrong).await,
            },
            _ => self.protocol_error(connection, "501 5.1.3 Invalid address").await,
        }
    }

    /// Takes a message.
    async fn data(&mut self, connection: &mut Connection) -> Result<(), Closed> {
        match &self.message {
            Some(message) if !message.recipients.is_empty() && (message.binary || !message.text.is_empty()) => {
                return self.protocol_error(connection, "503 5.5.2 Need BDAT command").await;
            }
            Some(message) if !message.recipients.is_empty() => {}
            _ => return self.protocol_error(connection, "503 5.5.2 Need rcpt command").await,
        }
        connection.write("354 Start mail input; end with <CRLF>.<CRLF>\r\n").await?;
        let mut text = String::new();
        loop {
            match connection.read_line().await? {
                Received::Line(line) if line == "." => break,
                // A dot was doubled (RFC 5321, section 4.5.2). What is too large is read to its end, and not kept.
                Received::Line(line) if text.len() <= SIZE => {
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                }
                Received::Line(_) => {}
                Received::TooLong => return connection.write_and_close(&self.with_trailer("500 5.3.3 Line too long")).await,
                Received::Idle => return Err(Closed),
            }
        }
        if text.len() > SIZE { self.too_large(connection).await } else { self.deliver(connection, text).await }
    }

    async fn too_large(&mut self, connection: &mut Connection) -> Result<(), Closed> {
        self.message = None;
        connection.write(&self.with_trailer("552 5.3.4 Message size exceeds fixed maximum message size")).await
    }

    async fn chunk(&mut self, connection: &mut Connection, rest: &str) -> Result<(), Closed> {
        let (size, last) = rest.split_once(' ').map_or((rest, false), |(size, last)| (size, last.eq_ignore_ascii_case("LAST")));
        // What cannot be counted cannot be passed over.
        let Some(size) = size.parse::<usize>().ok().filter(|size| *size <= SIZE) else {
            return connection.write_and_close(&self.with_trailer("501 5.5.4 Invalid arguments")).await;
        };
        let (mut left, mut bytes) = (size, Vec::new());
        while left > 0 {
            let piece = left.min(64 * 1024);
            bytes.append(&mut connection.read_exact(piece).await?);
            left -= piece;
        }
        let Some(message) = self.message.as_mut().filter(|message| !message.recipients.is_empty()) else {
            return self.protocol_error(connection, "503 5.5.2 Need rcpt command").await;
        };
        message.text.append(&mut bytes);
        if message.text.len() > SIZE {
            self.too_large(connection).await
        } else if last {
            let text = String::from_utf8_lossy(&std::mem::take(&mut message.text)).into_owned();
            self.deliver(connection, text).await
        } else {
            connection.write(&format!("250 2.6.0 Chunk received OK, {size} octets\r\n")).await
        }
    }

    /// Sends the message on its way, and says under which id.
    async fn deliver(&mut self, connection: &mut Connection, text: String) -> Result<(), Closed> {
        connection.pause(Phase::Mailbox).await;
        let Message { sender, recipients, .. } = self.message.take().unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let submission = Submission { user: user.clone(), sender: sender.clone(), recipients, text, keeps_copy: true };
        match delivery::accept(&connection.state, submission) {
            Ok(id) => connection.write(&format!("250 2.0.0 OK {id} [Hostname={}]\r\n", identifiers::BACK_END)).await,
            Err(refusal) => connection.write(&self.with_trailer(&refusal::reply(refusal, &user, &sender))).await,
        }
    }
}

/// Exchange's own answer, whatever the connection's state.
const HELP: &str = "214-This server supports the following commands:\r\n\
                    214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT\r\n";

/// Replies to a login, whatever its token, while a fault is in force.
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
