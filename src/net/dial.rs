//! The dial: resolve, connect, proxy, TLS, each step a phase of the run and each address a fact of it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::{Instant, timeout};

use crate::outcome::{EndpointFacts, Fault, Peer, Phase};
use crate::reason::Reason;
use crate::secret::Sent;
use crate::settings::{Network, Proxy};
use crate::trace::Trace;

use super::socket::Socket;
use super::tls::Connector;
use super::tls::handshake_retry::{self, HandshakeRetry, Redial};
use super::{BoxStream, families, icmp, is_out_of_resources, proxy, resolve};

/// The longest that one address is waited for: Linux has sent its SYN four times by then.
const CONNECT: Duration = Duration::from_secs(10);
/// The shortest that an address is waited for, if there is time: Linux repeats its SYN after one second, and the answer to
/// that counts too.
const DISTANT: Duration = Duration::from_millis(1200);
/// The most addresses of a name that are tried. Microsoft's names have eight of each family; an answer can hold thousands.
const MOST_ADDRESSES: usize = 16;

/// The part of a conversation before TLS, which can be repeated over a new connection.
pub trait BeforeTls: Sync {
    /// Connects, and speaks in the clear until TLS may begin.
    ///
    /// # Errors
    /// The fault of the connection, or of the conversation before TLS.
    fn connect(&self, net: &Net, trace: &mut Trace) -> impl Future<Output = Result<BoxStream, Fault>> + Send;
}

/// TLS from the first byte.
struct ImplicitTls<'a> {
    host: &'a str,
    port: u16,
}

impl BeforeTls for ImplicitTls<'_> {
    async fn connect(&self, net: &Net, trace: &mut Trace) -> Result<BoxStream, Fault> {
        net.connect(trace, self.host, self.port).await
    }
}

/// New connections made by `before`, with a trace of their own: nothing on the way becomes a fact of the run.
struct Redialed<'a, B> {
    net: &'a Net,
    before: &'a B,
    deadline: Instant,
}

impl<B: BeforeTls> Redial for Redialed<'_, B> {
    async fn redial(&self) -> Option<BoxStream> {
        let mut scratch = Trace::begin(Phase::Tls, self.deadline);
        self.before.connect(self.net, &mut scratch).await.ok()
    }
}

/// The network as configured: pinned names, proxy, trusted roots.
#[derive(Debug)]
pub struct Net {
    /// The client's side of TLS, with the roots it trusts.
    pub tls: Connector,
    pinned: BTreeMap<String, IpAddr>,
    proxy: Option<Proxy>,
    proxy_login_variable: Option<&'static str>,
    no_proxy: Vec<String>,
    /// The password of the proxy.
    secrets: Sent,
}

impl Net {
    /// Takes the settings in `network` and reads its `ca_file`.
    ///
    /// # Errors
    /// A message for the user, as [`Connector::new`].
    pub fn new(network: &Network) -> Result<Self, String> {
        let mut secrets = Sent::default();
        let passwords = network.proxy.iter().filter_map(|proxy| Some(&proxy.login.as_ref()?.1));
        passwords.filter(|password| password.is_distinct()).for_each(|password| secrets.remember(password));
        Ok(Self {
            tls: Connector::new(&network.roots, network.ca_file.as_deref())?.with_inspection(network.inspection),
            pinned: network.resolve.clone(),
            proxy: network.proxy.clone(),
            proxy_login_variable: network.proxy_login_variable,
            no_proxy: network.no_proxy.clone(),
            secrets,
        })
    }

    /// Returns the secrets of the network, which no conversation may show.
    pub const fn secrets(&self) -> &Sent {
        &self.secrets
    }

    /// Returns the address that `host` is pinned to, if any. Case does not matter.
    pub fn pinned(&self, host: &str) -> Option<IpAddr> {
        self.pinned.get(&host.to_ascii_lowercase()).copied()
    }

