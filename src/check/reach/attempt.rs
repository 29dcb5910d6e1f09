//! One address of one endpoint, tried step by step with a cursor of its own.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use tokio::time::{Instant, timeout};

use crate::check::mail::Session;
use crate::check::{imap, pop3, smtp};
use crate::cloud::{HttpsEndpoint, Security};
use crate::net::http::HttpExchange;
use crate::net::tls::handshake_retry::{self, HandshakeRetry, Redial};
use crate::net::{BoxStream, Conn, Net, dial, proxy};
use crate::outcome::{EndpointFacts, Fault, Peer, Phase};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::settings::Proxy;
use crate::trace::Trace;

use super::endpoint::{Endpoint, Protocol};
use super::http_reply;
use super::step::Step;

/// A route to an endpoint.
#[derive(Clone, Debug)]
pub enum Route {
    /// Straight to this address.
    Direct(IpAddr),
    /// Through a proxy.
    Through {
        /// The proxy.
        via: Proxy,
        /// Its own addresses, of which one will do.
        addresses: Vec<IpAddr>,
        /// The host's address, where the proxy is given that and not the name.
        target: Option<IpAddr>,
    },
    /// None: its name, or the proxy's, has no address.
    Nowhere(Fault),
}

/// One attempt to reach an endpoint, with its own cursor.
pub struct Attempt<'a> {
    /// The endpoint.
    pub at: &'a Endpoint,
    /// The phase and fault of the failure, if it failed.
    pub failed: Option<(Phase, Fault)>,
    route: Route,
    trace: Trace,
    stream: Option<BoxStream>,
}

impl<'a> Attempt<'a> {
    /// Creates an attempt of a run that must end at `deadline`; it has taken no step yet.
    pub fn new(at: &'a Endpoint, route: Route, deadline: Instant) -> Self {
        let mut trace = Trace::begin(Phase::Dns, deadline);
        let address = if let Route::Direct(address) = &route { Some(*address) } else { None };
        trace.facts.endpoints.push(EndpointFacts::new(&at.host, at.port, address));
        trace.peer = Some(Peer { address, ..Peer::new(&at.host, at.port) });
        let mut attempt = Self { at, failed: None, route, trace, stream: None };
        if let Route::Nowhere(fault) = &attempt.route {
            attempt.fail(Phase::Dns, fault.clone());
        }
        attempt
    }

    /// Returns the attempt, in which nothing shows a piece of `secrets`.
    #[must_use]
    pub fn clear_of(mut self, secrets: &Sent) -> Self {
        self.trace.secrets.add(secrets);
        self
    }

    /// Returns the facts about the address.
    pub fn facts(&self) -> EndpointFacts {
        let facts = self.trace.facts.endpoints.last().cloned();
        facts.unwrap_or_else(|| EndpointFacts::new(&self.at.host, self.at.port, None))
    }

    /// Adds the transcript of this attempt to that of the run.
    pub fn add_transcript(&self, trace: &mut Trace) {
        let peer = self.trace.peer.as_ref().map_or_else(|| self.at.host.clone(), ToString::to_string);
        let reason = self.failed.as_ref().map(|(phase, fault)| format!(": {} in {phase}", fault.reason));
        trace.record_event(&format!("{peer}{}", reason.unwrap_or_default()));
        self.trace.facts.transcript.lines().for_each(|(line, _)| trace.facts.transcript.push(&line));
    }

    /// Returns this machine's address as a submission server saw it in this attempt.
    pub fn public_address(&self) -> Option<&str> {
        self.trace.facts.server.public_address.as_deref()
    }

    /// Returns the address that it connects to directly.
    pub fn address(&self) -> Option<IpAddr> {
        if let Route::Direct(address) = &self.route { Some(*address) } else { None }
    }

    /// Tells whether `step` is to be taken in this attempt, which has not failed yet.
    pub fn is_due(&self, step: Step) -> bool {
        let is_part = match step {
            Step::Connect | Step::Greet => true,
            Step::Proxy => matches!(self.route, Route::Through { .. }),
            Step::Secure => self.at.security == Security::Implicit,
            Step::AskForTls | Step::Upgrade => self.at.security == Security::Upgrade,
        };
        is_part && self.failed.is_none()
    }

    /// Takes `step` within `limit`, or records the failure.
    pub async fn take(&mut self, step: Step, net: &Net, limit: Duration) {
        self.trace.enter(step.phase());
        let result = timeout(limit, self.run_step(step, net, limit)).await;
        if let Err(fault) = result.unwrap_or_else(|_| Err(self.trace.silence())) {
            self.fail(self.trace.open(), fault);
        }
    }

    /// Tells whether a retry of the handshake may explain the failure.
    pub fn can_be_explained(&self) -> bool {
        let can_explain =
            |fault: &Fault| handshake_retry::may_explain(fault, self.trace.facts.endpoints.last()) || self.is_silent(fault);
        self.failed.as_ref().is_some_and(|(_, fault)| can_explain(fault))
    }

    /// Tells whether the server said nothing in the clear.
    fn is_silent(&self, fault: &Fault) -> bool {
        fault.reason == Reason::NoGreeting && self.at.security == Security::Upgrade
    }

    /// Retries the handshake to explain the failure, for no longer than `limit`.
    pub async fn retry_handshake(&mut self, net: &Net, limit: Duration) {
        let Some((phase, fault)) = self.failed.clone() else { return };
        let silent = self.is_silent(&fault);
        let dial =
            Redialed { at: self.at, route: &self.route, deadline: self.trace.deadline(), net, limit, connect_only: silent };
        let retry = HandshakeRetry { tls: &net.tls, host: &self.at.host, dial, limit };
        let fault = if !silent {
            retry.explain(fault, self.trace.endpoint()).await
        } else if retry.begins_with_tls().await {
            handshake_retry::implicit_tls_fault()
        } else {
            fault
        };
        self.fail(phase, fault);
    }

