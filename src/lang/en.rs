//! The English texts; they also say which texts there are.

texts! {
    /// Words that every output shares.
    common: Common {
        // Who must act.
        here: "whoever runs this program on this machine",
        network: "whoever runs the network between here and Microsoft",
        microsoft: "Microsoft",
        tenant_admin: "the tenant's administrator (Entra, Exchange Online)",
        application_owner: "the owner of the app registration",

        // How far the evidence carries, and why.
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

        // Names of what every output tells of a failure.
        who_must_act: "Who must act",
        reason: "Reason",

        // Lists and numbers.
        and: "and",
        more: "more",
        decimal_mark: ".",
    }

    /// Texts about expiries: dates and distances to them.
    expiry: Expiry {
        date: "{year}-{month}-{day}",
        when: "{distance} ({date})",
        in_less_than_a_day: "in less than a day",
        in_one_day: "in 1 day",
        in_days: "in {n} days",
        less_than_a_day_ago: "less than a day ago",
        one_day_ago: "1 day ago",
        days_ago: "{n} days ago",
        ews_ends: "EWS ends {when}, move to Microsoft Graph",
        ews_was_to_end: "EWS was to end {when}, move to Microsoft Graph",
        secret_expires: "the client secret expires {when}",
        secret_was_to_expire: "the client secret was to expire {when}, and still works",
        secret_of: "Client secret of {name}",
        certificate_of: "Certificate of {name}",
        ews_of: "Exchange Web Services for {name}",
        expired: "expired",
        date_outdated: "this date is out of date: Entra says that the secret has expired",
        date_of_another: "this is not the date of the secret in use: Entra does not know that one",
    }

    /// Names of the ids in evidence, by their keys in JSON.
    ids: Ids {
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

    /// The doctor's report, and the line that shows how far it is.
    doctor: Doctor {
        // The summary.
        nothing: "Nothing was checked.",
        all_well_one: "The check works.",
        all_well: "All {n} checks work.",
        none_fails: "No check fails.",
        one_fails: "1 of {all} checks fails.",
        some_fail: "{n} of {all} checks fail.",
        only_fails: "The only check fails.",
        one_cause: "There is one root cause.",
        some_causes: "There are {n} root causes:",
        one_not_run: "1 check did not run.",
        some_not_run: "{n} checks did not run.",
        one_noticed: "1 of {all} needs attention.",
        some_noticed: "{n} of {all} need attention.",

        // A root cause.
        root_cause: "Root cause {n}",
        how_sure: "How sure",
        place: "Where",
        reason: "Reason",
        meaning: "What it means",
        to_do: "What to do",
        more_mailboxes: "… and the same for {n} more mailboxes; `--output json` names them all",
        one_more_mailbox: "… and the same for 1 more mailbox; `--output json` names it",
        applies: "Takes effect after",
        object_id: "{id} is the claim `oid` of the token that Entra has just issued: the object id of the enterprise application. The object id shown under App registrations is a different one and does not work here.",
        object_id_unknown: "<OBJECT_ID> is the object id of the enterprise application (Microsoft Entra admin center > Enterprise applications > the application > Overview). The object id shown under App registrations is a different one and does not work here.",
        candidates: "Other possible reasons, the most likely first",
        seen: "Evidence",
        ticket: "For a support ticket",
        explains: "Affects",
        explains_of: "{n} of {all} checks: {probes}",
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
        ews_days: "number of days until EWS ends (move to Microsoft Graph)",
        messages_metric: "number of messages",
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
        failed_in: "failed {phase}",
        left_out_one: "(1 line left out)",
        left_out: "({n} lines left out)",
        legend: "Times in milliseconds; ✗ marks the phase that failed, → the root cause.",
        legend_well: "Times in milliseconds.",
        alike: "… and {n} more with the same result: {who}",
        more_with_v: "`-v` shows every check with its details.",

        // What was learnt.
        one_message: "1 message",
        messages: "{n} messages",
        one_folder: "1 folder",
        folders: "{n} folders",
        secret_expires: "client secret valid until",

        // While it runs.
        begun: "{n} checks are running …",
        running: "{done} of {all} checks done",
        running_failed: "{n} failed",
        waiting_for: "waiting for {who}",
        simulated: "Against the simulated tenant; `m365-probe demo` without --once serves a page and metrics.",
    }

    /// The facts that a run learns: labels, and the sentences of those that take one.
    facts: Facts {
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
        registration: "credentials",
        credential: "{kind}{used} until {until}",
        in_use: " (in use)",
        unknown: "unknown",
        no_credential: "no credential",
        not_permitted: "no permission to read; Application.Read.All of Microsoft Graph is enough",
        registered_elsewhere: "in the application's home tenant, which alone can show them",
        not_read: "not read: {why}",
        ews_ends: "EWS ends",
        last_worked: "last worked",
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
        bytes: "bytes",
        folders: "folders",
        server: "server",
        public_address: "our public address",
        id: "id",
        requested_pause: "requested pause",
        stalled: "this machine stood still",
    }

    /// The catalogue of reasons.
    catalogue: Catalogue {
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

    /// The pages for people.
    page: Page {
        // The frame.
        skip: "Skip to the content",
        purpose: "OAuth access to mail and calendars in Microsoft 365",
        pages: "Pages",
        overview: "Overview",
        reasons: "Reasons",
        metrics: "Metrics",
        as_json: "JSON",
        configuration: "Configuration",
        own_name: "English",
        stale: "This page is out of date: the probe has not answered since",
        unprotected: "Whoever reaches this machine can read these pages and have probes run: they are served beyond loopback, and no login is needed. Name users in the file of --web.config.file, listen on loopback, or say with --web.allow-unprotected that it is meant.",
        web_config_not_in_force: "The web configuration has changed and was refused; the one before the change is still in force. The log says why.",
        held: "This page stands still while something is marked. By now:",
        refreshes: "This page refreshes itself every {seconds} seconds.",
        pause: "Pause",
        paused: "This page does not refresh itself.",
        resume: "Resume",
        as_of: "As of",

        // The headline and the count.
        all_well: "Everything works",
        nothing_yet: "Waiting for the first results",
        still_to_run: "Checks are still to run",
        nothing_configured: "No probe is configured",
        with_warnings: "It works, with warnings",
        limit_violated: "A critical limit is violated",
        unsure: "Not everything could be checked",
        problems: "{n} problems",
        of_checks_fail: "{n} of {all} checks fail",
        checks_work: "{n} of {all} checks work",
        checks_critical: "{n} of {all} checks critical",
        waiting: "{n} still to run",
        last_run: "last run",

        // The search, and pages of a long list.
        search_for: "Mailbox, tenant, check or reason",
        search: "Search",
        found: "{n} of {all} checks found",
        show_all: "Show all",
        tenants: "{n} tenants",
        checks: "Checks",
        page_of: "Page {n} of {all}",
        first_page: "First",
        previous_page: "Previous",
        next_page: "Next",
        last_page: "Last",
        more: "{n} more",
        and_more_checks: "… and {n} more checks",
        further_problems: "{n} further problems",
        end_later: "{n} more end later.",

        // A root cause.
        broken: "What is broken",
        and_more: "{names} and {n} more",
        since: "Since",
        at_least: "at least",
        to_do: "What to do",
        applies: "Takes effect after",
        source: "Source",
        sure: "How sure",
        perhaps: "Or perhaps",
        affected: "{n} checks fail because of this",
        affected_one: "One check fails because of this",
        evidence: "Evidence",

        // What is worth a look, and what ends.
        warnings: "Warnings",
        left: "Days left",
        what: "What",
        ends: "Ends",
        days_left: "Days",

        // Probes.
        tenant: "Tenant",
        tenant_checks: "Checks of the tenant",
        mailbox_checks: "Mailboxes",
        mailbox: "Mailbox",
        without_problems: "{n} mailboxes without problems",
        mailboxes_still_to_run: "{n} mailboxes whose checks are still to run",
        check: "Check",
        not_yet: "not yet run",
        too_old: "no result for {time}",
        ago: "{time} ago",
        for_time: "for {time}",
        recent_runs: "last {n} runs, {failed} failed, between {shortest} and {longest}",

        // The past.
        history: "Last failures",
        history_none: "No failure has been seen since the start.",
        when: "When",
        took: "Took",
        phase: "Phase",

        // One probe.
        phases: "Where the time went",
        conversation: "Conversation",
        conversation_failed: "Conversation of the last failed run",
        conversation_none: "Nothing was said in this run.",
        we_said: "we said",
        they_said: "they said",
        happened: "happened",
        lines_left_out: "{n} lines left out",
        facts: "What was learnt",
        latency: "Latency",
        every: "Runs every {interval}, for at most {timeout}",
        run_now: "Run it now and see everything",
        total: "total",

        // The catalogue of reasons.
        catalogue_about: "Every reason for a failure: what it means, who must act and what to do. {n} entries.",
        all_codes: "All codes",
        severity: "Severity",

        // The faults of the demonstration.
        faults: "Make something go wrong",
        faults_about: "This is the simulated tenant: press a fault, and within seconds the checks find it.",
        faults_on: "In force now: {names}",
        faults_none: "Nothing is wrong now.",
        faults_clear: "Put everything right",
        faults_more: "All faults",

        // States.
        ok: "ok",
        warning: "warning",
        fails: "fails",
        critical: "critical",
        unknown: "unknown",

        // How bad a reason is.
        severity_failed: "does not work until somebody acts",
        severity_degraded: "works, but worth a look",
        severity_transient: "may pass by itself",

        // Spans of time: one, several, and several after a word like `ago`, for which German declines.
        day: "1 day",
        days: "{n} days",
        days_ago: "{n} days",
        hour: "1 hour",
        hours: "{n} hours",
        hours_ago: "{n} hours",
        minute: "1 minute",
        minutes: "{n} minutes",
        minutes_ago: "{n} minutes",
        second: "1 second",
        seconds: "{n} seconds",
        seconds_ago: "{n} seconds",
    }
}
