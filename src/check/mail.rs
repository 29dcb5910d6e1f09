//! The conversation that all mail protocols share: dial, greeting, TLS, login, mailbox, goodbye.

use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use tokio::time::timeout;

use crate::cloud::{Cloud, MailEndpoint, Security};
use crate::kind::{Check, Family};
use crate::net::dial::BeforeTls;
use crate::net::tls::handshake_retry;
use crate::net::{BoxStream, Conn, Net};
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::secret::{Secret, Sent};
use crate::settings::{Authorization, ProbeSettings};
use crate::token::Token;
use crate::trace::Trace;
use crate::wire::Refusal;
use crate::wire::sasl::{self, Challenge};

use super::with_token::{self, NeededToken, WithToken};
use super::{Conversation, Cx};

/// The time limit of the server's reply to the goodbye, which is not measured.
const GOODBYE: Duration = Duration::from_secs(1);

/// The part of the time that is left which a server may take to come to TLS: in the rest, one that is silent in the clear is
/// asked whether it begins with TLS.
const UP_TO_TLS: f64 = 0.9;

/// The steps in which the mail protocols differ. A value is one session.
pub trait Session: Debug + Default + Send + Sync + 'static {
    /// The check whose protocol it speaks.
    const CHECK: Check;

    /// Reads the server's first words.
    fn greeting(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Asks for TLS, up to the server's consent.
    fn starttls(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Logs in with the XOAUTH2 `payload`.
    fn login(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Proves that the mailbox is open, where the protocol can: enters phase `mailbox` and asks for its status.
    fn mailbox(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Counts the mail in `folders` of the open mailbox, and reads the age of the oldest in each. Nothing is marked as read. A
    /// protocol that shows no folders does nothing.
    fn backlog(&mut self, _: &mut Conn<'_>, _folders: &[String]) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Ok(()) }
    }
    /// Ends the session.
    fn goodbye(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A mail check: a mailbox, and the endpoint of its protocol.
#[derive(Debug)]
pub struct MailCheck<S> {
    at: MailEndpoint,
    mailbox: String,
    authorization: Authorization,
    /// The folders whose mail is counted.
    backlog: Vec<String>,
    protocol: PhantomData<S>,
}

impl<S: Session> Conversation for MailCheck<S> {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let cloud = &settings.tenant.cloud;
        let Family::Mail { endpoint } = S::CHECK.kind().family else { return Err(format!("{} is no mail protocol", S::CHECK)) };
        let at = endpoint(cloud).ok_or_else(|| format!("no {} host is known for the cloud `{}`", S::CHECK, cloud.name))?;
        let mailbox = settings.address.clone().ok_or_else(|| format!("{} needs a mailbox", S::CHECK))?;
        let (authorization, backlog) = (settings.authorization, settings.backlog.clone());
        Ok(Self { at: at.clone(), mailbox, authorization, backlog, protocol: PhantomData })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        with_token::run(self, cx).await
    }
}

impl<S: Session> WithToken for MailCheck<S> {
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a> {
        NeededToken::exchange(cloud, self.authorization.in_token(S::CHECK.roles()))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let login = Login::new(&self.mailbox, token);
        let (mut session, mut conn) = login.connect::<S>(&self.at, &cx.means.net, cx.trace).await?;
        speak(&mut session, &mut conn, &login.payload, &self.backlog).await
    }
}

/// A login to a mailbox with a token.
pub(super) struct Login {
    /// The XOAUTH2 payload.
    pub payload: Secret,
    sent: Sent,
}

impl Login {
    /// Makes the login to `mailbox`.
    pub fn new(mailbox: &str, token: &Token) -> Self {
        let payload = sasl::xoauth2(mailbox, &token.secret);
        let mut sent = Sent::default(); // the token is among the secrets of the trace
        sent.remember(&payload);
        Self { payload, sent }
    }

    /// Dials, and returns the session and its connection once it is secured and the server has greeted.
    pub async fn connect<'t, S: Session>(
        &self,
        at: &MailEndpoint,
        net: &Net,
        trace: &'t mut Trace,
    ) -> Result<(S, Conn<'t>), Fault> {
        let mut session = S::default();
        match at.security {
            Security::Implicit => {
                let stream = net.connect_tls(trace, &at.host, at.port).await?;
                let mut conn = Conn::over(stream, trace, &self.sent);
                greet(&mut session, &mut conn).await?;
                Ok((session, conn))
            }
            Security::Upgrade => {
                let clear = ClearConnection { at, sent: &self.sent, protocol: PhantomData };
                let secured = clear.upgrade(&mut session, net, trace).await?;
                Ok((session, Conn::over(secured, trace, &self.sent)))
            }
        }
    }

    /// Dials and logs in, for what is to be done then, and returns the session and its connection.
    pub async fn open<'t, S: Session>(&self, at: &MailEndpoint, net: &Net, trace: &'t mut Trace) -> Result<(S, Conn<'t>), Fault> {
        let (mut session, mut conn) = self.connect::<S>(at, net, trace).await?;
        conn.enter(Phase::Auth);
        session.login(&mut conn, &self.payload).await?;
        Ok((session, conn))
    }
}

/// A connection that begins in the clear.
struct ClearConnection<'a, S> {
    at: &'a MailEndpoint,
    sent: &'a Sent,
    protocol: PhantomData<S>,
}

impl<S: Session> ClearConnection<'_, S> {
    /// Dials, speaks up to the server's consent, and secures the stream.
    async fn upgrade(&self, session: &mut S, net: &Net, trace: &mut Trace) -> Result<BoxStream, Fault> {
        let MailEndpoint { host, port, .. } = self.at;
        let plain = net.connect(trace, host, *port).await?;
        let limit = trace.remaining().mul_f64(UP_TO_TLS);
        let Ok(consent) = timeout(limit, consent(session, Conn::over(plain, trace, self.sent))).await else {
            let silence = trace.silence();
            trace.finish();
            let is_implicit = silence.reason == Reason::NoGreeting && net.begins_with_tls(trace, host, *port).await;
            return Err(if is_implicit { handshake_retry::implicit_tls_fault() } else { silence });
        };
        net.secure(trace, host, consent?, self).await
    }
}

