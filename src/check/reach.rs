//! `reach`: does every host and port the tenant needs answer, on every address, as Microsoft would?
//!
//! Each step is taken at all addresses at the same time, so that one blocked port hides no other and the phases still add up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use crate::net::tls::handshake_retry;
use crate::net::{Net, dial, families};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::settings::{ProbeSettings, Proxy};
use crate::trace::Trace;

use super::concurrency::{run_all, share};
use super::{Conversation, Cx, combined};
use attempt::{Attempt, Route};
use endpoint::Endpoint;
use step::Step;

mod attempt;
mod endpoint;
mod filtered_address;
mod http_reply;
mod step;
mod verdict;

/// Attempts under way at a time.
const AT_ONCE: usize = 64;
/// The most addresses of one name that are tried; more are no honest answer: Exchange Online has about eight in each family.
const MAX_ADDRESSES: usize = 32;
/// The time limit of the look-ups: glibc waits five seconds for each answer that does not come, several times over.
const RESOLVE_LIMIT: Duration = Duration::from_secs(20);
/// The time limit of a TCP connect: Linux has sent a SYN four times by then.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The `reach` check of one cloud's endpoints.
#[derive(Debug)]
pub struct ReachCheck {
    endpoints: Vec<Endpoint>,
}

impl Conversation for ReachCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        Ok(Self { endpoints: endpoint::all(&settings.tenant.cloud, !settings.tenant.credential.is_local()) })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let net = &cx.means.net;
        let mut attempts = self.resolve(cx.trace, net).await;
        set_facts(cx.trace, &attempts);
        for step in Step::ALL {
            take_step(step, &mut attempts, cx.trace, net).await;
            set_facts(cx.trace, &attempts);
        }
        cx.trace.finish();
        retry_handshakes(&mut attempts, cx.trace, net).await;
        filtered_address::blame(&mut attempts, net, &cx.means.hosts_file).await;
        set_facts(cx.trace, &attempts);
        warn(cx.trace, attempts.iter().filter_map(Attempt::interception).collect());
        compare_families(cx.trace, &self.endpoints, &attempts);
        attempts.iter().filter(|attempt| attempt.failed.is_some()).for_each(|attempt| attempt.add_transcript(cx.trace));
        let Some((phase, fault)) = verdict::judge(&self.endpoints, &attempts) else { return Ok(()) };
        cx.trace.blame(phase);
        Err(fault)
    }
}

impl ReachCheck {
    /// Returns one attempt for each address of each endpoint, or one through the proxy. A name is looked up once.
    async fn resolve(&self, trace: &Trace, net: &Net) -> Vec<Attempt<'_>> {
        let names: BTreeSet<&str> = self.endpoints.iter().flat_map(|at| names_to_resolve(net, at)).collect();
        let limit = RESOLVE_LIMIT.min(share(trace.remaining() * 2 / 3, names.len(), AT_ONCE));
        let lookups = names.into_iter().map(|name| lookup(net, name, limit));
        let found: BTreeMap<_, _> = run_all(AT_ONCE, lookups).await.into_iter().collect();
        let mut attempts = Vec::new();
        let found = |name: &str| found.get(name).cloned().unwrap_or_else(|| Err(Fault::new(Reason::DnsNoAddresses)));
        for at in &self.endpoints {
            let routes = match net.proxy_for(&at.host, at.port) {
                Some(via) => proxy_route(via, &at.host, found).map(|route| vec![route]),
                None => found(&at.host).map(|all| all.into_iter().take(MAX_ADDRESSES).map(Route::Direct).collect()),
            };
            let routes = routes.unwrap_or_else(|fault| vec![Route::Nowhere(fault)]);
            let attempt = |route| Attempt::new(at, route, trace.deadline()).clear_of(&trace.secrets);
            attempts.extend(routes.into_iter().map(attempt));
        }
        attempts
    }
}

/// Returns the names that are looked up to get to `at`: its own, the proxy's, or both where the proxy wants addresses.
fn names_to_resolve<'a>(net: &'a Net, at: &'a Endpoint) -> impl Iterator<Item = &'a str> {
    let via = net.proxy_for(&at.host, at.port);
    let own = via.is_none_or(|via| !via.finds_addresses()).then_some(at.host.as_str());
    own.into_iter().chain(via.map(|via| via.host.as_str()))
}

