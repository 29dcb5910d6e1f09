//! Judges all attempts together: which endpoints cannot be reached, and which failure came first.

use crate::check::combined;
use crate::cloud::host_port;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;

use super::attempt::Attempt;
use super::endpoint::Endpoint;

/// Returns the failure of the earliest phase, if any endpoint works on none of its addresses; its evidence lists the other
/// endpoints that fail.
pub fn judge(endpoints: &[Endpoint], attempts: &[Attempt<'_>]) -> Option<(Phase, Fault)> {
    let mut failed: Vec<(&Endpoint, Phase, &Fault)> = endpoints.iter().filter_map(|at| failure(at, attempts)).collect();
    failed.sort_by_key(|(_, phase, _)| *phase);
    let mut failed = failed.into_iter();
    let (_, phase, first) = failed.next()?;
    let others = failed.map(|(at, phase, fault)| format!("{} {} in {phase}", host_port(&at.host, at.port), fault.reason));
    Some((phase, combined::fault(first.clone(), others)))
}

/// Returns the failure of an endpoint of which no address works: that of the address that got farthest, because the others
/// may not matter (a machine without IPv6 has no route to half of them).
fn failure<'a>(at: &'a Endpoint, attempts: &'a [Attempt<'_>]) -> Option<(&'a Endpoint, Phase, &'a Fault)> {
    let mut failed: Vec<&(Phase, Fault)> = Vec::new();
    for attempt in attempts.iter().filter(|attempt| std::ptr::eq(attempt.at, at)) {
        failed.push(attempt.failed.as_ref()?);
    }
    let farthest = failed.iter().map(|(phase, _)| *phase).max()?;
    let mut candidates = failed.into_iter().filter(|(phase, _)| *phase == farthest).peekable();
    let first = candidates.peek().copied()?;
    // What one address met says more than that another, of a family this machine has not, has no route.
    let (phase, fault) = candidates.find(|(_, fault)| fault.reason != Reason::ConnectUnreachable).unwrap_or(first);
    Some((at, *phase, fault))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::check::reach::attempt::Route;
    use crate::check::reach::endpoint;
    use crate::cloud::Cloud;

    /// The phase and reason of the failure at each address of the first two endpoints of a cloud.
    type Addresses = [&'static [Option<(Phase, Reason)>]; 2];

    fn judged(addresses: Addresses) -> Option<(Phase, Reason, String)> {
        let mut endpoints = endpoint::all(&Cloud::built_in("global").expect("built in"), true);
        endpoints.truncate(2);
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut attempts = Vec::new();
        for (at, failures) in endpoints.iter().zip(addresses) {
            for failed in failures {
                let mut attempt = Attempt::new(at, Route::Direct(Ipv4Addr::LOCALHOST.into()), deadline);
                attempt.failed = failed.map(|(phase, reason)| (phase, Fault::new(reason)));
                attempts.push(attempt);
            }
        }
        judge(&endpoints, &attempts).map(|(phase, fault)| (phase, fault.reason, fault.evidence.heard.unwrap_or_default()))
    }

    #[test]
    fn judge_blames_the_earliest_phase_of_endpoints_without_a_working_address() {
        const UNREACHABLE: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectUnreachable));
        const REFUSED: Option<(Phase, Reason)> = Some((Phase::Connect, Reason::ConnectRefused));
        const UNTRUSTED: Option<(Phase, Reason)> = Some((Phase::Tls, Reason::TlsCertificateUntrusted));
        let none = |phase, reason| Some((phase, reason, String::new()));
        for (addresses, expected) in [
            ([&[None][..], &[None]], None),
            ([&[UNREACHABLE, None], &[UNTRUSTED, None]], None),
            ([&[REFUSED, UNREACHABLE], &[None]], none(Phase::Connect, Reason::ConnectRefused)),
            ([&[UNREACHABLE, REFUSED], &[None]], none(Phase::Connect, Reason::ConnectRefused)),
            ([&[UNREACHABLE, UNREACHABLE], &[None]], none(Phase::Connect, Reason::ConnectUnreachable)),
            ([&[UNREACHABLE, UNTRUSTED], &[None]], none(Phase::Tls, Reason::TlsCertificateUntrusted)),
            (
                [&[UNTRUSTED], &[REFUSED]],
                Some((
                    Phase::Connect,
                    Reason::ConnectRefused,
                    "the connection was refused; also login.microsoftonline.com:443 tls_certificate_untrusted in tls".to_owned(),
                )),
            ),
        ] {
            assert_eq!(judged(addresses), expected, "{addresses:?}");
        }
    }
}
