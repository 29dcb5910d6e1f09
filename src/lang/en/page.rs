//! The English texts of the pages for people.

group! {
    /// The pages for people.
    Page PAGE {
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
        stale: "This page is out of date: m365-probe has not answered since",
        unprotected: "Whoever reaches this machine can read these pages and have checks run: they are served beyond loopback, and no login is needed. Name users in the file of --web.config.file, listen on loopback, or say with --web.allow-unprotected that it is meant.",
        web_config_not_in_force: "The web configuration has changed and was refused; the one before the change is still in force. The log says why.",
        held: "This page stands still while something is marked. By now:",
        refreshes: "This page refreshes itself every second." / "This page refreshes itself every {n} seconds.",
        pause: "Pause",
        paused: "This page does not refresh itself.",
        resume: "Resume",
        as_of: "As of",

        // The headline and the count.
        all_well: "Everything works",
        nothing_yet: "Waiting for the first results",
        still_to_run: "Checks are still to run",
        nothing_configured: "No check is configured",
        with_warnings: "It works, with warnings",
        not_all_works: "Not everything works",
        limit_violated: "A critical limit is violated",
        unsure: "Not everything could be checked",
        problems: "1 problem: {names}" / "{n} problems: {names}",
        check_of: "{check} of {name}",
        of_checks_fail: "1 of {all} fails" / "{n} of {all} fail",
        checks_work: "1 of {all} works" / "{n} of {all} work",
        checks_critical: "{n} of {all} critical",
        waiting: "{n} still to run",
        last_run: "last run",

        // The search, and pages of a long list.
        search_for: "Mailbox, tenant, check or reason",
        search: "Search",
        found: "{n} of {all} found",
        show_all: "Show all",
        tenants: "1 tenant" / "{n} tenants",
        checks: "Checks",
        page_of: "Page {n} of {all}",
        first_page: "First",
        previous_page: "Previous",
        next_page: "Next",
        last_page: "Last",
        more: "1 more" / "{n} more",
        and_more_checks: "… and 1 more check" / "… and {n} more checks",
        further_problems: "1 further problem" / "{n} further problems",
        end_later: "1 more ends later." / "{n} more end later.",

        // A root cause.
        broken: "What is broken",
        since: "Since",
        at_least: "at least",
        to_do: "What to do",
        applies: "Takes effect after",
        source: "Source",
        sure: "How sure",
        perhaps: "Or perhaps",
        affected: "One check fails because of this" / "{n} checks fail because of this",
        evidence: "Evidence",
        copy: "Copy",
        copied: "Copied",

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
        without_problems: "1 mailbox without problems" / "{n} mailboxes without problems",
        mailboxes_still_to_run: "1 mailbox whose checks are still to run" / "{n} mailboxes whose checks are still to run",
        check: "Check",
        not_yet: "not yet run",
        too_old: "no result for {time}",
        ago: "{time} ago",
        for_time: "for {time}",
        recent_runs: "last run, {failed} failed, between {shortest} and {longest}" / "last {n} runs, {failed} failed, between {shortest} and {longest}",

        // The past.
        history: "Last failures",
        incidents: "Incidents",
        from: "From",
        until: "Until",
        lasting: "still",
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
        lines_left_out: "1 line left out" / "{n} lines left out",
        facts: "What was learnt",
        latency: "Latency",
        every: "Runs every {interval}, for at most {timeout}",
        slowed: "Runs every {interval} while it is refused (configured: {configured}), for at most {timeout}; at once when the \
                 credential, the token or the configuration has changed",
        run_now: "Run it now and see everything",
        total: "total",

        // The catalogue of reasons.
        catalogue_about: "Every reason for a failure: what it means, who must act and what to do. {n} entries.",
        search_reasons: "Code, number or word",
        reasons_found: "{n} of {all} reasons found",
        all_reasons: "All reasons",
        code: "Code",
        no_such_page: "There is no such page",
        not_understood: "This address cannot be understood",
        back: "Back to the overview",
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

        // Spans of time, and the same after a word like `ago`, for which German declines.
        days: "1 day" / "{n} days",
        days_ago: "1 day" / "{n} days",
        hours: "1 hour" / "{n} hours",
        hours_ago: "1 hour" / "{n} hours",
        minutes: "1 minute" / "{n} minutes",
        minutes_ago: "1 minute" / "{n} minutes",
        seconds: "1 second" / "{n} seconds",
        seconds_ago: "1 second" / "{n} seconds",
        just_now: "just now",
        moment: "less than a second",
        moment_ago: "less than a second",
    }
}
