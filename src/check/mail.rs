//! The conversation every mail protocol shares: dial, greeting, TLS, login, mailbox, goodbye.

use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use tokio::time::timeout;

use crate::cloud::{Cloud, MailEndpoint, Security};
use crate::net::tls::is_about_certificate;
use crate::net::{BoxStream, Conn, Net};
use crate::outcome::{Fault, Phase};
use crate::secret::Secret;
use crate::settings::ProbeSettings;
use crate::token::Token;
use crate::trace::Trace;
use crate::wire::sasl;

use super::authorized::{self, Authorized};
use super::{Check, Cx};

/// A server may take this long over its own goodbye; it is not measured.
const GOODBYE: Duration = Duration::from_secs(1);

/// The steps in which the mail protocols differ. A value is one session.
pub trait Session: Debug + Default + Send + Sync + 'static {
    /// The check's name.
    const NAME: &'static str;
    /// What it shows.
    const PURPOSE: &'static str;
    /// The permission its token must carry.
    const ROLE: &'static str;
    /// The phases it can enter.
    const PHASES: &'static [Phase] = Phase::ALL;

    /// Where the cloud speaks it, where known.
    fn endpoint(cloud: &Cloud) -> Option<&MailEndpoint>;

    /// Reads the server's first words.
    fn greeting(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Asks for TLS, up to the server's consent.
    fn starttls(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Logs in with the XOAUTH2 `payload`.
    fn login(&mut self, conn: &mut Conn<'_>, payload: &Secret) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Proves that the mailbox is open, where the protocol can: enters its phase and asks.
    fn mailbox(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Takes leave.
    fn goodbye(&mut self, conn: &mut Conn<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A mail check: a mailbox, and where its protocol is spoken.
#[derive(Debug)]
pub struct Mail<S> {
    at: MailEndpoint,
    mailbox: String,
    protocol: PhantomData<S>,
}

impl<S: Session> Check for Mail<S> {
    const NAME: &'static str = S::NAME;
    const PURPOSE: &'static str = S::PURPOSE;
    const OF_MAILBOX: bool = true;
    const PHASES: &'static [Phase] = S::PHASES;

    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let cloud = &settings.tenant.cloud;
        let at = S::endpoint(cloud).ok_or_else(|| format!("no {} host is known for the cloud `{}`", S::NAME, cloud.name))?;
        let mailbox = settings.address.clone().ok_or_else(|| format!("{} needs a mailbox", S::NAME))?;
        Ok(Self { at: at.clone(), mailbox, protocol: PhantomData })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        authorized::run(self, cx).await
    }
}

impl<S: Session> Authorized for Mail<S> {
    const ROLE: &'static str = S::ROLE;

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let payload = sasl::xoauth2(&self.mailbox, &token.secret);
        let net = &cx.means.net;
        let mut session = S::default();
        let mut conn = match self.at.security {
            Security::Implicit => {
                let stream = net.connect_tls(cx.trace, &self.at.host, self.at.port).await?;
                let mut conn = Conn::over(stream, cx.trace);
                greet(&mut session, &mut conn).await?;
                conn
            }
            Security::Upgrade => self.upgraded(&mut session, net, cx.trace).await?,
        };
        conn.keep_secret(&token.secret);
        speak(&mut session, &mut conn, &payload).await
    }
}

impl<S: Session> Mail<S> {
    /// A connection that began in the clear.
    async fn upgraded<'t>(&self, session: &mut S, net: &Net, trace: &'t mut Trace) -> Result<Conn<'t>, Fault> {
        let plain = net.connect(trace, &self.at.host, self.at.port).await?;
        let plain = self.consent(session, plain, trace).await?;
        match net.tls.secure(trace, &self.at.host, plain).await {
            Ok(secured) => Ok(Conn::over(secured, trace)),
            Err(fault) => {
                if is_about_certificate(fault.reason) {
                    net.look_again(trace, &self.at.host, self).await;
                }
                Err(fault)
            }
        }
    }

    /// Speaks in the clear up to the server's consent to TLS.
    async fn consent(&self, session: &mut S, plain: BoxStream, trace: &mut Trace) -> Result<BoxStream, Fault> {
        let mut conn = Conn::over(plain, trace);
        greet(session, &mut conn).await?;
        conn.enter(Phase::Starttls);
        session.starttls(&mut conn).await?;
        conn.into_plain()
    }
}

/// How the moment before TLS is reached again, to look at a refused certificate.
impl<S: Session> crate::net::dial::BeforeTls for Mail<S> {
    async fn reach(&self, net: &Net, trace: &mut Trace) -> Result<BoxStream, Fault> {
        let plain = net.connect(trace, &self.at.host, self.at.port).await?;
        self.consent(&mut S::default(), plain, trace).await
    }
}

async fn greet<S: Session>(session: &mut S, conn: &mut Conn<'_>) -> Result<(), Fault> {
    conn.enter(Phase::Greeting);
    session.greeting(conn).await
}

/// The secured part, from the login to the goodbye.
pub(super) async fn speak<S: Session>(session: &mut S, conn: &mut Conn<'_>, payload: &Secret) -> Result<(), Fault> {
    conn.enter(Phase::Auth);
    session.login(conn, payload).await?;
    session.mailbox(conn).await?;
    conn.finish();
    let _ = timeout(GOODBYE, session.goodbye(conn)).await; // the answer to a goodbye changes nothing
    Ok(())
}
