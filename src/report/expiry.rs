//! Expiries: everything that ends on a known date, and in how many days that is or how long ago it was.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use super::JudgedOutcome;
use super::text::time;
use crate::cloud::host_port;
use crate::kind::Check;
use crate::lang::{Lang, fill};
use crate::levels::{Limits, Metric, State, expiry_state, secret_expiry, secret_refusal};
use crate::outcome::{CredentialKind, Outcome};
use crate::reason::Reason;
use crate::store::{ProbeEntry, Store, shown_certificates};

const DAY: u64 = 86_400;

/// The kind of thing that ends, and its owner's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The client secret of a tenant's application.
    ClientSecret(String),
    /// The certificate that a tenant's application signs in with.
    ClientCertificate(String),
    /// The certificate that a server presents: `outlook.office365.com:993`.
    Certificate(String),
    /// EWS for a tenant.
    Ews(String),
}

/// Something that ends on a known date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The thing that ends.
    pub ending: Ending,
    /// The date as it was declared, read or shown.
    pub date: SystemTime,
    /// The date by which it ends in truth: of a secret that Entra calls expired the time at which it said so, at the latest.
    pub expires: SystemTime,
    /// Its state, by the limits of the probes that are about it.
    pub state: State,
    /// The reason for which Entra refuses the secret whatever the date says.
    pub refused: Option<Reason>,
}

impl Expiry {
    /// Its name: `Client secret of contoso`.
    pub fn name(&self, lang: Lang) -> String {
        let texts = &lang.texts().expiry;
        let (template, of) = match &self.ending {
            Ending::ClientSecret(tenant) => (texts.secret_of, tenant),
            Ending::ClientCertificate(tenant) => (texts.client_certificate_of, tenant),
            Ending::Certificate(endpoint) => (texts.certificate_of, endpoint),
            Ending::Ews(tenant) => (texts.ews_of, tenant),
        };
        fill(template, &[("name", of)])
    }

    /// `Client secret of contoso expires in 5 days`.
    pub fn sentence(&self, now: SystemTime, lang: Lang) -> String {
        let texts = &lang.texts().expiry;
        let template = match (&self.ending, self.expires > now) {
            (Ending::Ews(_), true) => texts.will_end,
            (Ending::Ews(_), false) => texts.has_ended,
            (_, true) => texts.will_expire,
            (_, false) => texts.has_expired,
        };
        fill(template, &[("name", &self.name(lang)), ("distance", &distance(self.expires, now, lang))])
    }

    /// The whole days that are left, `47`, or `expired`.
    pub fn days_left(&self, now: SystemTime, lang: Lang) -> String {
        match self.expires.duration_since(now) {
            Ok(left) if !left.is_zero() => (left.as_secs() / DAY).to_string(),
            _ => lang.texts().expiry.expired.to_owned(),
        }
    }

    /// Returns why the date is worth nothing, in a sentence; `None` where nothing contradicts it.
    pub fn contradiction(&self, now: SystemTime, lang: Lang) -> Option<&'static str> {
        contradiction(self.refused, self.date > now, lang)
    }
}

/// Everything of `store` that ends on a known date, the nearest first. Of servers that share a name and not a certificate, the
/// first to end counts.
pub fn expiries(store: &Store, now: SystemTime) -> Vec<Expiry> {
    let mut nearest: BTreeMap<Ending, Expiry> = BTreeMap::new();
    for expiry in credentials(store, now).chain(store.probes().iter().flat_map(|entry| of_probe(entry, now))) {
        let same = nearest.entry(expiry.ending.clone()).or_insert_with(|| expiry.clone());
        let state = same.state.worse(expiry.state);
        if expiry.date < same.date {
            *same = expiry;
        }
        same.state = state;
    }
    let mut expiries: Vec<Expiry> = nearest.into_values().collect();
    expiries.sort_by(|one, other| (one.date, &one.ending).cmp(&(other.date, &other.ending)));
    expiries
}