/// Returns the route through the proxy `via` to `host`.
fn proxy_route(via: &Proxy, host: &str, found: impl Fn(&str) -> Result<Vec<IpAddr>, Fault>) -> Result<Route, Fault> {
    let addresses = found(&via.host).map_err(|fault| dial::proxy_name_fault(via, fault))?;
    let target = if via.finds_addresses() { None } else { found(host)?.first().copied() };
    Ok(Route::Through { via: via.clone(), addresses, target })
}

async fn lookup<'a>(net: &Net, name: &'a str, limit: Duration) -> (&'a str, Result<Vec<IpAddr>, Fault>) {
    let found = timeout(limit, net.resolve(name)).await;
    (name, found.unwrap_or_else(|_| Err(Fault::new(Reason::DnsNoAnswer))))
}

/// Takes `step` in all attempts that have come so far.
async fn take_step(step: Step, attempts: &mut [Attempt<'_>], trace: &mut Trace, net: &Net) {
    let due: Vec<_> = attempts.iter_mut().filter(|attempt| attempt.is_due(step)).collect();
    if due.is_empty() {
        return;
    }
    trace.enter(step.phase());
    let limit = share(step_limit(step, trace.remaining()), due.len(), AT_ONCE);
    run_all(AT_ONCE, due.into_iter().map(|attempt| attempt.take(step, net, limit))).await;
}

/// Returns the time limit of `step` when so much time is `left`. Silence at one step leaves time for the others to show what
/// works, and all limits grow with the time of the run, because a slow server is none that fails.
fn step_limit(step: Step, left: Duration) -> Duration {
    match step {
        Step::Connect => CONNECT_LIMIT.min(left / 2),
        // The server's own time. Behind it come the short steps of STARTTLS, and not everywhere.
        Step::Greet => left * 2 / 3,
        Step::Proxy | Step::Secure | Step::AskForTls | Step::Upgrade => left / 2,
    }
}

/// Retries the handshake where that may explain a failure. The retries are not measured.
async fn retry_handshakes(attempts: &mut [Attempt<'_>], trace: &Trace, net: &Net) {
    let unclear: Vec<_> = attempts.iter_mut().filter(|attempt| attempt.can_be_explained()).collect();
    let limit = share(handshake_retry::LIMIT.min(trace.remaining() / 2), unclear.len(), AT_ONCE);
    run_all(AT_ONCE, unclear.into_iter().map(|attempt| attempt.retry_handshake(net, limit))).await;
}

/// Warns of families and addresses that do not work where others do.
fn compare_families(trace: &mut Trace, endpoints: &[Endpoint], attempts: &[Attempt<'_>]) {
    let facts = |at: &Endpoint| -> Vec<_> {
        attempts.iter().filter(|attempt| std::ptr::eq(attempt.at, at)).map(Attempt::facts).collect()
    };
    let mut by_reason: BTreeMap<Reason, Vec<Fault>> = BTreeMap::new();
    for warning in endpoints.iter().flat_map(|at| families::warnings(&facts(at)).collect::<Vec<_>>()) {
        by_reason.entry(warning.reason).or_default().push(warning);
    }
    for warnings in by_reason.into_values() {
        warn(trace, warnings);
    }
}

/// Adds the first of `warnings`, which are all of one kind, as a fact, with the peers of the others in its evidence.
fn warn(trace: &mut Trace, warnings: Vec<Fault>) {
    let mut warnings = warnings.into_iter();
    let Some(first) = warnings.next() else { return };
    let places = warnings.filter_map(|warning| Some(warning.evidence.peer?.to_string()));
    trace.facts.warn(combined::fault(first, places));
}

fn set_facts(trace: &mut Trace, attempts: &[Attempt<'_>]) {
    trace.facts.endpoints = attempts.iter().map(Attempt::facts).collect();
    // The first attempt takes the route of everything else here: addresses are tried in the system's order.
    let seen = attempts.iter().find_map(Attempt::public_address);
    trace.facts.server.public_address = seen.map(ToOwned::to_owned);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_limits_leave_time_for_a_late_greeting_behind_a_blocked_port() {
        let seconds = Duration::from_secs;
        assert_eq!(step_limit(Step::Connect, seconds(30)), seconds(10));
        assert!(step_limit(Step::Greet, seconds(20)) > seconds(13));
        let left = Step::ALL.iter().fold(seconds(6), |left, step| left.saturating_sub(step_limit(*step, left)));
        assert!(left > Duration::ZERO);
    }
}
