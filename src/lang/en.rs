//! The English texts; they also say which texts there are. One with a number in it has the form for one, and behind `/` the form for
//! any other.

mod page;

pub use self::page::Page;

group! {
    /// Words that every output shares.
    Common COMMON {
        // Who must act.
        here: "whoever runs this program on this machine",
        network: "whoever runs the network between here and Microsoft",
        microsoft: "Microsoft",
        tenant_admin: "the tenant's administrator (Entra, Exchange Online)",
        application_owner: "the owner of the app registration",

        // How far the evidence carries, and why.
        probably: "probably {title}",
        possibly: "possibly {title}",
        which: "Find out first which it is.",
        one_of: "one of: {titles}",
        certain: "certain: the peer said so, or it was measured",
        likely: "likely: it explains the evidence best, but nothing states it outright",
        possible: "possible: one of several explanations, none better supported than the others",

        // When something failed.
        in_token: "while getting the token",
        in_dns: "while resolving the name",
        in_connect: "while connecting",
        in_proxy: "at the proxy",
        in_tls: "in the TLS handshake",
        in_greeting: "at the server's greeting",
        in_starttls: "when asking for TLS",
        in_auth: "while logging in",
        in_mailbox: "while opening the mailbox",
        in_submit: "while submitting the mail",
        in_arrive: "while looking for the mail",

        // Names of what every output tells of a failure.
        who_must_act: "Who must act",
        reason: "Reason",

        // Lists and numbers.
        and: "and",
        more: "1 more" / "{n} more",
        checks: "1 check" / "{n} checks",
        hosts_and_ports: "hosts and ports",
        mail_delivery: "mail delivery",
        decimal_mark: ".",
    }
}

group! {
    /// Texts about expiries: dates and distances to them.
    Expiry EXPIRY {
        date: "{year}-{month}-{day}",
        when: "{distance} ({date})",
        in_less_than_a_day: "in less than a day",
        in_days: "in 1 day" / "in {n} days",
        less_than_a_day_ago: "less than a day ago",
        days_ago: "1 day ago" / "{n} days ago",
        ews_ends: "EWS ends {when}, move to Microsoft Graph",
        ews_was_to_end: "EWS was to end {when}, move to Microsoft Graph",
        secret_expires: "the client secret expires {when}",
        secret_was_to_expire: "the client secret was to expire {when}, and still works",
        client_certificate_expires: "the application's certificate expires {when}",
        secret_of: "Client secret of {name}",
        client_certificate_of: "Application's certificate of {name}",
        certificate_of: "Certificate of {name}",
        ews_of: "Exchange Web Services for {name}",
        will_expire: "{name} expires {distance}",
        has_expired: "{name} expired {distance}",
        will_end: "{name} end {distance}",
        has_ended: "{name} ended {distance}",
        expired: "expired",
        date_outdated: "this date is out of date: Entra says that the secret has expired",
        date_of_another: "this is not the date of the secret in use: Entra does not know that one",
    }
}

group! {
    /// Names of the ids in evidence, by their keys in JSON.
    Ids IDS {
        correlation_id: "correlation id",
        trace_id: "trace id",
        request_id: "request id",
        client_request_id: "client request id",
        server: "server",
        session: "session",
        server_time: "server time",
        proxy: "proxy",
        mailbox_server: "mailbox server",
        ests_server: "token server",
        fe_server: "front-end server",
        be_server: "back-end server",
        fe_target: "front-end target",
        be_target: "back-end target",
        target_be_server: "target back-end server",
        be_status: "back-end status",
        diag_info: "diagnostic info",
        cas_error: "front-end error",
        ags_diagnostic: "Graph diagnostic",
    }
}