    /// Resolves `host`: pinned, or by the system's resolver. Never empty.
    ///
    /// # Errors
    /// The `dns_*` reasons.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        resolve::resolve(&self.pinned, host).await
    }

    /// Opens a plain stream to `host:port`, through the proxy where one is to be used.
    ///
    /// # Errors
    /// The `dns_*`, `connect_*` and `proxy_*` reasons.
    pub async fn connect(&self, trace: &mut Trace, host: &str, port: u16) -> Result<BoxStream, Fault> {
        trace.peer = Some(Peer::new(host, port));
        trace.request = None;
        match self.proxy_for(host, port) {
            None => {
                trace.enter(Phase::Dns);
                let addresses = self.resolve(host).await?;
                trace.enter(Phase::Connect);
                Target { host, port }.connect(trace, &addresses).await
            }
            Some(via) => self.connect_through(trace, via, host, port).await,
        }
    }

    /// Opens a plain stream to `host:port` on this machine or its link, within `limit` and through no proxy: a proxy would connect to
    /// its own machine.
    ///
    /// # Errors
    /// The `dns_*` and `connect_*` reasons.
    pub async fn connect_locally(&self, trace: &mut Trace, host: &str, port: u16, limit: Duration) -> Result<BoxStream, Fault> {
        trace.peer = Some(Peer::new(host, port));
        trace.request = None;
        trace.enter(Phase::Dns);
        let dial = async {
            let addresses = self.resolve(host).await?;
            trace.enter(Phase::Connect);
            Target { host, port }.connect(trace, &addresses).await
        };
        if let Ok(dialed) = timeout(limit, dial).await {
            return dialed;
        }
        let (fault, step) = (trace.silence(), trace.step());
        if let Some(endpoint) = trace.endpoint() {
            endpoint.failed = Some((step, fault.reason));
        }
        Err(fault)
    }

    /// Opens a stream to `host:port` with TLS from the first byte.
    ///
    /// # Errors
    /// As [`Net::connect`], and the `tls_*` reasons. After a refused certificate its facts are in the trace.
    pub async fn connect_tls(&self, trace: &mut Trace, host: &str, port: u16) -> Result<BoxStream, Fault> {
        let plain = self.connect(trace, host, port).await?;
        self.secure(trace, host, plain, &ImplicitTls { host, port }).await
    }

    /// Secures `plain`. Where a handshake fails without a certificate, further ones over connections made by `before` look for
    /// the cause.
    ///
    /// # Errors
    /// The `tls_*` reasons, with the refused certificate as evidence.
    pub async fn secure(
        &self,
        trace: &mut Trace,
        host: &str,
        plain: BoxStream,
        before: &impl BeforeTls,
    ) -> Result<BoxStream, Fault> {
        let fault = match self.tls.secure(trace, host, plain).await {
            Err(fault) if handshake_retry::may_explain(&fault, trace.endpoint().as_deref()) => fault,
            other => return other,
        };
        trace.finish();
        let retry = self.handshake_retry(trace, host, before);
        Err(retry.explain(fault, trace.endpoint()).await)
    }

    /// Reports whether `host:port`, silent in the clear, answers a TLS handshake. Not measured.
    pub async fn begins_with_tls(&self, trace: &Trace, host: &str, port: u16) -> bool {
        self.handshake_retry(trace, host, &ImplicitTls { host, port }).begins_with_tls().await
    }

    /// Prepares further handshakes with `host` over connections made by `before`, for at most half of the time left.
    fn handshake_retry<'a, B>(&'a self, trace: &Trace, host: &'a str, before: &'a B) -> HandshakeRetry<'a, Redialed<'a, B>> {
        let dial = Redialed { net: self, before, deadline: trace.deadline() };
        let limit = handshake_retry::LIMIT.min(trace.remaining() / 2);
        HandshakeRetry { tls: &self.tls, host, dial, limit }
    }

    /// Returns the proxy through which `host:port` is reached, if any. A name that is pinned to this machine itself is reached
    /// without one: a proxy would resolve it to itself.
    pub fn proxy_for(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.proxy_unless_bypassed(host, Some(port))
    }

    /// Returns the proxy through which `host` is reached on all its ports, if there is one.
    pub fn proxy_for_all_ports(&self, host: &str) -> Option<&Proxy> {
        self.proxy_unless_bypassed(host, None)
    }

    fn proxy_unless_bypassed(&self, host: &str, port: Option<u16>) -> Option<&Proxy> {
        let is_here = || self.pinned(host).is_some_and(|at| at.is_loopback());
        self.proxy.as_ref().filter(|_| !proxy::bypassed(&self.no_proxy, host, port) && !is_here())
    }

    /// Has the proxy `via` connect `stream` to `target`.
    ///
    /// # Errors
    /// As [`proxy::connect`]; a login that is refused is told with the variable that it comes from.
    pub async fn ask_proxy(
        &self,
        trace: &mut Trace,
        stream: BoxStream,
        via: &Proxy,
        target: proxy::Target<'_>,
    ) -> Result<BoxStream, Fault> {
        proxy::connect(trace, stream, via, target).await.map_err(|mut fault| {
            let variable = self.proxy_login_variable.filter(|_| fault.reason == Reason::ProxyAuthRefused);
            if let (Some(variable), Some(heard)) = (variable, &mut fault.evidence.heard) {
                *heard = format!("{heard}; the login is that of {variable}");
            }
            fault
        })
    }

    async fn connect_through(&self, trace: &mut Trace, via: &Proxy, host: &str, port: u16) -> Result<BoxStream, Fault> {
        trace.enter(Phase::Dns);
        let addresses = self.resolve(&via.host).await.map_err(|fault| proxy_name_fault(via, fault))?;
        let address = if via.finds_addresses() { None } else { self.resolve(host).await?.first().copied() };
        trace.enter(Phase::Connect);
        let stream = connect_proxy(trace, via, &addresses).await?;
        trace.enter(Phase::Proxy);
        trace.peer = Some(Peer::new(host, port));
        trace.facts.endpoints.push(EndpointFacts::new(host, port, address));
        let through = self.ask_proxy(trace, stream, via, proxy::Target { host, address, port }).await;
        if let (Err(fault), Some(endpoint)) = (&through, trace.endpoint()) {
            endpoint.failed = Some((Phase::Proxy, fault.reason));
        }
        through
    }
}

