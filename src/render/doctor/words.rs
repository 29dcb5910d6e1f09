//! Every word of the doctor's own, in both languages side by side. Reasons have their texts with themselves.

use crate::reason::text::Lang;
pub use crate::render::people::{confidence, owner, phase};

/// `name "English" "German";` where `{n}` and its like are put in by [`put`].
macro_rules! words {
    ($( $(#[doc = $group:literal])* $name:ident $en:literal $de:literal; )*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub struct Words { $( #[doc = $en] pub $name: &'static str, )* }

        const EN: Words = Words { $( $name: $en, )* };
        const DE: Words = Words { $( $name: $de, )* };

        /// Name, English and German, for the laws.
        #[cfg(test)]
        const TABLE: &[(&str, &str, &str)] = &[ $( (stringify!($name), $en, $de), )* ];
    };
}

words! {
    // The summary.
    nothing "Nothing was checked." "Es wurde nichts geprüft.";
    all_well_one "The check is well." "Die Prüfung ist in Ordnung.";
    all_well "All {n} checks are well." "Alle {n} Prüfungen sind in Ordnung.";
    none_fails "No check fails." "Keine Prüfung schlägt fehl.";
    one_fails "1 of {all} checks fails." "1 von {all} Prüfungen schlägt fehl.";
    some_fail "{n} of {all} checks fail." "{n} von {all} Prüfungen schlagen fehl.";
    only_fails "The only check fails." "Die einzige Prüfung schlägt fehl.";
    one_cause "One root cause lies behind it." "Dahinter steht eine Ursache.";
    some_causes "{n} root causes lie behind it:" "Dahinter stehen {n} Ursachen:";
    one_not_run "1 check did not run." "1 Prüfung wurde ausgelassen.";
    some_not_run "{n} checks did not run." "{n} Prüfungen wurden ausgelassen.";
    one_noticed "1 of {all} needs attention." "1 von {all} braucht Aufmerksamkeit.";
    some_noticed "{n} of {all} need attention." "{n} von {all} brauchen Aufmerksamkeit.";

    // A root cause.
    root_cause "Root cause {n}" "Ursache {n}";
    whose_move "Whose move" "Am Zug";
    how_sure "How sure" "Wie sicher";
    place "Where" "Wo";
    reason "Reason" "Grund";
    meaning "What it means" "Was das bedeutet";
    to_do "What to do now" "Was jetzt zu tun ist";
    more_mailboxes "… and the same for {n} more mailboxes; `--output json` names them all" "… und ebenso für {n} weitere Postfächer; `--output json` nennt sie alle";
    one_more_mailbox "… and the same for 1 more mailbox; `--output json` names it" "… und ebenso für 1 weiteres Postfach; `--output json` nennt es";
    applies "Time to apply" "Bis es wirkt";
    object_id "{id} is the claim `oid` of the token that Entra has just issued: the object id of the enterprise application. The one shown under App registrations is another and does not work here." "{id} ist die Angabe `oid` im Token, das Entra soeben ausgestellt hat: die Objekt-ID der Unternehmensanwendung. Die unter App-Registrierungen angezeigte ist eine andere und funktioniert hier nicht.";
    object_id_unknown "<OBJECT_ID> is the object id of the enterprise application (Microsoft Entra admin center > Enterprise applications > the application > Overview). The one shown under App registrations is another and does not work here." "<OBJECT_ID> ist die Objekt-ID der Unternehmensanwendung (Microsoft Entra Admin Center > Unternehmensanwendungen > die Anwendung > Übersicht). Die unter App-Registrierungen angezeigte ist eine andere und funktioniert hier nicht.";
    candidates "If that is not it, in this order" "Falls es das nicht ist, der Reihe nach";
    seen "What was seen" "Was zu sehen war";
    ticket "For a support ticket" "Für eine Supportanfrage";
    explains "Explains" "Erklärt";
    explains_of "{n} of {all} checks: {probes}" "{n} von {all} Prüfungen: {probes}";
    source "Source" "Quelle";

    // Evidence.
    peer "peer" "Gegenstelle";
    said "sent" "gesendet";
    heard "heard" "Meldung";
    code "code" "Code";

    // For the ticket.
    time "time" "Zeit";
    tenant_id "tenant id" "Mandanten-ID";
    client_id "client id" "Client-ID";
    correlation_id "correlation id" "Korrelations-ID";
    trace_id "trace id" "Trace-ID";
    request_id "request id" "Anforderungs-ID";
    client_request_id "client request id" "Client-Anforderungs-ID";
    token_request_id "token request id" "Anforderungs-ID des Tokens";
    server "server" "Server";
    session "session" "Sitzung";
    server_time "server time" "Serverzeit";
    proxy "proxy" "Proxy";
    mailbox_server "mailbox server" "Postfachserver";
    ests_server "token server" "Tokenserver";
    fe_server "front-end server" "Frontend-Server";
    be_server "back-end server" "Backend-Server";
    fe_target "front-end target" "Frontend-Ziel";
    be_target "back-end target" "Backend-Ziel";
    target_be_server "target back-end server" "Backend-Zielserver";
    be_status "back-end status" "Backend-Status";
    diag_info "diagnostic info" "Diagnoseangabe";
    cas_error "front-end error" "Frontend-Fehler";
    ags_diagnostic "Graph diagnostic" "Graph-Diagnose";

    // What is worth a look.
    worth_a_look "Worth a look" "Außerdem zu beachten";
    noticed_by "Noticed by" "Bemerkt von";
    level "Level" "Schwelle";
    limit "{metric} is {value}, limit {range}" "{metric} beträgt {value}, Grenze {range}";
    certificate_days "number of days until the certificate expires" "Anzahl der Tage bis zum Ablauf des Zertifikats";
    secret_days "number of days until the client secret expires" "Anzahl der Tage bis zum Ablauf des geheimen Clientschlüssels";
    ews_days "number of days until EWS ends (Microsoft Graph is the way on)" "Anzahl der Tage bis zum Ende von EWS (Nachfolger: Microsoft Graph)";
    messages_metric "number of messages" "Anzahl der Nachrichten";
    seconds_total "time in all (seconds)" "Gesamtzeit (Sekunden)";
    seconds_of "time in {phase} (seconds)" "Zeit in {phase} (Sekunden)";

    // The chain.
    chain "The chain, step by step" "Die Kette, Schritt für Schritt";
    total "total" "gesamt";
    ok "ok" "ok";
    warning "warning" "Warnung";
    critical "CRITICAL" "KRITISCH";
    unknown "unknown" "unbekannt";
    failed "FAILED" "FEHLER";
    degraded "degraded" "gemindert";
    not_run "not run" "ausgelassen";
    back_off "the server asked us to stay away until {until}: {because}" "der Server hat um eine Pause bis {until} gebeten: {because}";
    busy "another run still holds the connection" "ein anderer Lauf belegt noch die Verbindung";
    stale "no run since {at}" "kein Lauf seit {at}";
    not_yet "its first turn is still to come" "ihr erster Lauf steht noch aus";
    missed "its turn came too late" "sie kam zu spät an die Reihe";
    failed_in "failed {phase}" "fehlgeschlagen {phase}";
    left_out_one "(1 line left out)" "(1 Zeile ausgelassen)";
    left_out "({n} lines left out)" "({n} Zeilen ausgelassen)";
    legend "Times in milliseconds, phase by phase; ✗ marks where it failed, → the root cause." "Zeiten in Millisekunden, Phase für Phase; ✗ zeigt, wo es scheiterte, → die Ursache.";
    legend_well "Times in milliseconds, phase by phase." "Zeiten in Millisekunden, Phase für Phase.";
    alike "… and {n} more with the same result: {who}" "… und {n} weitere mit demselben Ergebnis: {who}";
    more_with_v "`-v` shows every check with all it has learnt." "`-v` zeigt jede Prüfung mit allem, was sie erfahren hat.";

    // What was learnt.
    one_message "1 message" "1 Nachricht";
    messages "{n} messages" "{n} Nachrichten";
    one_folder "1 folder" "1 Ordner";
    folders "{n} folders" "{n} Ordner";
    unseen "unread" "ungelesen";
    bytes "bytes" "Bytes";
    token_expires "token valid until" "Token gültig bis";
    roles "token roles" "Rollen im Token";
    no_roles "none" "keine";
    audience "token audience" "Zielgruppe des Tokens";
    object_id_row "object id (oid)" "Objekt-ID (oid)";
    clock_skew "clock difference" "Abweichung der Uhr";
    secret_expires "client secret valid until" "geheimer Clientschlüssel gültig bis";
    registration "credentials" "Anmeldeinformationen";
    credential "{kind}{used} until {until}" "{kind}{used} bis {until}";
    in_use " (in use)" " (in Gebrauch)";
    no_credential "no credential" "keine Anmeldeinformation";
    not_permitted "not permitted to read; Application.Read.All of Microsoft Graph would do" "keine Leseberechtigung; Application.Read.All von Microsoft Graph würde genügen";
    registered_elsewhere "in another tenant, which alone can show it" "in einem anderen Mandanten, der allein sie zeigen kann";
    not_read "not read: {why}" "nicht gelesen: {why}";
    ews_ends "EWS ends" "EWS endet";
    last_worked "last worked" "lief zuletzt";
    endpoint "endpoint" "Endpunkt";
    certificate "certificate by {issuer} until {until}" "Zertifikat von {issuer} bis {until}";
    certificate_refused "refused certificate by {issuer} until {until}" "abgelehntes Zertifikat von {issuer} bis {until}";
    dns "name" "Name";
    dns_from "{host} {family} from {resolver}: {result}" "{host} {family} von {resolver}: {result}";
    no_address "no address" "keine Adresse";
    public_address "our public address" "unsere öffentliche Adresse";
    stay_away "pause asked for (seconds)" "erbetene Pause (Sekunden)";

    // While it runs.
    begun "{n} checks are running …" "{n} Prüfungen laufen …";
    running "{done} of {all} checks done" "{done} von {all} Prüfungen fertig";
    running_failed "{n} failed" "{n} fehlgeschlagen";
    waiting_for "waiting for {who}" "warte auf {who}";
    simulated "Against the simulated tenant; `m365-probe demo` without --once serves a page and metrics." "Gegen den simulierten Mandanten; `m365-probe demo` ohne --once stellt eine Seite und Metriken bereit.";
}

/// The words of `lang`.
pub const fn of(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &EN,
        Lang::De => &DE,
    }
}

/// `template` with each `{name}` replaced.
pub fn put(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The name of an id in evidence, for a reader; an unknown one stays as it is.
pub fn id(name: &str, lang: Lang) -> String {
    let words = of(lang);
    let known = match name {
        "correlation_id" => words.correlation_id,
        "trace_id" => words.trace_id,
        "request_id" => words.request_id,
        "client_request_id" => words.client_request_id,
        "server" => words.server,
        "session" => words.session,
        "server_time" => words.server_time,
        "proxy" => words.proxy,
        "mailbox_server" => words.mailbox_server,
        "ests_server" => words.ests_server,
        "fe_server" => words.fe_server,
        "be_server" => words.be_server,
        "fe_target" => words.fe_target,
        "be_target" => words.be_target,
        "target_be_server" => words.target_be_server,
        "be_status" => words.be_status,
        "diag_info" => words.diag_info,
        "cas_error" => words.cas_error,
        "ags_diagnostic" => words.ags_diagnostic,
        unknown => return unknown.replace('_', " "),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Confidence;
    use crate::outcome::Phase;
    use crate::reason::Owner;

    /// Words that are the same in both languages.
    const SAME: &[&str] = &["ok", "code", "proxy", "server", "bytes", "dns"];

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_are_complete_and_say_the_same() {
        for (name, en, de) in TABLE {
            assert!(!en.is_empty() && !de.is_empty(), "{name}");
            assert_eq!(placeholders(en), placeholders(de), "{name}");
            assert_eq!(en.matches('`').count(), de.matches('`').count(), "{name}");
            assert_eq!(en.ends_with('.'), de.ends_with('.'), "{name}");
            let same = SAME.contains(name);
            assert_eq!(en.eq_ignore_ascii_case(de), same, "{name}: translated or known to be the same");
        }
    }

    #[test]
    fn owners_confidences_and_phases_are_translated() {
        let differ = |pair: [&str; 2]| assert_ne!(pair[0], pair[1]);
        for one in [Owner::Here, Owner::Network, Owner::TenantAdmin, Owner::ApplicationOwner] {
            differ(Lang::ALL.map(|lang| owner(one, lang)));
        }
        for one in [Confidence::Certain, Confidence::Likely, Confidence::Possible] {
            differ(Lang::ALL.map(|lang| confidence(one, lang)));
            assert!(confidence(one, Lang::En).starts_with(one.code()));
        }
        for one in Phase::ALL {
            differ(Lang::ALL.map(|lang| phase(*one, lang)));
        }
    }
}
