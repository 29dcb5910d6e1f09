//! The kernel's figures of what was sent on a connection and not acknowledged, shared by the socket that reads them and the run
//! that judges them.

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
}

/// Retransmissions in a row from which on what is sent does not arrive. A lost packet needs one; a peer that is merely slow
/// acknowledges, which its kernel does for it.
const LOST_AFTER: u8 = 2;

impl Delivery {
    /// Reports whether what is sent does not arrive, however often it is sent again.
    pub const fn is_lost(self) -> bool {
        self.unacknowledged > 0 && self.retransmits >= LOST_AFTER
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unacknowledged, retransmits, segment_size } = self;
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
