//! Notifies systemd of the service's state, by the protocol of `sd_notify(3)`, and takes the sockets that it hands over, by that
//! of `sd_listen_fds(3)`. Without `NOTIFY_SOCKET`, nothing is sent.
//!
//! Not through the crate `sd-notify`, which does less: it knows no sockets in the abstract namespace (`@…`), and its writes have
//! no timeout, so that a systemd that does not read would hang the service.

use std::env;
use std::ffi::OsStr;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::warn;

use super::runs::monotonic;

/// Timeout of a message, which holds up everything else while systemd does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the directory that systemd makes for `StateDirectory=`, the first of them.
pub fn state_directory() -> Option<PathBuf> {
    let directories = env::var_os("STATE_DIRECTORY")?;
    let first = directories.as_bytes().split(|byte| *byte == b':').next()?;
    Some(PathBuf::from(OsStr::from_bytes(first))).filter(|directory| directory.is_absolute())
}

/// The first descriptor that is handed over, after standard input, output and error.
const FIRST_SOCKET: RawFd = 3;
/// Sockets that are taken at most: nobody needs so many, and the variable could say anything.
const SOCKETS: RawFd = 64;

/// Takes the sockets that systemd hands over to this process; none the second time. Whatever else is open is left alone.
pub fn sockets() -> Vec<OwnedFd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<RawFd>().ok());
    let is_ours = number("LISTEN_PID").and_then(|pid| u32::try_from(pid).ok()) == Some(std::process::id());
    if !is_ours || TAKEN.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").unwrap_or_default().clamp(0, SOCKETS);
    (FIRST_SOCKET..FIRST_SOCKET + count).filter_map(take).collect()
}

/// Takes the open socket with the number `descriptor`, and keeps it from processes that this one may start.
#[allow(unsafe_code)]
fn take(descriptor: RawFd) -> Option<OwnedFd> {
    let open = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    if !open.as_os_str().as_bytes().starts_with(b"socket:") {
        return None;
    }
    // SAFETY: it is open, and by `LISTEN_PID` it was opened for this process, of which nothing else uses a descriptor that it did
    // not open itself. It is taken once.
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let _ = rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC);
    Some(socket)
}

/// The service's connection to systemd.
#[derive(Debug, Default)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// Time within which systemd expects a message that the service is alive; `None` if it expects none.
    pub watchdog: Option<Duration>,
}

impl Systemd {
    /// Reads the variables that systemd sets for a unit of `Type=notify` and with `WatchdogSec=`.
    pub fn from_environment() -> Self {
        let Some(socket) = env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|limit| ours && *limit > 0).map(Duration::from_micros);
        match open(&socket) {
            Ok(socket) => Self { socket: Some(socket), watchdog },
            Err(error) => {
                warn!("cannot tell systemd how the service is doing: NOTIFY_SOCKET={}: {error}", socket.display());
                Self::default()
            }
        }
    }

    /// Reports that probes run and requests are answered.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={status}"));
    }

    /// Reports that the configuration is being reloaded, which ends with [`Systemd::ready`].
    pub fn reloading(&self) {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic().as_micros()));
    }

    /// Reports that the shutdown has begun.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Reports to the watchdog that probes have their turns.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(message.as_bytes(), address)
        {
            warn!("cannot tell systemd {message:?}: {error}");
        }
    }
}

/// Opens a socket, and parses its peer's address: a path, or behind an `@` a name in the abstract namespace.
fn open(socket: &OsStr) -> std::io::Result<(UnixDatagram, SocketAddr)> {
    let address = match socket.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(socket)?,
        [b'@', name @ ..] => in_abstract_namespace(name)?,
        _ => return Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "neither a path nor an abstract name")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
    Ok((socket, address))
}

#[cfg(target_os = "linux")]
fn in_abstract_namespace(name: &[u8]) -> std::io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn in_abstract_namespace(_: &[u8]) -> std::io::Result<SocketAddr> {
    Err(std::io::ErrorKind::Unsupported.into())
}