/// Opens a stream to the proxy at the first of its `addresses` that connects.
///
/// # Errors
/// `proxy_unreachable`, with the reason in the evidence.
pub async fn connect_proxy(trace: &mut Trace, via: &Proxy, addresses: &[IpAddr]) -> Result<BoxStream, Fault> {
    Target { host: &via.host, port: via.port }.connect(trace, addresses).await.map_err(|mut fault| {
        fault.evidence.code = Some(fault.reason.code().to_owned());
        fault.reason = Reason::ProxyUnreachable;
        fault
    })
}

/// Turns `fault`, met in resolving the proxy's own name, into one of the proxy instead of the host behind it.
#[must_use]
pub fn proxy_name_fault(via: &Proxy, mut fault: Fault) -> Fault {
    fault.evidence.peer = Some(Peer::new(&via.host, via.port));
    if let Some(heard) = fault.evidence.heard.as_mut().filter(|heard| !heard.contains(&via.host)) {
        *heard = format!("{}: {heard}", via.host);
    }
    proxy_denial_fault(fault)
}

/// Turns a denial of the proxy's own name into `proxy_unreachable`. A failure of the resolver itself keeps its reason.
#[must_use]
pub fn proxy_denial_fault(fault: Fault) -> Fault {
    let code = fault.reason.code();
    if resolve::is_denial(fault.reason) { fault.renamed(Reason::ProxyUnreachable).code(code) } else { fault }
}

/// The server that a connection is for.
#[derive(Clone, Copy)]
struct Target<'a> {
    host: &'a str,
    port: u16,
}

impl Target<'_> {
    /// Connects to the first of `addresses` that answers. Every attempt is a fact, and every fall-back a warning.
    async fn connect(self, trace: &mut Trace, addresses: &[IpAddr]) -> Result<BoxStream, Fault> {
        let addresses = addresses.get(..MOST_ADDRESSES).unwrap_or(addresses);
        let share = trace.remaining() / 2 / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let before = trace.facts.endpoints.len();
        let mut met: Option<Fault> = None;
        for (index, address) in addresses.iter().enumerate() {
            let limit = connect_limit(share, trace.remaining(), addresses.len() - index);
            match self.connect_to(trace, *address, limit).await {
                Ok(stream) => {
                    warn_of_fallbacks(trace, before);
                    return Ok(Box::new(stream));
                }
                // What one address met says more than that another, of a family this machine has not, has no route.
                Err(fault) if met.as_ref().is_none_or(|met| met.reason == Reason::ConnectUnreachable) => met = Some(fault),
                Err(_) => {}
            }
        }
        Err(met.unwrap_or_else(|| Fault::new(Reason::DnsNoAddresses)))
    }

    /// Connects to `address` within `limit`, and records the attempt as a fact and in the transcript.
    async fn connect_to(self, trace: &mut Trace, address: IpAddr, limit: Duration) -> Result<Socket, Fault> {
        let peer = Peer::new(self.host, self.port).at(address);
        trace.peer = Some(peer.clone());
        trace.facts.endpoints.push(EndpointFacts::new(self.host, self.port, Some(address)));
        let began = Instant::now();
        let attempt = connect(SocketAddr::new(address, self.port), limit).await;
        trace.delivery = attempt.as_ref().map(Socket::record).unwrap_or_default();
        if let Some(endpoint) = trace.endpoint() {
            match &attempt {
                Ok(_) => endpoint.connect = Some(began.elapsed()),
                Err(fault) => endpoint.failed = Some((Phase::Connect, fault.reason)),
            }
        }
        match &attempt {
            Ok(_) => trace.record_event(&format!("connected to {peer}")),
            Err(fault) => trace.record_event(&format!("{peer}: {}", fault.reason)),
        }
        attempt.map_err(|mut fault| {
            fault.evidence.peer = Some(peer);
            fault
        })
    }
}

