//! The page's own words in the reader's language; what a reason means stands with the reason.

use crate::lang::Lang;
use crate::levels::State;
use crate::reason::Severity;
pub use crate::report::term::{confidence, owner, phase};

macro_rules! table {
    ($( $name:ident $en:literal $de:literal )*) => {
        /// Words in one language. `{}` stands for what is told.
        #[derive(Debug)]
        pub struct Words { $( pub $name: &'static str, )* }

        static EN: Words = Words { $( $name: $en, )* };
        static DE: Words = Words { $( $name: $de, )* };

        #[cfg(test)]
        const TABLE: &[(&str, &str, &str)] = &[ $( (stringify!($name), $en, $de), )* ];
    };
}

table! {
    skip "Skip to the content" "Zum Inhalt springen"
    purpose "OAuth access to mail and calendars in Microsoft 365" "OAuth-Zugriff auf Postfächer und Kalender in Microsoft 365"
    pages "Pages" "Seiten"
    overview "Overview" "Übersicht"
    reasons "Reasons" "Ursachen"
    metrics "Metrics" "Metriken"
    as_json "JSON" "als JSON"
    configuration "Configuration" "Konfiguration"
    other_language "Deutsch" "English"
    stale "This page is out of date: the probe has not answered since" "Diese Seite ist veraltet: Der Prüfer antwortet nicht seit"
    held "This page stands still while something is marked. By now:" "Diese Seite steht still, solange etwas markiert ist. Inzwischen:"
    refreshes "This page refreshes itself every {} seconds." "Diese Seite aktualisiert sich alle {} Sekunden."
    pause "Pause" "Anhalten"
    paused "This page does not refresh itself." "Diese Seite aktualisiert sich nicht."
    resume "Resume" "Fortsetzen"
    as_of "As of" "Stand"

    all_well "Everything works" "Alles funktioniert"
    nothing_yet "Waiting for the first results" "Warten auf die ersten Ergebnisse"
    nothing_configured "No probe is configured" "Es ist keine Prüfung eingerichtet"
    worth "It works, but something is worth a look" "Es funktioniert, aber etwas verdient Aufmerksamkeit"
    unsure "Not everything could be checked" "Nicht alles konnte geprüft werden"
    problems "{} problems" "{} Probleme"
    of_checks_fail "{} of {} checks fail" "{} von {} Prüfungen schlagen fehl"
    checks_work "{} of {} checks work" "{} von {} Prüfungen funktionieren"
    last_run "last run" "letzter Lauf"

    broken "What is broken" "Was gestört ist"
    and_more "{} and {} more" "{} und {} weitere"
    since "Since" "Seit"
    at_least "at least" "mindestens"
    acts "Who must act" "Zuständig"
    to_do "What to do" "Was zu tun ist"
    applies "Takes effect after" "Wirkt nach"
    source "Source" "Quelle"
    sure "How sure" "Wie sicher"
    perhaps "Or perhaps" "Oder vielleicht"
    affected "{} checks fail because of this" "{} Prüfungen schlagen deswegen fehl"
    affected_one "One check fails because of this" "Eine Prüfung schlägt deswegen fehl"
    evidence "Evidence" "Belege"

    look "Worth a look" "Verdient Aufmerksamkeit"
    left "Days left" "Verbleibende Tage"
    what "What" "Was"
    ends "Ends" "Endet"
    days "Days" "Tage"
    secret_of "Client secret of {}" "Geheimer Clientschlüssel von {}"
    certificate_of "Certificate of {}" "Zertifikat von {}"
    ews_of "Exchange Web Services for {}" "Exchange-Webdienste für {}"
    over "over" "abgelaufen"

    tenant "Tenant" "Mandant"
    tenant_checks "Checks of the tenant" "Prüfungen des Mandanten"
    mailbox_checks "Mailboxes" "Postfächer"
    mailbox "Mailbox" "Postfach"
    without_problems "{} mailboxes without problems" "{} Postfächer ohne Probleme"
    check "Check" "Prüfung"
    reason "Reason" "Ursache"
    not_yet "not yet run" "noch nicht gelaufen"
    too_old "no result for {}" "kein Ergebnis seit {}"
    ago "{} ago" "vor {}"
    for_time "for {}" "seit {}"
    recent_runs "last {} runs, {} failed, between {} and {}" "letzte {} Läufe, davon {} gescheitert, zwischen {} und {}"

    history "Last failures" "Letzte Fehler"
    history_none "No failure has been seen since the start." "Seit dem Start wurde kein Fehler beobachtet."
    when "When" "Wann"
    took "Took" "Dauer"
    phase "Phase" "Phase"

    phases "Where the time went" "Wo die Zeit blieb"
    conversation "Conversation" "Gespräch"
    conversation_failed "Conversation of the last failed run" "Gespräch des letzten gescheiterten Laufs"
    conversation_none "Nothing was said in this run." "In diesem Lauf wurde nichts gesagt."
    we_said "we said" "wir"
    they_said "they said" "Gegenstelle"
    happened "happened" "Ereignis"
    lines_left_out "{} lines left out" "{} Zeilen ausgelassen"
    facts "What was learnt" "Was bekannt wurde"
    latency "Latency" "Antwortzeit"
    every "Runs every {}, for at most {}" "Läuft alle {}, höchstens {}"
    run_now "Run it now and see everything" "Jetzt ausführen und alles ansehen"
    total "total" "gesamt"

    catalogue_about "Every reason for a failure: what it means, who must act and what to do. {} entries." "Alle Ursachen: was sie bedeuten, wer zuständig ist und was zu tun ist. {} Einträge."
    all_codes "All codes" "Alle Kürzel"
    severity "Severity" "Schweregrad"

    faults "Make something go wrong" "Etwas stören"
    faults_about "This is the simulated tenant: press a fault, and within seconds the checks find it." "Dies ist der simulierte Mandant: Lösen Sie eine Störung aus, und nach wenigen Sekunden finden die Prüfungen sie."
    faults_on "In force now: {}" "Jetzt in Kraft: {}"
    faults_none "Nothing is wrong now." "Jetzt ist nichts gestört."
    faults_clear "Put everything right" "Alles in Ordnung bringen"
    faults_more "All faults" "Alle Störungen"
}

/// The words of a language.
pub fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &EN,
        Lang::De => &DE,
    }
}

