//! The pages for people: how everything is, one probe at length, and what each reason means. Server-rendered HTML that loads
//! nothing from anywhere.

mod causes;
mod faults;
mod history;
mod html;
mod probe;
mod reasons;
mod spark;
mod status;
mod table;
mod time;
mod tongue;
mod watch;

pub use self::faults::{Offer, PATH as FAULTS};
pub use self::probe::page as probe;
pub use self::reasons::page as reasons;
pub use self::status::page as status;

use self::html::escaped;
use crate::lang::Lang;
use crate::outcome::ProbeId;

/// The style of every page; its hash stands in the policy.
pub const STYLE: &str = include_str!("page/style.css");
/// The script of every page, which they can do without; its hash stands in the policy.
pub const SCRIPT: &str = include_str!("page/script.js");

/// Who reads a page, and how.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    /// In this language.
    pub lang: Lang,
    /// Whether the language was asked for in the address and not by the browser: then links carry it on.
    pub chosen: bool,
    /// Whether the page is to stay as it is.
    pub paused: bool,
    /// Seconds after which a page refreshes itself, unless it is to stay as it is.
    pub refresh: u64,
    /// The page's own path.
    pub path: &'a str,
    /// The page's own parameters, but for language and refreshing.
    pub query: &'a [(&'a str, &'a str)],
}

impl Visitor<'_> {
    /// A page without parameters, and a place on it.
    fn link(&self, path: &str, anchor: &str) -> String {
        let lang = if self.chosen { format!("?lang={}", self.lang) } else { String::new() };
        let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
        format!("{path}{lang}{anchor}")
    }

    /// The page of a probe.
    fn probe(&self, id: &ProbeId) -> String {
        let mut query = named(id);
        if self.chosen {
            query.push(("lang", self.lang.name()));
        }
        address("/probes", &query)
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
        address(self.path, &query)
    }
}

/// Where a probe is run at once.
fn running(id: &ProbeId) -> String {
    let mut query = named(id);
    query.push(("debug", "true"));
    address("/probe", &query)
}

fn named(id: &ProbeId) -> Vec<(&str, &str)> {
    let mut query = vec![("check", id.check.name()), ("tenant", &*id.tenant)];
    query.extend(id.mailbox.as_deref().map(|mailbox| ("mailbox", mailbox)));
    query
}

/// A path and parameters, as they stand in an attribute.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    format!("{path}?{}", escaped(&encoded.finish()))
}