/// Iterates over the credentials of the tenants' applications, each judged by the strictest probe of the tenant.
pub fn credentials(store: &Store, now: SystemTime) -> impl Iterator<Item = Expiry> {
    let mut tenants: HashMap<&str, Vec<&ProbeEntry>> = HashMap::new();
    for entry in store.probes() {
        tenants.entry(&entry.settings.id.tenant).or_default().push(entry);
    }
    store.credentials().into_iter().map(move |(tenant, (kind, date))| {
        let of_tenant = tenants.remove(tenant).unwrap_or_default();
        let current = of_tenant.iter().filter_map(|entry| entry.current_run(now));
        let refusal = current.into_iter().find(|last| secret_refusal(last).is_some());
        let refused = refusal.and_then(secret_refusal);
        let state = match refused {
            None => credential_state(Metric::days_of(kind), &of_tenant, date, now),
            Some(Reason::ClientSecretExpired) => State::Critical,
            Some(_) => State::Unknown,
        };
        let expires = refusal.map_or(date, |last| secret_expiry(date, last));
        let ending = match kind {
            CredentialKind::Secret => Ending::ClientSecret(tenant.to_owned()),
            CredentialKind::Certificate => Ending::ClientCertificate(tenant.to_owned()),
        };
        Expiry { ending, date, expires, state, refused }
    })
}

/// The worst state by the limits of a tenant's probes; where none has a limit for credentials, by the usual ones.
fn credential_state(metric: Metric, probes: &[&ProbeEntry], date: SystemTime, now: SystemTime) -> State {
    let limited = probes.iter().filter(|entry| {
        let settings = &entry.settings;
        settings.limits.ranges(metric, settings.id.check) != (None, None)
    });
    let state = |limits: &Limits, check| expiry_state(metric, date, limits, check, now);
    let states = limited.map(|entry| state(&entry.settings.limits, entry.settings.id.check));
    states.reduce(State::worse).unwrap_or_else(|| state(&Limits::default(), Check::Token))
}

/// Returns the expiries that one probe is about: the certificates that it was shown, and EWS.
fn of_probe(entry: &ProbeEntry, now: SystemTime) -> Vec<Expiry> {
    let settings = &entry.settings;
    let expiry = |metric, ending, date| {
        let state = expiry_state(metric, date, &settings.limits, settings.id.check, now);
        Expiry { ending, date, expires: date, state, refused: None }
    };
    let shown = entry.certificates().flat_map(|(.., outcome)| shown_certificates(outcome));
    let verified = shown.filter(|(_, certificate)| certificate.verified);
    let certificates = verified.map(|(endpoint, certificate)| {
        let ending = Ending::Certificate(host_port(&endpoint.host, endpoint.port));
        expiry(Metric::CertificateDays, ending, certificate.not_after)
    });
    let ews = settings.tenant.cloud.ews_ends().filter(|_| settings.id.check == Check::Ews);
    let ews = ews.map(|date| expiry(Metric::EwsDays, Ending::Ews(settings.tenant.name.clone()), date));
    certificates.chain(ews).collect()
}

/// The date of the client secret as the run knew it, with how far away it is: `2027-03-01T00:00:00Z (in 97 days)`, or why that
/// date is worth nothing. `None` where no date is known.
pub fn secret_date(judged: &JudgedOutcome<'_>, lang: Lang) -> Option<String> {
    let date = judged.outcome.facts.credential_expires.filter(|_| judged.outcome.facts.certificate.is_none())?;
    let contradiction = contradiction(secret_refusal(judged.outcome), date > judged.outcome.at, lang);
    let aside = contradiction.map_or_else(|| distance(date, judged.now, lang), ToOwned::to_owned);
    Some(format!("{} ({aside})", time(date)))
}

/// A date with how far away it is: `2027-03-01T00:00:00Z (in 97 days)`.
pub fn date_and_distance(date: SystemTime, judged: &JudgedOutcome<'_>, lang: Lang) -> String {
    format!("{} ({})", time(date), distance(date, judged.now, lang))
}

fn contradiction(refused: Option<Reason>, is_ahead: bool, lang: Lang) -> Option<&'static str> {
    let texts = &lang.texts().expiry;
    match refused? {
        Reason::ClientSecretExpired => is_ahead.then_some(texts.date_outdated),
        _ => Some(texts.date_of_another),
    }
}