/// Warns of each family of which an address failed, among those tried since there were `before` endpoints.
fn warn_of_fallbacks(trace: &mut Trace, before: usize) {
    let tried = trace.facts.endpoints.get(before..).unwrap_or(&[]);
    let warnings: Vec<Fault> = families::warnings(tried).collect();
    for warning in warnings {
        trace.facts.warn(warning);
    }
}

/// Returns how long to wait for an address when so many are `left`, itself included. While there is another, each has its
/// `share` of half of the run: the other half is kept for what comes after the connection, so that dead addresses do not look
/// like a server that does not answer. A distant one has a little more than a second, if there is time for it.
fn connect_limit(share: Duration, remaining: Duration, left: usize) -> Duration {
    let equal = remaining / u32::try_from(left.max(1)).unwrap_or(u32::MAX);
    if left > 1 { share.max(DISTANT).min(equal).min(CONNECT) } else { CONNECT.min(remaining) }
}

/// Opens one TCP connection within `limit`, without Nagle's algorithm.
///
/// # Errors
/// The `connect_*` reasons, and `local_resources`.
pub async fn connect(address: SocketAddr, limit: Duration) -> Result<Socket, Fault> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| Fault::heard(reason(&error), error.to_string()))?;
    let queue = icmp::Queue::open(&socket);
    match timeout(limit, socket.connect(address)).await {
        Ok(Ok(stream)) => {
            queue.into_iter().for_each(icmp::Queue::close);
            Ok(Socket::new(stream))
        }
        Ok(Err(error)) => Err(connect_fault(&error, queue.and_then(|queue| queue.read()))),
        Err(_) => Err(Fault::new(Reason::ConnectTimedOut)),
    }
}

/// Makes the fault of a connection that failed, of the kernel's error and the ICMP message of a device on the way.
fn connect_fault(error: &io::Error, message: Option<icmp::Message>) -> Fault {
    match message {
        None => Fault::heard(reason(error), error.to_string()),
        Some(message) => {
            let reason = if message.kind == icmp::Unreachable::Prohibited { Reason::ConnectProhibited } else { reason(error) };
            Fault::heard(reason, format!("{error}; {message}"))
        }
    }
}

fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Reason::ConnectReset,
        io::ErrorKind::TimedOut => Reason::ConnectTimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Reason::ConnectUnreachable
        }
        io::ErrorKind::PermissionDenied => Reason::ConnectProhibited, // a local packet filter's verdict
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory => Reason::LocalResources,
        _ if is_out_of_resources(error) => Reason::LocalResources,
        _ => Reason::ConnectFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ProxyKind;

    #[test]
    fn connect_limit_of_dead_addresses_leaves_half_of_the_run() {
        let seconds = Duration::from_secs_f64;
        for (share, remaining, left, expected) in [
            (seconds(1.5), seconds(6.0), 2, seconds(1.5)),
            (seconds(0.75), seconds(6.0), 4, DISTANT),
            (seconds(0.25), seconds(8.0), 16, seconds(0.5)),
            (seconds(0.25), seconds(3.0), 1, seconds(3.0)),
            (seconds(150.0), seconds(600.0), 2, CONNECT),
            (seconds(30.0), seconds(60.0), 1, CONNECT),
        ] {
            assert_eq!(connect_limit(share, remaining, left), expected, "{share:?} {remaining:?} {left}");
        }
    }

    #[test]
    fn proxy_for_a_name_pinned_to_loopback_is_none() {
        let proxy = Proxy { kind: ProxyKind::Http, host: "proxy.example".to_owned(), port: 3128, login: None };
        let pinned = [("here.example", [127, 0, 0, 9]), ("there.example", [10, 0, 0, 9])];
        let resolve = pinned.map(|(name, address)| (name.to_owned(), address.into())).into();
        let net = Net::new(&Network { proxy: Some(proxy), resolve, ..Network::default() }).expect("a trust store");
        for (host, proxied) in [("here.example", false), ("Here.Example", false), ("there.example", true), ("other", true)] {
            assert_eq!(net.proxy_for(host, 443).is_some(), proxied, "{host}");
        }
    }

    #[test]
    fn io_error_of_a_connection_has_its_reason() {
        for (errno, expected) in [
            (111, Reason::ConnectRefused),
            (104, Reason::ConnectReset),
            (103, Reason::ConnectReset),
            (110, Reason::ConnectTimedOut),
            (113, Reason::ConnectUnreachable),
            (101, Reason::ConnectUnreachable),
            (13, Reason::ConnectProhibited),
            (1, Reason::ConnectProhibited),
            (99, Reason::LocalResources),
            (24, Reason::LocalResources),
            (105, Reason::LocalResources),
            (22, Reason::ConnectFailed),
        ] {
            assert_eq!(reason(&io::Error::from_raw_os_error(errno)), expected, "{errno}");
        }
    }
}
