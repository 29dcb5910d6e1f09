//! The pages for people: how everything is, one probe at length, and what each reason means. Server-rendered HTML that loads
//! nothing from anywhere.

mod cause_card;
mod error_page;
mod expiries;
mod faults;
mod headline;
mod history;
mod html;
mod incidents;
mod judged_probe;
mod layout;
mod listing;
mod notices;
mod probe;
mod probe_table;
mod public;
mod reasons;
mod search;
mod sparkline;
mod status;
mod time;
mod warnings;

pub use self::error_page::{PageError, page as error};
pub use self::faults::{FaultSwitch, PATH as FAULTS};
pub use self::notices::Notice;
pub use self::probe::page as probe;
pub use self::public::page as public;
pub use self::reasons::{index as reasons, page as reason};
pub use self::search::Search;
pub use self::status::page as status;

use std::time::SystemTime;

use crate::lang::{self, Lang};
use crate::outcome::ProbeId;
use crate::reason::Reason;

/// The style of every page; its hash stands in the policy.
pub const STYLE: &str = include_str!("page/style.css");
/// The script of every page, which they can do without; its hash stands in the policy.
pub const SCRIPT: &str = include_str!("page/script.js");

/// The circumstances that a page is rendered for: its reader, its address and the time.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The language of all texts.
    pub lang: Lang,
    /// True if the language was chosen in the address and not by the browser: then links carry it on.
    pub chosen: bool,
    /// True if the page does not refresh itself.
    pub paused: bool,
    /// Seconds after which a page refreshes itself, unless it is to stay as it is.
    pub refresh: u64,
    /// The page's own path.
    pub path: &'a str,
    /// The page's own parameters, but for language and refreshing.
    pub query: &'a [(&'a str, &'a str)],
    /// The notices about the service itself.
    pub notices: &'a [Notice],
    /// The time that the page is rendered for.
    pub now: SystemTime,
}

impl View<'_> {
    /// Returns the page's texts in the reader's language.
    fn texts(&self) -> &'static lang::Page {
        &self.lang.texts().page
    }

    /// A page without parameters, and a place on it.
    fn link(&self, path: &str, anchor: &str) -> String {
        let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
        self.page(path, Vec::new()) + &anchor
    }

    /// The page of a probe.
    fn probe(&self, id: &ProbeId) -> String {
        self.page("/probes", probe_query(id))
    }

    /// The page of a reason.
    fn reason(&self, reason: Reason) -> String {
        self.link(&format!("/reasons/{reason}"), "")
    }

    /// The status page with the probes of a search.
    fn search(&self, search: &Search<'_>) -> String {
        self.page("/", search.parameters().iter().map(|(name, value)| (*name, &**value)).collect())
    }

    /// A page with parameters, in the language that was chosen.
    fn page<'q>(&self, path: &str, mut query: Vec<(&'q str, &'q str)>) -> String {
        if self.chosen {
            query.push(("lang", self.lang.name()));
        }
        address(&self.relative(path), &query)
    }

    /// A path of ours as seen from this page: whatever path of a reverse proxy leads here, it leads there too.
    fn relative(&self, path: &str) -> String {
        let up = self.path.matches('/').count().saturating_sub(1);
        let below = path.trim_start_matches('/');
        match up {
            0 => format!("./{below}"),
            up => "../".repeat(up) + below,
        }
    }

    /// This very page in a language, refreshing itself or not.
    fn here(&self, lang: Lang, paused: bool) -> String {
        let mut query = self.query.to_vec();
        if self.chosen || lang != self.lang {
            query.push(("lang", lang.name()));
        }
        if paused {
            query.push(("refresh", "off"));
        }
        address(&self.relative(self.path), &query)
    }

    /// The address at which a probe is run at once.
    fn running(&self, id: &ProbeId) -> String {
        let mut query = probe_query(id);
        query.push(("debug", "true"));
        address(&self.relative("/probe"), &query)
    }
}

fn probe_query(id: &ProbeId) -> Vec<(&str, &str)> {
    let mut query = vec![("check", id.check.name()), ("tenant", &*id.tenant)];
    query.extend(id.mailbox.as_deref().map(|mailbox| ("mailbox", mailbox)));
    query
}

/// A path with its parameters.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    format!("{path}?{}", encoded.finish())
}