/// `EWS ends in 123 days (2027-04-01), move to Microsoft Graph`: a warning of what ends, with the day. Others have no day.
pub fn warning_title(reason: Reason, judged: &JudgedOutcome<'_>, lang: Lang) -> Option<String> {
    let at = day_of(reason, judged.outcome)?;
    let template = template(reason, judged.outcome.facts.credential_kind(), at < judged.now, lang)?;
    Some(fill(template, &[("when", &when(at, judged.now, lang))]))
}

/// `in 123 days (2027-04-01)`, `27 days ago (2026-11-01)`; whole days, as a calendar's owner counts them.
pub fn when(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    fill(lang.texts().expiry.when, &[("distance", &distance(at, now, lang)), ("date", &date(at, lang))])
}

/// `in 123 days`, `27 days ago`.
pub fn distance(at: SystemTime, now: SystemTime, lang: Lang) -> String {
    let texts = &lang.texts().expiry;
    let (days, less, many) = match at.duration_since(now) {
        Ok(left) => (left.as_secs() / DAY, texts.in_less_than_a_day, texts.in_days),
        Err(over) => (over.duration().as_secs() / DAY, texts.less_than_a_day_ago, texts.days_ago),
    };
    if days == 0 { less.to_owned() } else { many.of(days) }
}

/// The day of a warning's end, as the run learnt it.
fn day_of(reason: Reason, outcome: &Outcome) -> Option<SystemTime> {
    match reason {
        Reason::EwsRetiring => outcome.facts.ews_ends,
        Reason::CredentialExpiring | Reason::CredentialExpiryOutdated => outcome.facts.credential_expires,
        _ => None,
    }
}

const fn template(reason: Reason, kind: CredentialKind, is_past: bool, lang: Lang) -> Option<&'static str> {
    let texts = &lang.texts().expiry;
    Some(match (reason, kind) {
        (Reason::EwsRetiring, _) if is_past => texts.ews_was_to_end,
        (Reason::EwsRetiring, _) => texts.ews_ends,
        (Reason::CredentialExpiring, CredentialKind::Secret) => texts.secret_expires,
        (Reason::CredentialExpiring, CredentialKind::Certificate) => texts.client_certificate_expires,
        (Reason::CredentialExpiryOutdated, _) => texts.secret_was_to_expire,
        _ => return None,
    })
}

