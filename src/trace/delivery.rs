//! The kernel's figures of what is lost on a connection in either direction, shared by the socket that reads them and the run that
//! judges them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The figures of a connection, as the kernel has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Segments that were sent and are not acknowledged.
    pub unacknowledged: u32,
    /// The times in a row for which the first of them was sent again, each after a wait twice as long.
    pub retransmits: u8,
    /// Bytes of data in the largest segment that is sent.
    pub segment_size: u32,
    /// Bytes of memory in which the kernel keeps what has arrived behind a gap, and hands out when the gap is filled.
    pub held_back: u32,
}

/// Retransmissions in a row from which on what is sent does not arrive. A lost packet needs one; a peer that is merely slow
/// acknowledges, which its kernel does for it.
const LOST_AFTER: u8 = 2;

impl Delivery {
    /// Reports whether what is sent does not arrive, however often it is sent again.
    pub const fn is_lost(self) -> bool {
        self.unacknowledged > 0 && self.retransmits >= LOST_AFTER
    }

    /// Reports whether a piece of what the peer sent is missing, and later pieces are here: it has replied. Where nothing has arrived
    /// behind the gap, nothing tells that from a peer that is silent.
    pub const fn has_gap(self) -> bool {
        self.held_back > 0
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unacknowledged, retransmits, segment_size, held_back } = self;
        if self.has_gap() {
            return write!(
                f,
                "later segments of the reply have arrived and earlier ones have not ({held_back} bytes of memory hold them)"
            );
        }
        let segments = if *unacknowledged == 1 { "segment" } else { "segments" };
        write!(f, "{unacknowledged} {segments} of up to {segment_size} bytes sent, {retransmits} times again, not acknowledged")
    }
}

/// The last figures of one connection.
#[derive(Clone, Debug, Default)]
pub struct DeliveryRecord(Arc<Mutex<Delivery>>);

impl DeliveryRecord {
    /// Replaces the figures.
    pub fn set(&self, delivery: Delivery) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
    }

    /// Returns the last figures.
    pub fn latest(&self) -> Delivery {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
