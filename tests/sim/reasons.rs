//! Every fault, through the checks: each leads to the reason of its own name, and spares the other services.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use m365_probe::check::Means;
use m365_probe::kind::Check;
use m365_probe::levels::{self, Limits};
use m365_probe::outcome::Outcome;
use m365_probe::probe::{Probe, Slots};
use m365_probe::reason::Reason;
use m365_probe::sim::{Fault, FaultScope, MachineKind, Service, Tenant, start};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::closed::CLOSED;
use crate::peer::PRAXIS;

/// Reasons of a service's checks for a fault that its server does not name. Exchange tells POP3 and SMTP less than
/// IMAP, and IMAP less than EWS.
const OTHERWISE: &[(Fault, Service, Reason)] = {
    use Fault as F;
    use Service::{Ews, Graph, Imap, Pop3, Smtp};
    &[
        (F::ExchangeServicePrincipalMissing, Pop3, Reason::AuthRefused),
        (F::ExchangeServicePrincipalMissing, Imap, Reason::AuthRefused),
        (F::ExchangeServicePrincipalMissing, Smtp, Reason::AuthRefused),
        (F::MailboxPermissionMissing, Pop3, Reason::MailboxNotConnected),
        (F::MailboxPermissionMissing, Imap, Reason::MailboxNotConnected),
        (F::MailboxPermissionMissing, Smtp, Reason::AuthRefused),
        (F::PropagationPending, Pop3, Reason::AuthRefused),
        (F::PropagationPending, Imap, Reason::AuthRefused),
        (F::PropagationPending, Smtp, Reason::AuthRefused),
        (F::PropagationPending, Ews, Reason::EwsTokenRefused),
        (F::PropagationPending, Graph, Reason::AccessDenied),
        (F::AccessRefusedEverywhere, Pop3, Reason::AuthRefused),
        (F::AccessRefusedEverywhere, Imap, Reason::AuthRefused),
        (F::AccessRefusedEverywhere, Smtp, Reason::AuthRefused),
        (F::AccessRefusedEverywhere, Ews, Reason::EwsTokenRefused),
        (F::AccessRefusedEverywhere, Graph, Reason::AccessDenied),
        (F::EwsNotLicensed, Ews, Reason::EwsForbidden),
        (F::UserAgentBlocked, Ews, Reason::EwsBlockedByPolicy),
        (F::UserAgentBlocked, Graph, Reason::ImpersonationDenied),
        (F::MailboxNotFound, Pop3, Reason::AuthRefused),
        (F::MailboxNotFound, Smtp, Reason::AuthRefused),
        (F::AddressAmbiguous, Pop3, Reason::AuthRefused),
        (F::AddressAmbiguous, Smtp, Reason::AuthRefused),
        (F::ProtocolDisabled, Pop3, Reason::AuthRefused),
        (F::ProtocolDisabled, Imap, Reason::MailboxNotConnected),
        (F::MailboxUnavailable, Pop3, Reason::MailboxNotConnected),
        (F::MailboxUnavailable, Imap, Reason::MailboxNotConnected),
        (F::MailboxUnavailable, Smtp, Reason::AuthRefused),
        (F::LicenseInvalid, Pop3, Reason::MailboxNotConnected),
        (F::LicenseInvalid, Imap, Reason::MailboxNotConnected),
        (F::LicenseInvalid, Smtp, Reason::AuthRefused),
        (F::LicenseInvalid, Graph, Reason::MailboxNotFound),
    ]
};

