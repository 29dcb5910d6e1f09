//! Whatever stands in names and in servers' words, every format stays what it is.

use std::sync::Arc;
use std::time::Duration;

use m365_probe::lang::Lang;
use m365_probe::levels::Limits;
use m365_probe::outcome::{Evidence, Outcome, Phase, Verdict};
use m365_probe::reason::Reason;
use m365_probe::render::doctor::Style;
use m365_probe::render::prometheus::{Exporter, Format, ShownRun, metrics, probe};
use m365_probe::render::{checkmk, doctor, nagios};
use m365_probe::report::JudgedOutcome;
use m365_probe::store::Store;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::nagios::well_formed;
use crate::prometheus::read;
use crate::sample;

/// Any characters, the ones that have a meaning somewhere more often.
fn words() -> impl Strategy<Value = String> {
    "(\\PC|[|=;'\"\\\\:{}\n\r\t\0\u{1b} ,a-c]){0,40}"
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let outcome = (words(), words(), words(), words(), 0..Phase::ALL.len(), 0..Reason::ALL.len(), any::<bool>());
    let outcome = outcome.prop_map(|(tenant, mailbox, heard, code, phase, reason, fails)| {
        let mut outcome = sample::attacked();
        outcome.probe.tenant = tenant;
        outcome.probe.mailbox = Some(mailbox);
        outcome.address = None;
        outcome.facts.server.name = Some(heard.clone());
        if let Some(certificate) = outcome.facts.endpoints.iter_mut().find_map(|endpoint| endpoint.certificate.as_mut()) {
            Arc::make_mut(certificate).issuer.clone_from(&heard);
        }
        let evidence = Evidence { heard: Some(heard), code: Some(code), ..Evidence::default() };
        outcome.verdict = if fails { sample::failed(Phase::ALL[phase], Reason::ALL[reason], evidence) } else { Verdict::Ok };
        outcome
    });
    vec(outcome, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_format_of_any_text_from_outside_stays_well_formed(outcomes in outcomes(), verbosity in 0..4_u8) {
        let limits = [Limits::default(), sample::limits()];
        for limits in &limits {
            let judged: Vec<JudgedOutcome<'_>> = outcomes.iter().map(|one| JudgedOutcome::new(one, limits, sample::now())).collect();
            let lang = Lang::ALL[usize::from(verbosity % 2)];
            let look = Style { lang, width: usize::from(verbosity) * 50, everything: verbosity > 1, ..Style::default() };
            let (text, state) = nagios::report(&judged, verbosity);
            well_formed(&text, state, true);
            prop_assert_eq!(checkmk::report(&judged).lines().count(), outcomes.len());
            prop_assert!(doctor::report(&judged, &look).chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&sample::json(&judged, lang)).is_ok());
        }
        let probes: Vec<_> = outcomes.iter().map(|outcome| sample::settings(&outcome.probe)).collect();
        let mut store = Store::new(&probes);
        for outcome in &outcomes {
            let judged = JudgedOutcome::new(outcome, &limits[1], sample::now());
            read(&probe(&judged, &sample::settings(&outcome.probe), ShownRun { timeout: Duration::from_secs(30), age: None }, Format::Text));
            store.record(outcome.clone());
        }
        read(&metrics(&store, &[], &Exporter::new(), sample::now(), Format::Text).to_string());
    }
}
