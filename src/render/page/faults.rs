//! In the demonstration: buttons that make something go wrong, and put it right again.

use std::fmt::Write as _;

use super::Visitor;
use super::html::escaped;
use super::tongue::{with, words};

/// A fault that can be made to happen.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub name: &'static str,
    /// What goes wrong, in one line.
    pub about: &'static str,
    /// Whether it is in force now.
    pub on: bool,
}

/// Where the buttons lead.
pub const PATH: &str = "/faults";

/// What a first-time visitor tries: a fault of each kind.
const FIRST: [&str; 6] = [
    "client_secret_expired",
    "exchange_service_principal_missing",
    "connect_refused",
    "ews_disabled",
    "tls_certificate_untrusted",
    "throttled",
];

/// The whole section.
pub fn section(page: &mut String, offers: &[Offer], visitor: &Visitor<'_>) {
    let words = words(visitor.lang);
    let on: Vec<&str> = offers.iter().filter(|offer| offer.on).map(|offer| offer.name).collect();
    let told = if on.is_empty() { words.faults_none.to_owned() } else { with(words.faults_on, [on.join(", ")]) };
    let _ = write!(
        page,
        "<section aria-labelledby=\"faults\" class=\"card\">\n<h2 id=\"faults\">{}</h2>\n<p>{}</p>\n<p><strong>{told}</strong></p>\n\
         <form method=\"post\" action=\"{}\">\n<div class=\"buttons\">\n",
        words.faults,
        words.faults_about,
        visitor.link(PATH, "")
    );
    let first = |offer: &&Offer| FIRST.contains(&offer.name);
    for offer in offers.iter().filter(first) {
        button(page, offer);
    }
    let disabled = if on.is_empty() { " disabled" } else { "" };
    let _ = writeln!(
        page,
        "<button class=\"clear\" name=\"clear\" value=\"all\" id=\"clear\"{disabled}>{}</button>\n</div>",
        words.faults_clear
    );
    let _ = write!(
        page,
        "<details id=\"all-faults\"><summary>{} ({})</summary>\n<div class=\"buttons\">\n",
        words.faults_more,
        offers.len()
    );
    for offer in offers.iter().filter(|offer| !first(offer)) {
        button(page, offer);
    }
    page.push_str("</div>\n</details>\n</form>\n</section>\n");
}

fn button(page: &mut String, Offer { name, about, on }: &Offer) {
    let _ = writeln!(
        page,
        "<button name=\"fault\" value=\"{name}\" id=\"fault-{name}\" aria-pressed=\"{on}\" title=\"{}\">{name}</button>",
        escaped(about)
    );
}