/// `sentence` with each `{}` replaced by the next of `values`.
pub fn with<T: ToString>(sentence: &str, values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().fold(sentence.to_owned(), |told, value| told.replacen("{}", &value.to_string(), 1))
}

/// The word for a state.
pub const fn state(state: State, lang: Lang) -> &'static str {
    match (lang, state) {
        (_, State::Ok) => "ok",
        (Lang::En, State::Warning) => "warning",
        (Lang::En, State::Critical) => "fails",
        (Lang::En, State::Unknown) => "unknown",
        (Lang::De, State::Warning) => "Warnung",
        (Lang::De, State::Critical) => "gestört",
        (Lang::De, State::Unknown) => "unbekannt",
    }
}

/// How bad that is.
pub const fn severity(severity: Severity, lang: Lang) -> &'static str {
    match (lang, severity) {
        (Lang::En, Severity::Failed) => "does not work until somebody acts",
        (Lang::En, Severity::Degraded) => "works, but worth a look",
        (Lang::En, Severity::Transient) => "may pass by itself",
        (Lang::De, Severity::Failed) => "funktioniert nicht, bis jemand handelt",
        (Lang::De, Severity::Degraded) => "funktioniert, verdient aber Aufmerksamkeit",
        (Lang::De, Severity::Transient) => "vergeht möglicherweise von selbst",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that are the same in both languages.
    const SAME: &[&str] = &["phase"];

    #[test]
    fn both_languages_say_the_same() {
        for (name, en, de) in TABLE {
            assert!(!en.is_empty() && !de.is_empty(), "{name}");
            assert_eq!(en.matches("{}").count(), de.matches("{}").count(), "{name}");
            assert_eq!(en.ends_with('.'), de.ends_with('.'), "{name}");
            assert_eq!(en == de, SAME.contains(name), "{name}: translated, or known to be the same");
        }
    }
}