/// Repeats the conversation before TLS over a new connection, to look for the cause of a failed handshake.
impl<S: Session> BeforeTls for ClearConnection<'_, S> {
    async fn connect(&self, net: &Net, trace: &mut Trace) -> Result<BoxStream, Fault> {
        let plain = net.connect(trace, &self.at.host, self.at.port).await?;
        consent(&mut S::default(), Conn::over(plain, trace, self.sent)).await
    }
}

/// Speaks in the clear up to the server's consent to TLS.
pub(super) async fn consent<S: Session>(session: &mut S, mut conn: Conn<'_>) -> Result<BoxStream, Fault> {
    greet(session, &mut conn).await?;
    conn.enter(Phase::Starttls);
    session.starttls(&mut conn).await?;
    conn.into_plain()
}

/// Enters phase `greeting` and reads the server's first words.
pub(super) async fn greet<S: Session>(session: &mut S, conn: &mut Conn<'_>) -> Result<(), Fault> {
    conn.enter(Phase::Greeting);
    session.greeting(conn).await
}

/// Awaits `reading`, the reply after the empty line that answers `challenge`, for at most `limit`. A server that has refused in
/// the challenge may say no more.
///
/// # Errors
/// The refusal in the challenge, where no reply follows it.
pub(super) async fn reply_after_challenge<T>(
    challenge: &Challenge,
    limit: Duration,
    reading: impl Future<Output = Result<T, Fault>>,
) -> Result<Result<T, Fault>, Refusal> {
    let Some(refusal) = challenge.as_refusal() else { return Ok(reading.await) };
    match timeout(limit, reading).await {
        Ok(Err(fault)) if fault.reason == Reason::ConnectionClosed => Err(refusal),
        Ok(reply) => Ok(reply),
        Err(_) => Err(refusal),
    }
}

/// Holds the secured part of the conversation, from the login to the goodbye.
pub(super) async fn speak<S: Session>(
    session: &mut S,
    conn: &mut Conn<'_>,
    payload: &Secret,
    backlog: &[String],
) -> Result<(), Fault> {
    conn.enter(Phase::Auth);
    session.login(conn, payload).await?;
    session.mailbox(conn).await?;
    if !backlog.is_empty() {
        conn.facts().backlog.clear(); // a run that logs in anew counts anew
        session.backlog(conn, backlog).await?;
    }
    conn.finish();
    say_goodbye(session, conn).await;
    Ok(())
}

/// Ends the session. The answer to a goodbye changes nothing, nor does its absence: not even when the deadline is near.
pub(super) async fn say_goodbye<S: Session>(session: &mut S, conn: &mut Conn<'_>) {
    let _ = timeout(conn.time_limit(GOODBYE), session.goodbye(conn)).await;
}
