//! Listeners: the addresses and Unix sockets that are bound, and those that systemd hands over.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixSocket, UnixStream, lookup_host};
use tracing::{info, warn};

use super::listen_address::{BoundAddress, ListenAddress};
use super::web_config::Web;
use crate::net::BoxStream;

/// The address without any `--listen`: the machine itself can reach it.
const DEFAULT: ListenAddress = ListenAddress::Socket(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 10365));
/// Connections that the system holds until they are accepted, as tokio's own listeners have it.
const BACKLOG: u32 = 1024;
/// Mode of a Unix socket's file: the user and the group of the service, in which a reverse proxy may be. Other permissions are
/// a matter for systemd's `SocketMode=`.
const SOCKET_MODE: u32 = 0o660;

/// A bound listener.
#[derive(Debug)]
pub enum Listener {
    /// An address and port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix {
        /// The socket itself.
        listener: UnixListener,
        /// Its file, unless systemd made it.
        _file: Option<SocketFile>,
    },
}

/// An accepted connection.
pub struct Accepted {
    /// The connection itself.
    pub stream: BoxStream,
    /// Its two ends.
    pub ends: Ends,
}

/// The addresses of both ends of a connection; those of a Unix socket have none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// The client's.
    pub peer: Option<SocketAddr>,
    /// Ours.
    pub local: Option<SocketAddr>,
}

impl Listener {
    /// Accepts a connection.
    ///
    /// # Errors
    /// The operating system's, usually for want of file descriptors.
    pub async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let _ = stream.set_nodelay(true); // without it only slower
                let ends = Ends { peer: Some(peer), local: stream.local_addr().ok() };
                Ok(Accepted { stream: Box::new(stream), ends })
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { stream: Box::new(stream), ends: Ends::default() })
            }
        }
    }

    /// Returns the address that it listens on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<BoundAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(BoundAddress::Socket),
            Self::Unix { listener, .. } => {
                let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
                Ok(BoundAddress::Unix(path.unwrap_or_default()))
            }
        }
    }
}

/// The file of a Unix socket that we made; it is removed when this is dropped.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: whoever has put another socket in its place keeps that.
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = std::fs::remove_file(&self.path); // the next start takes the place of one that stays
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|about| (about.dev(), about.ino()))
}

/// Takes over `sockets`, which systemd listens on for us, and listens on every address; without either, on [`DEFAULT`].
///
/// # Errors
/// A message: the address that could not be bound, and why.
pub async fn open(sockets: Vec<OwnedFd>, addresses: &[ListenAddress]) -> Result<Vec<Listener>, String> {
    let addresses = if sockets.is_empty() && addresses.is_empty() { &[DEFAULT] } else { addresses };
    let mut listeners = take_over(sockets)?;
    for address in addresses {
        let bound = match address {
            ListenAddress::Socket(address) => listen(*address, Families::AsConfigured).map(|listener| vec![listener]),
            ListenAddress::Every(port) => every_address(*port).map(|listener| vec![listener]),
            ListenAddress::Name(name, port) => named(name, *port).await,
            ListenAddress::Unix(path) => unix(path).await.map(|listener| vec![listener]),
        };
        let cannot = |error| format!("cannot listen on `{address}`: {error}; choose another with --listen");
        listeners.extend(bound.map_err(cannot)?);
    }
    Ok(listeners)
}

/// The address families that a listener on `[::]` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Families {
    /// Both, or IPv6 alone where the system has `net.ipv6.bindv6only=1`.
    AsConfigured,
    /// Both, whatever the system has.
    Both,
}

fn listen(address: SocketAddr, families: Families) -> io::Result<Listener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    if families == Families::Both {
        rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    }
    socket.set_reuseaddr(true)?; // connections of a service that has just ended do not hold the port
    socket.bind(address)?;
    socket.listen(BACKLOG).map(Listener::Tcp)
}

/// Listens on `[::]`, which takes IPv4 too, or on `0.0.0.0` where IPv6 is switched off.
fn every_address(port: u16) -> io::Result<Listener> {
    match listen((Ipv6Addr::UNSPECIFIED, port).into(), Families::Both) {
        Err(error) if is_family_missing(&error) => listen((Ipv4Addr::UNSPECIFIED, port).into(), Families::AsConfigured),
        listening => listening,
    }
}

/// Listens on every address of `name`, on the port that the first one gets; an address of a family that is switched off, as of
/// `::1` in a hosts file that still has it, is left out while there is another.
async fn named(name: &str, port: u16) -> io::Result<Vec<Listener>> {
    let (mut listeners, mut bound, mut missing) = (Vec::new(), Vec::new(), None);
    let mut port = port;
    for address in lookup_host((name, port)).await? {
        let address = SocketAddr::new(address.ip(), port);
        if bound.contains(&address.ip()) {
            continue;
        }
        match listen(address, Families::AsConfigured) {
            Ok(listener) => {
                port = listener.address()?.socket().map_or(port, |address| address.port());
                bound.push(address.ip());
                listeners.push(listener);
            }
            Err(error) if is_family_missing(&error) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(error),
        _ if listeners.is_empty() => Err(ErrorKind::NotFound.into()),
        _ => Ok(listeners),
    }
}

/// Reports whether this machine lacks the address or its whole family.
fn is_family_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// Listens on a Unix socket at `path`. One that a service left behind is replaced; one at which somebody listens is not.
async fn unix(path: &Path) -> io::Result<Listener> {
    let socket = match bind_unix(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            remove_stale(path).await?;
            bind_unix(path)?
        }
        bound => bound?,
    };
    let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
    std::fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?; // before anybody can connect
    Ok(Listener::Unix { listener: socket.listen(BACKLOG)?, _file: Some(file) })
}

fn bind_unix(path: &Path) -> io::Result<UnixSocket> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    Ok(socket)
}

/// Removes a socket at which nobody listens.
async fn remove_stale(path: &Path) -> io::Result<()> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file of that name, and it is no socket"));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another process listens there")),
    }
}

fn take_over(sockets: Vec<OwnedFd>) -> Result<Vec<Listener>, String> {
    let adopted = sockets.into_iter().map(adopt).collect::<io::Result<_>>();
    adopted.map_err(|error| format!("cannot listen on what systemd hands over: {error}; see ListenStream= in systemd.socket(5)"))
}

fn adopt(socket: OwnedFd) -> io::Result<Listener> {
    if !rustix::net::sockopt::socket_acceptconn(&socket)? {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not listening"));
    }
    let tcp = std::net::TcpListener::from(socket);
    tcp.set_nonblocking(true)?;
    if tcp.local_addr().is_ok() {
        return TcpListener::from_std(tcp).map(Listener::Tcp);
    }
    let unix = std::os::unix::net::UnixListener::from(OwnedFd::from(tcp));
    UnixListener::from_std(unix).map(|listener| Listener::Unix { listener, _file: None })
}

/// Logs the addresses we listen on, with a warning where one beyond loopback lacks a password or TLS.
pub fn log_addresses(addresses: &[BoundAddress], web: &Web) {
    let scheme = if web.acceptor.is_some() { "https" } else { "http" };
    for address in addresses {
        info!("listening on {}", address.url(scheme));
    }
    let Some(open) = addresses.iter().find(|address| address.is_beyond_loopback()) else { return };
    let lacks = match (web.users.is_empty(), web.acceptor.is_none()) {
        (true, true) => "without a password and without TLS",
        (true, false) => "without a password",
        (false, true) => "with a password that is sent in the clear",
        (false, false) => return,
    };
    warn!("whoever reaches {open} can read these pages {lacks}; see `m365-probe config web-example`, or listen on loopback");
}