group! {
    /// The doctor's report, and the line that shows how far it is.
    Doctor DOCTOR {
        // The summary.
        nothing: "Nothing was checked.",
        all_well: "The check works." / "All {n} checks work.",
        none_fails: "No check fails.",
        some_fail: "1 of {all} checks fails." / "{n} of {all} checks fail.",
        only_fails: "The only check fails.",
        some_causes: "There is one root cause." / "There are {n} root causes:",
        some_not_run: "1 check did not run." / "{n} checks did not run.",
        some_noticed: "1 of {all} needs attention." / "{n} of {all} need attention.",

        // A root cause.
        root_cause: "Root cause {n}",
        how_sure: "How sure",
        place: "Where",
        reason: "Reason",
        meaning: "What it means",
        to_do_if: "What to do if {title}",
        to_do: "What to do",
        more_mailboxes: "… and the same for 1 more mailbox; `--output json` names it" / "… and the same for {n} more mailboxes; `--output json` names them all",
        applies: "Takes effect after",
        object_id: "{id} is the claim `oid` of the token that Entra has just issued: the object id of the enterprise application. The object id shown under App registrations is a different one and does not work here.",
        object_id_unknown: "<OBJECT_ID> is the object id of the enterprise application (Microsoft Entra admin center > Enterprise applications > the application > Overview). The object id shown under App registrations is a different one and does not work here.",
        object_id_of_identity: "{id} is the claim `oid` of the token that was just issued: the object (principal) id of the managed identity.",
        object_id_of_identity_unknown: "<OBJECT_ID> is the object (principal) id of the managed identity: Microsoft Entra admin center > Enterprise applications > filter Application type: Managed Identities > the identity > Overview.",
        candidates: "Other possible reasons, the most likely first",
        seen: "Evidence",
        ticket: "For a support ticket",
        explains: "Affects",
        explains_of: "{n} of {all}: {probes}",
        source: "Source",

        // Evidence.
        peer: "peer",
        said: "sent",
        heard: "received",
        code: "code",

        // For the ticket.
        time: "time",
        tenant_id: "tenant id",
        client_id: "client id",
        token_request_id: "token request id",

        // What is worth a look.
        worth_a_look: "Warnings",
        noticed_by: "Affects",
        level: "Limit",
        limit: "{metric} is {value}, limit {range}",
        certificate_days: "number of days until the certificate expires",
        secret_days: "number of days until the client secret expires",
        credential_days: "number of days until the application's certificate expires",
        ews_days: "number of days until EWS ends (move to Microsoft Graph)",
        messages_metric: "number of messages", unread_metric: "number of unread messages",
        oldest_message: "age of the oldest message (seconds)", quota_percent: "storage used (percent)",
        clock_skew: "seconds from this machine's clock to Entra's", arrival_seconds: "time to the mail's arrival (seconds)",
        seconds_total: "total time (seconds)",
        seconds_of: "time in {phase} (seconds)",

        // The chain.
        chain: "All checks, phase by phase",
        total: "total",
        ok: "ok",
        warning: "warning",
        critical: "CRITICAL",
        unknown: "unknown",
        failed: "FAILED",
        degraded: "degraded",
        not_run: "not run",
        back_off: "the server asked us to wait until {until}: {because}",
        busy: "another run still uses the connection",
        stale: "no run since {at}",
        not_yet: "its first run is still to come",
        missed: "its run would have begun too late",
        hanging: "its endpoint does not answer, so that few runs at a time ask it",
        failed_in: "failed {phase}",
        left_out: "(1 line left out)" / "({n} lines left out)",
        legend: "Times in milliseconds; ✗ marks the phase that failed, → the root cause.",
        legend_well: "Times in milliseconds.",
        alike: "… and 1 more with the same result: {who}" / "… and {n} more with the same result: {who}",
        more_with_v: "`-v` shows every check with its details.",

        // What was learnt.
        messages: "1 message" / "{n} messages",
        folders: "1 folder" / "{n} folders",
        closed: "closed",
        secret_expires: "client secret valid until",
        client_certificate_expires: "application's certificate valid until",

        // While it runs.
        begun: "1 check is running …" / "{n} checks are running …",
        running: "{done} of {all} done",
        running_failed: "{n} failed",
        waiting_for: "waiting for {who}",
        simulated: "Against the simulated tenant; `m365-probe demo` without --once serves a page and metrics.",
    }
}