/// Returns the reason of `reach`, which speaks to every host but Graph's as far as its greeting, for a fault.
fn reached(fault: Fault, services: &[Service]) -> Option<Reason> {
    if services == [Service::Graph] {
        return None;
    }
    let (https, smtp) = (services == [Service::Login] || services == [Service::Ews], services == [Service::Smtp]);
    let seen = match fault.name() {
        // The harmless request is its greeting.
        "reply_timed_out" if https => return Some(Reason::NoGreeting),
        "connection_closed" | "reply_too_long" => https,
        "no_greeting" | "connect_refused" | "connect_timed_out" => true,
        "tls_protocol_too_old" => false, // said by SMTP, long after TLS
        name if name.starts_with("starttls") => smtp,
        name => ["tls_", "greeting_", "http_"].iter().any(|kind| name.starts_with(kind)),
    };
    seen.then(|| Reason::from_code(fault.name()).expect("a reason code"))
}

/// Faults of the token that only those who are shown the token notice.
const LATER: &[Fault] = &[Fault::TokenWrongAudience, Fault::TokenWrongTenant, Fault::TokenExpired, Fault::TokenInvalid];

/// Faults that show as silence: the run's time decides how long that takes.
const SILENT: &[Fault] =
    &[Fault::DnsNoAnswer, Fault::ConnectTimedOut, Fault::TlsTimedOut, Fault::NoGreeting, Fault::ReplyTimedOut];

/// POP3 and IMAP are spoken over TLS here, so what happens to STARTTLS does not concern them.
fn spared(fault: Fault, service: Service) -> bool {
    fault.name().starts_with("starttls") && service != Service::Smtp
}