    /// Returns the warning that a device on the way decrypts TLS, if there is one.
    pub fn interception(&self) -> Option<Fault> {
        self.trace.facts.warnings.iter().find(|warning| warning.reason == Reason::TlsIntercepted).cloned()
    }

    /// Records the phase and fault of a failure.
    pub fn fail(&mut self, phase: Phase, mut fault: Fault) {
        let evidence = &mut fault.evidence;
        evidence.peer = evidence.peer.take().or_else(|| self.trace.peer.clone());
        evidence.said = evidence.said.take().or_else(|| self.trace.request.clone());
        if let Some(facts) = self.trace.endpoint() {
            facts.failed = Some((phase, fault.reason));
        }
        self.failed = Some((phase, fault));
    }

    async fn run_step(&mut self, step: Step, net: &Net, limit: Duration) -> Result<(), Fault> {
        match step {
            Step::Connect => self.connect(limit).await,
            Step::Proxy => self.ask_proxy(net).await,
            Step::Secure | Step::Upgrade => self.secure(net).await,
            Step::Greet | Step::AskForTls => match self.at.protocol {
                Protocol::Https => self.request().await, // its TLS never has to be asked for
                Protocol::Pop3 => self.converse::<pop3::Session>(step).await,
                Protocol::Imap => self.converse::<imap::Session>(step).await,
                Protocol::Smtp => self.converse::<smtp::Session>(step).await,
            },
        }
    }

    async fn connect(&mut self, limit: Duration) -> Result<(), Fault> {
        let began = Instant::now();
        self.stream = Some(match &self.route {
            Route::Direct(address) => {
                let socket = dial::connect(SocketAddr::new(*address, self.at.port), limit).await?;
                self.trace.delivery = socket.record();
                Box::new(socket)
            }
            Route::Through { via, addresses, .. } => {
                // The proxy's own addresses are nobody's facts here, and its silence has to end before this step does.
                let mut dialing = Trace::begin(Phase::Connect, began + limit * 9 / 10);
                dial::connect_proxy(&mut dialing, via, addresses).await?
            }
            Route::Nowhere(fault) => return Err(fault.clone()),
        });
        if let Some(facts) = self.trace.endpoint() {
            facts.connect = Some(began.elapsed());
        }
        Ok(())
    }

    async fn ask_proxy(&mut self, net: &Net) -> Result<(), Fault> {
        let stream = self.stream()?;
        if let Route::Through { via, target, .. } = &self.route {
            let target = proxy::Target { host: &self.at.host, address: *target, port: self.at.port };
            self.stream = Some(net.ask_proxy(&mut self.trace, stream, via, target).await?);
        }
        Ok(())
    }

    async fn secure(&mut self, net: &Net) -> Result<(), Fault> {
        let stream = self.stream()?;
        self.trace.request = None;
        self.stream = Some(net.tls.secure(&mut self.trace, &self.at.host, stream).await?);
        Ok(())
    }

    /// Reads the greeting, or asks for TLS. A session keeps state for its login, which never comes here: so each step has a new
    /// session.
    async fn converse<S: Session>(&mut self, step: Step) -> Result<(), Fault> {
        let stream = self.stream()?;
        let mut conn = Conn::over(stream, &mut self.trace, &Sent::default());
        if step == Step::AskForTls {
            S::default().starttls(&mut conn).await?;
        } else {
            S::default().greeting(&mut conn).await?;
        }
        if self.at.security == Security::Upgrade {
            self.stream = Some(conn.into_plain()?);
        }
        Ok(())
    }

    /// Sends a harmless request, whose reply only has to come from Microsoft.
    async fn request(&mut self) -> Result<(), Fault> {
        let stream = self.stream()?;
        let at = HttpsEndpoint { host: self.at.host.clone(), port: self.at.port, path: self.at.path.clone() };
        let request = Request::get(&self.at.path).body(Full::default());
        let request = request.map_err(|error| Fault::heard(Reason::Internal, error.to_string()))?;
        let exchange = HttpExchange { at: &at, request, secrets: Sent::default() };
        let answer = exchange.over(&mut self.trace, stream).await.map_err(|fault| match fault.reason {
            // What does not speak HTTP is no server of Microsoft's.
            Reason::ReplyMalformed => fault.renamed(Reason::GreetingUnexpected),
            _ => fault,
        })?;
        http_reply::judge(answer.head(), &answer.body, self.at)
    }

    /// Takes the stream, which every step that succeeds leaves to the next one.
    fn stream(&mut self) -> Result<BoxStream, Fault> {
        self.stream.take().ok_or_else(|| Fault::heard(Reason::Internal, "the stream is gone"))
    }
}

/// The same route once more, up to the moment before TLS.
struct Redialed<'a> {
    at: &'a Endpoint,
    route: &'a Route,
    deadline: Instant,
    net: &'a Net,
    limit: Duration,
    /// Set if no line is exchanged on the connection.
    connect_only: bool,
}

impl Redial for Redialed<'_> {
    async fn redial(&self) -> Option<BoxStream> {
        let mut attempt = Attempt::new(self.at, self.route.clone(), self.deadline);
        for step in Step::ALL.into_iter().filter(|step| step.phase() != Phase::Tls) {
            let implicit = step == Step::Greet && self.at.security == Security::Implicit;
            let spoken = matches!(step, Step::Greet | Step::AskForTls);
            if attempt.is_due(step) && !implicit && !(self.connect_only && spoken) {
                attempt.take(step, self.net, self.limit).await;
            }
        }
        attempt.stream.filter(|_| attempt.failed.is_none())
    }
}
