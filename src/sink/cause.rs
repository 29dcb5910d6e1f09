//! What a root cause is in words, for every sink that a person reads.

use super::{Judged, words};
use crate::diagnosis::{RootCause, diagnose};
use crate::outcome::ProbeId;
use crate::reason::Reason;

/// The root causes of all that failed among `judged`.
pub fn of(judged: &[Judged<'_>]) -> Vec<RootCause> {
    diagnose(judged.iter().map(|one| one.outcome))
}

/// The tenant, or the mailbox in it, that the cause concerns.
pub fn place(cause: &RootCause) -> String {
    let mailbox = cause.mailbox.as_ref().map(|mailbox| format!("/{mailbox}")).unwrap_or_default();
    words::one_line(&format!("{}{mailbox}", cause.tenant))
}

/// `client_secret_expired, certain`.
pub fn name(cause: &RootCause) -> String {
    format!("{}, {}", cause.reason, cause.confidence.code())
}

/// What else it may be, the next best first; `None` where nothing else is.
pub fn candidates(cause: &RootCause) -> Option<String> {
    let codes: Vec<&str> = cause.candidates.iter().copied().map(Reason::code).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

/// The probes that it explains, each mailbox named once: `token; praxis: pop3, imap`.
pub fn explained(cause: &RootCause) -> String {
    let checks = |same: &[ProbeId]| same.iter().map(|probe| probe.check).collect::<Vec<_>>().join(", ");
    let groups = cause.explains.chunk_by(|one, other| one.mailbox == other.mailbox);
    let told = groups.filter_map(|same| {
        let mailbox = same.first()?.mailbox.as_ref();
        Some(mailbox.map(|mailbox| format!("{mailbox}: ")).unwrap_or_default() + &checks(same))
    });
    words::one_line(&told.collect::<Vec<_>>().join("; "))
}

/// The numbers, from 1, of those among `causes` that explain `probe`: `1, 3`; `None` where none does.
pub fn numbers(causes: &[RootCause], probe: &ProbeId) -> Option<String> {
    let explaining = causes.iter().zip(1..).filter(|(cause, _)| cause.explains.contains(probe));
    let numbers: Vec<String> = explaining.map(|(_, number): (_, usize)| number.to_string()).collect();
    (!numbers.is_empty()).then(|| numbers.join(", "))
}