group! {
    /// The facts that a run learns: labels, and the sentences of those that take one.
    Facts FACTS {
        token_expires: "token valid until",
        token_roles: "token roles",
        no_roles: "none",
        token_audience: "token audience",
        token_issuer: "token issuer",
        tenant_id: "tenant id in the token",
        app_id: "client id in the token",
        object_id: "object id (oid)",
        clock_skew: "clock difference",
        token_request_id: "token request id",
        token_server: "token server",
        credential_expires: "client secret valid until",
        client_certificate_expires: "application's certificate valid until",
        client_certificate: "application's certificate",
        client_certificate_thumbprint: "thumbprint of the certificate (SHA-1)",
        client_certificate_begins: "application's certificate valid from",
        client_certificate_fingerprint: "SHA-256 of the certificate",
        registration: "credentials",
        credential: "{kind}{used} until {until}",
        in_use: " (in use)",
        unknown: "unknown",
        no_credential: "no credential",
        not_permitted: "no permission to read; Application.Read.All of Microsoft Graph is enough",
        registered_elsewhere: "in the application's home tenant, which alone can show them",
        not_read: "not read: {why}",
        ews_ends: "EWS ends",
        ews_admits: "list of applications for EWS",
        ews_lets_in: "EWS lets this application in: it is on the list (EwsAllowedAppIDs), or EwsEnabled is not set and no list is in force; neither the token nor Graph shows which",
        ews_keeps_out: "EWS keeps this application out: it is not on the list (EwsAllowedAppIDs), or its User-Agent is refused; the answer does not say which",
        ews_read: "an administrator reads the list with {command}",
        ews_wave: "where EwsEnabled is not set, Microsoft sets it to False in waves, each announced in the Message center 7 days before, and fills the list from the last 60 days of use; EWS then works again once EwsEnabled is True, for listed applications alone",
        last_worked: "last worked",
        failing_since: "failing since",
        endpoint: "endpoint",
        certificate: "certificate by {issuer} until {until}",
        certificate_refused: "refused certificate by {issuer} until {until}",
        dns: "name",
        dns_from: "{host} {family} from {resolver}: {result}",
        no_address: "no address",
        hosts_file: "the hosts file",
        dns_took: "in {took}",
        dns_ttl: "TTL {seconds} s",
        dns_chain: "by way of {names}",
        dns_front_end: "front end {place}",
        dns_outside: "outside the published ranges: {addresses}",
        messages: "messages",
        unseen: "unread",
        backlog: "watched folder", oldest_message: "oldest message",
        quota: "bytes allowed", quota_used: "bytes used of those allowed",
        mail_pending: "mails on the way",
        mail_sent: "last mail sent",
        mail_arrived: "last mail arrived",
        mail_arrival: "time to arrival",
        mail_folder: "found in",
        mail_hops: "way of the mail",
        mails_deleted: "mails of this program deleted",
        sending_suspended: "no mail before",
        message_id: "Message-ID",
        bytes: "bytes",
        stays_closed: "stays closed, as wanted",
        folders: "folders",
        server: "server",
        public_address: "our public address",
        id: "id",
        requested_pause: "requested pause",
        stalled: "this machine stood still",
    }
}

group! {
    /// `config init`.
    Init INIT {
        tenant_id: "Tenant id, or a verified domain",
        client_id: "Application (client) id",
        secret_file: "File with the client secret (an empty line: a managed identity of this machine)",
        managed_identity: "Client id of a user-assigned managed identity (an empty line: the machine's own)",
        mailbox: "Address of a mailbox (an empty line: no more)",
        missing: "{option} is missing, and there is no terminal to ask on",
        exists: "`{file}` exists and is left as it is; name another file",
        nothing_written: "nothing was written",
        written: "{file}: written, with 1 check. Next: m365-probe doctor --config {file}" / "{file}: written, with {n} checks. Next: m365-probe doctor --config {file}",
    }
}

group! {
    /// The catalogue of reasons.
    Catalogue CATALOGUE {
        title: "Why access fails, and what to do",
        intro: "Every reason for a failure that `m365-probe` distinguishes, in the order of its catalogue: the code used in metrics, alerts and plugin output, what it means and what to do. `m365-probe reasons` prints the same; the doctor fills your own ids into the commands. Placeholders look like `<CLIENT_ID>`.",
        severity: "severity",
        owner: "who must act",
        applies: "takes effect after",
        source: "source",
        failed: "failed",
        degraded: "degraded",
        transient: "transient",
    }
}

texts! {
    common: Common = COMMON,
    expiry: Expiry = EXPIRY,
    ids: Ids = IDS,
    doctor: Doctor = DOCTOR,
    facts: Facts = FACTS,
    init: Init = INIT,
    catalogue: Catalogue = CATALOGUE,
    page: Page = page::PAGE,
}
