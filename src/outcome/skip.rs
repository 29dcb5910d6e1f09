//! The reasons for which a run does not take place, or is too old to be shown.

use std::time::SystemTime;

use crate::reason::Reason;

/// The reason for which a run did not take place. Such a turn is reported as what it is, never as a failure of the far side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The server asked us to stay away until then; `because` is the reason of the run it told us in.
    BackOff {
        /// The time from which the next run may take place.
        until: SystemTime,
        /// The reason of the run in which the server asked for it.
        because: Reason,
    },
    /// Another run still holds this mailbox's one connection, or this probe still runs.
    Busy,
    /// The scheduler came too late for this run's turn. A run that took place and that this machine was too slow for counts as
    /// missed, too.
    Missed,
    /// Its endpoint hangs, and few runs at a time ask it until it answers again.
    Hanging,
    /// It did once, but so long ago that nobody knows how things are now. Said of a service's results, never by a run.
    Stale {
        /// The time at which the last run began.
        since: SystemTime,
    },
    /// Its first turn is still to come. Said of a service's results, never by a run.
    NotYet,
}

impl SkipReason {
    /// The code of every reason that a scheduler counts.
    pub const CODES: [&'static str; 5] = ["back_off", "busy", "missed", "hanging", Reason::CeilingReached.code()];

    /// The value of a label.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BackOff { .. } => "back_off",
            Self::Busy => "busy",
            Self::Missed => "missed",
            Self::Hanging => "hanging",
            Self::Stale { .. } => "stale",
            Self::NotYet => "not_yet",
        }
    }
}