/// `2027-04-01`, `01.04.2027`.
fn date(at: SystemTime, lang: Lang) -> String {
    let iso = time(at);
    match (iso.get(..4), iso.get(5..7), iso.get(8..10)) {
        (Some(year), Some(month), Some(day)) => fill(lang.texts().expiry.date, &[("year", year), ("month", month), ("day", day)]),
        _ => iso,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::cloud::Cloud;
    use crate::credential::SecretSource;
    use crate::outcome::{Evidence, Facts, Failure, Phase, ProbeId, Verdict};
    use crate::settings::{ProbeSettings, Tenant};

    #[test]
    fn when_counts_whole_days_before_and_after_an_end() {
        let end = humantime::parse_rfc3339("2027-04-01T00:00:00Z").expect("a time");
        let hour = Duration::from_secs(3600);
        for (hours, en, de) in [
            (123 * 24 + 7, "in 123 days (2027-04-01)", "in 123 Tagen (01.04.2027)"),
            (47, "in 1 day (2027-04-01)", "in 1 Tag (01.04.2027)"),
            (23, "in less than a day (2027-04-01)", "in weniger als einem Tag (01.04.2027)"),
            (-1, "less than a day ago (2027-04-01)", "vor weniger als einem Tag (01.04.2027)"),
            (-25, "1 day ago (2027-04-01)", "vor 1 Tag (01.04.2027)"),
            (-27 * 24 - 3, "27 days ago (2027-04-01)", "vor 27 Tagen (01.04.2027)"),
        ] {
            let away = hour * i32::unsigned_abs(hours);
            let now = if hours < 0 { end + away } else { end - away };
            assert_eq!((when(end, now, Lang::En), when(end, now, Lang::De)), (en.to_owned(), de.to_owned()));
        }
    }

    #[test]
    fn date_before_1970_is_unknown() {
        assert_eq!(date(SystemTime::UNIX_EPOCH - Duration::from_secs(1), Lang::De), "unknown");
    }

    fn at_day(day: i32) -> SystemTime {
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * DAY);
        let away = Duration::from_secs(u64::from(day.unsigned_abs()) * DAY);
        if day < 0 { epoch - away } else { epoch + away }
    }

    /// A tenant whose secret is known to end on `day`, with the limits of its only probe and its last outcome.
    fn store(day: i32, check: Check, (warning, critical): (&str, &str), failure: Option<Reason>) -> Store {
        let cloud = Cloud::built_in("global").expect("built in");
        let mut tenant = Tenant::new("contoso", cloud, "t", "c", SecretSource::Variable("SECRET".into()));
        tenant.credential_expires = Some(at_day(day));
        let id = ProbeId { tenant: "contoso".into(), mailbox: None, check };
        let mut settings = ProbeSettings::new(id.clone(), Arc::new(tenant), None);
        let texts = |text: &str| text.split(' ').filter(|text| !text.is_empty()).map(ToOwned::to_owned).collect::<Vec<_>>();
        settings.limits = Limits::parse(&texts(warning), &texts(critical)).expect("limits");
        let mut store = Store::new(&[settings]);
        let verdict = failure.map_or(Verdict::Ok, |reason| {
            Verdict::Failed(Failure { phase: Phase::Token, reason, evidence: Evidence::default() })
        });
        let took = Duration::from_millis(200);
        let facts = Facts { credential_expires: Some(at_day(day)), ..Facts::default() };
        store.record(Outcome {
            probe: id,
            address: None,
            at: at_day(0),
            took,
            phases: Vec::new(),
            facts,
            verdict,
            interval: None,
        });
        store
    }

    fn only(store: &Store) -> Expiry {
        let of_secret = |expiry: &Expiry| matches!(expiry.ending, Ending::ClientSecret(_));
        expiries(store, at_day(0)).into_iter().find(of_secret).expect("a secret")
    }

    #[test]
    fn secret_with_47_days_left_is_critical_by_limits_of_60_and_50_days() {
        for (limits, state) in [
            (("secret_days=60:", "secret_days=50:"), State::Critical),
            (("secret_days=60:", ""), State::Warning),
            (("", ""), State::Ok),
        ] {
            let expiry = only(&store(47, Check::Token, limits, None));
            assert_eq!((expiry.state, &*expiry.days_left(at_day(0), Lang::En)), (state, "47"), "{limits:?}");
        }
        assert_eq!(only(&store(20, Check::Pop3, ("", ""), None)).state, State::Warning, "no probe has a limit: the usual one");
    }

    #[test]
    fn secret_that_entra_calls_expired_is_expired_whatever_date_is_known() {
        let expired = only(&store(97, Check::Token, ("", ""), Some(Reason::ClientSecretExpired)));
        assert_eq!((expired.state, expired.expires), (State::Critical, at_day(0)));
        assert_eq!(expired.days_left(at_day(0) + Duration::from_secs(60), Lang::De), "abgelaufen");
        assert!(expired.contradiction(at_day(0), Lang::En).is_some_and(|text| text.contains("out of date")));
        let past = only(&store(-3, Check::Token, ("", ""), Some(Reason::ClientSecretExpired)));
        assert_eq!((past.state, past.expires, past.contradiction(at_day(0), Lang::En)), (State::Critical, at_day(-3), None));
        let wrong = only(&store(97, Check::Token, ("", ""), Some(Reason::ClientSecretWrong)));
        assert_eq!((wrong.state, wrong.expires), (State::Unknown, at_day(97)));
        assert!(wrong.contradiction(at_day(0), Lang::En).is_some());
    }

    #[test]
    fn ews_with_47_days_left_is_a_warning_by_the_usual_limit() {
        let store = store(400, Check::Ews, ("", ""), None);
        let end = Cloud::built_in("global").and_then(|cloud| cloud.ews_ends()).expect("a date");
        let ews =
            expiries(&store, end - Duration::from_secs(47 * DAY)).into_iter().find(|one| matches!(one.ending, Ending::Ews(_)));
        assert_eq!(ews.map(|ews| ews.state), Some(State::Warning));
    }
}
