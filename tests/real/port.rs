//! Ports on loopback.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The first port that is tried. All are below those that the kernel gives to outgoing connections, so that none of these takes
/// a port between our attempt and the server's binding.
const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

/// Returns a port that nothing uses, for TCP and UDP, different at each call. Test programs that run beside each other begin at
/// different ports.
pub fn free() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = process::id().wrapping_mul(61);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT).expect("below 32,768");
        let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}
