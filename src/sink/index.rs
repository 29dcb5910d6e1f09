//! The page at `/`: what is wrong and why, what there is, and how every probe is doing.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::cause::Case;
use super::{Judged, cause, judged, words};
use crate::board::{Board, Known};

/// Where something is to be found.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Path on this server.
    pub path: &'static str,
    /// What it is.
    pub about: &'static str,
}

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>m365-probe</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse }
th, td { padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }
dt { float: left; clear: left; width: 11rem } dd { margin-left: 11rem }
.ok { color: #18794e } .warning { color: #ad5700 } .critical { color: #ce2c31 } .unknown { color: #8145b5 }
</style>
</head>
<body>
";

/// The whole page. It loads nothing and runs nothing.
pub fn page(board: &Board, links: &[Link], now: SystemTime) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<h1>m365-probe {}</h1>", env!("CARGO_PKG_VERSION"));
    page.push_str("<p>Monitors OAuth access to mail and calendars in Microsoft 365.</p>\n");
    root_causes(&mut page, &cause::cases(&cause::of(&judged(board, now))));
    page.push_str("<dl>\n");
    for Link { path, about } in links {
        let _ = writeln!(page, "<dt><a href=\"{path}\">{path}</a></dt><dd>{}</dd>", escaped(about));
    }
    let count = words::count_of(board.probes().len().try_into().unwrap_or(u64::MAX), "probe");
    let _ = writeln!(page, "</dl>\n<h2>{count}</h2>\n<table>");
    page.push_str("<tr><th>tenant</th><th>mailbox</th><th>check</th><th>state</th><th>last run</th><th></th></tr>\n");
    for known in board.probes() {
        row(&mut page, known, now);
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

fn root_causes(page: &mut String, causes: &[Case]) {
    if causes.is_empty() {
        return;
    }
    let count = words::count_of(causes.len().try_into().unwrap_or(u64::MAX), "root cause");
    let _ = writeln!(page, "<h2>{count}</h2>\n<ol>");
    for cause in causes {
        let (title, remedy) = (escaped(cause.reason.title()), escaped(cause.reason.remedy()));
        let (name, owner, place) = (cause::name(cause), cause.reason.owner().code(), escaped(&cause::place(cause)));
        let perhaps = cause::candidates(cause).map(|codes| format!("<br>or perhaps {codes}")).unwrap_or_default();
        let explained = escaped(&cause::explained(cause));
        let _ = writeln!(
            page,
            "<li><strong class=\"critical\">{place}: {title}</strong> ({name})\
             <br>{remedy} (whose move: {owner}){perhaps}<br>explains {explained}</li>"
        );
    }
    page.push_str("</ol>\n");
}

fn row(page: &mut String, known: &Known, now: SystemTime) {
    let id = &known.settings.id;
    let (tenant, mailbox) = (escaped(&id.tenant), escaped(id.mailbox_label()));
    let judged = known.last.as_ref().or(known.skipped.as_ref()).map(|last| Judged::new(last, &known.settings.limits, now));
    let (state, at, told) = judged.map_or(("", "not yet".to_owned(), String::new()), |judged| {
        (judged.state().code(), words::time(judged.outcome.at), escaped(&words::sentence(&judged)))
    });
    let _ = writeln!(
        page,
        "<tr><td>{tenant}</td><td>{mailbox}</td><td>{}</td><td class=\"{state}\">{state}</td><td>{at}</td><td>{told}</td></tr>",
        id.check
    );
}

/// Text that stays text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