/// Runs at a time: silence takes no work, and more of them would be slow for want of a processor.
static RUNS: Semaphore = Semaphore::const_new(4);

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_leads_to_the_reason_of_its_name() {
    let mut runs = JoinSet::new();
    for fault in Fault::ALL {
        if fault.scope() == FaultScope::Whole {
            runs.spawn(judge(*fault, fault.services().to_vec(), fault.to_string()));
            continue;
        }
        for service in fault.services() {
            runs.spawn(judge(*fault, vec![*service], format!("{fault}@{}", service.name())));
        }
    }
    let mut wrong: Vec<String> = runs.join_all().await.into_iter().flatten().collect();
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// All is well, and whatever the day, the retirement of EWS is noted: EWS has a day on which it ends, and Graph has none.
#[tokio::test]
async fn of_what_works_the_end_of_ews_alone_is_noted() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("well-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let means = Means::new(&settings.network).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let slots = Slots::default();
    for probe in settings.probes.clone().into_iter().filter(|probe| [Check::Ews, Check::Graph].contains(&probe.id.check)) {
        let probe = Probe::new(probe, &slots).unwrap();
        let outcome = probe.run(&means, None).await;
        let noted: Vec<Reason> = outcome.facts.warnings.iter().map(|warning| warning.reason).collect();
        let ends = if probe.id().check == Check::Ews { vec![Reason::EwsRetiring] } else { Vec::new() };
        assert_eq!((noted, outcome.facts.ews_ends.is_some()), (ends.clone(), !ends.is_empty()), "{}", probe.id());
        assert_eq!(outcome.facts.ews_admits, (probe.id().check == Check::Ews).then_some(true), "{}", probe.id());
    }
    tenant.set_fault("ews_blocked_by_policy").unwrap();
    let ews = settings.probes.into_iter().find(|probe| probe.id.check == Check::Ews).unwrap();
    assert_eq!(Probe::new(ews, &slots).unwrap().run(&means, None).await.facts.ews_admits, Some(false));
}

/// Returns what is wrong with the checks' reasons while `name` is in force.
async fn judge(fault: Fault, services: Vec<Service>, name: String) -> Vec<String> {
    let _turn = RUNS.acquire().await.unwrap();
    let seen = observe(fault, &services, &name).await;
    let mut wrong = Vec::new();
    for (check, reason) in seen {
        if check == "reach" {
            let expected = reached(fault, &services);
            wrong.extend((reason != expected).then(|| format!("{name}: reach says {reason:?}, not {expected:?}")));
            continue;
        }
        if check == Check::RoundTrip.name() {
            let expected = Some(expected(fault, Service::Smtp));
            wrong.extend((reason != expected).then(|| format!("{name}: {check} says {reason:?}, not {expected:?}")));
            continue;
        }
        let service = if check == "token" && fault.is_of_managed_identity() { Service::Identity } else { service_of(check) };
        let comes_later = LATER.contains(&fault) && service == Service::Login;
        let is_spared = spared(fault, service) || fault.befalls_mail(service) || comes_later;
        let hit = services.contains(&service) && !is_spared;
        let expected = if hit { Some(expected(fault, service)) } else { None };
        // A token that cannot be had or used is everybody's trouble.
        let of_token = [Service::Login, Service::Identity].iter().any(|service| services == [*service]);
        let through_token = of_token && reason.is_some() && service != Service::Dns;
        if reason != expected && !(expected.is_none() && through_token) {
            wrong.push(format!("{name}: {check} says {reason:?}, not {expected:?}"));
        }
    }
    wrong
}

fn expected(fault: Fault, service: Service) -> Reason {
    let otherwise = OTHERWISE.iter().find(|(known, at, _)| *known == fault && *at == service);
    otherwise.map_or_else(|| Reason::from_code(fault.name()).expect("a reason code"), |(.., reason)| *reason)
}

fn service_of(check: &str) -> Service {
    let services = [Service::Pop3, Service::Imap, Service::Smtp, Service::Ews, Service::Graph, Service::Dns];
    services.into_iter().find(|service| service.name() == check).unwrap_or(Service::Login)
}

/// The reason of each check of the tenant, and of its first mailbox or the one that the fault is about.
async fn observe(fault: Fault, services: &[Service], name: &str) -> BTreeMap<&'static str, Option<Reason>> {
    let of_identity = fault.is_of_managed_identity();
    let contoso = Tenant::contoso();
    let contoso = if of_identity { contoso.with_managed_identity(MachineKind::VirtualMachine) } else { contoso };
    let tenant = start(contoso).await.unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("reasons-{}", tenant.ports().login));
    std::fs::create_dir_all(&directory).unwrap();
    tenant.set_fault(name).unwrap();
    let mut settings = tenant.settings(&tenant.write_ca(&directory).unwrap());
    let means = Means { waits: true, ..Means::new(&settings.network).unwrap() };
    let slots = Slots::default();
    let mailbox = if fault == Fault::AccessTooBroad { CLOSED } else { PRAXIS };
    settings.probes.retain(|probe| probe.address.as_deref().is_none_or(|address| address == mailbox));
    // A mail goes through SMTP and IMAP, and has the faults of both; here its own are of interest.
    settings
        .probes
        .retain(|probe| probe.id.check != Check::RoundTrip || services == [Service::Smtp] && fault.befalls_mail(Service::Smtp));
    let mut seen = BTreeMap::new();
    for mut probe in settings.probes {
        if SILENT.contains(&fault) {
            if !services.contains(&service_of(probe.id.check.name())) {
                continue;
            }
            probe.timeout = Duration::from_secs(3);
        } else {
            probe.timeout = Duration::from_secs(60); // for busy machines: nothing here is waited for
        }
        let probe = Probe::new(probe, &slots).unwrap();
        seen.insert(probe.id().check.name(), reason(&probe.run(&means, None).await));
    }
    std::fs::remove_dir_all(&directory).unwrap();
    seen
}

/// Returns the reason of a failed run; of a run that succeeded, the reason of its warning.
fn reason(outcome: &Outcome) -> Option<Reason> {
    let warned = || {
        let limits = Limits::parse(&["oldest_message_seconds=86400".to_owned()], &[]).unwrap();
        let judged = levels::judge(outcome, &limits, SystemTime::now());
        judged.warnings.iter().map(|warning| warning.reason).find(|reason| levels::is_derived_from_limit(*reason))
    };
    outcome.failure().map(|failure| failure.reason).or_else(warned)
}
