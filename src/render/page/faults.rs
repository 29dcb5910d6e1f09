//! In the demonstration: buttons that make something go wrong, and put it right again.

use maud::{Markup, html};

use super::View;
use crate::lang::fill;

/// A fault that a button turns on and off.
#[derive(Clone, Debug)]
pub struct FaultSwitch {
    /// The fault's name.
    pub name: &'static str,
    /// The fault's effect, in one line.
    pub about: &'static str,
    /// True while the fault is in force.
    pub on: bool,
}

/// The path that the buttons lead to.
pub const PATH: &str = "/faults";

/// Faults that are shown unfolded: one of each kind, for a first-time visitor to try.
const FIRST: [&str; 6] = [
    "client_secret_expired",
    "exchange_service_principal_missing",
    "connect_refused",
    "ews_disabled",
    "tls_certificate_untrusted",
    "throttled",
];

/// Renders the whole section.
pub fn section(switches: &[FaultSwitch], view: &View<'_>) -> Markup {
    let texts = view.texts();
    let on: Vec<&str> = switches.iter().filter(|switch| switch.on).map(|switch| switch.name).collect();
    let (first, more): (Vec<&FaultSwitch>, Vec<&FaultSwitch>) = switches.iter().partition(|switch| FIRST.contains(&switch.name));
    html! {
        section .card aria-labelledby="faults" {
            h2 #faults { (texts.faults) }
            p { (texts.faults_about) }
            p { strong { @if on.is_empty() { (texts.faults_none) } @else { (fill(texts.faults_on, &[("names", &on.join(", "))])) } } }
            form method="post" action=(view.link(PATH, "")) {
                div.buttons {
                    @for switch in first { (button(switch)) }
                    button .clear #clear name="clear" value="all" disabled[on.is_empty()] { (texts.faults_clear) }
                }
                details #all-faults {
                    summary { (texts.faults_more) " (" (switches.len()) ")" }
                    div.buttons { @for switch in more { (button(switch)) } }
                }
            }
        }
    }
}

fn button(FaultSwitch { name, about, on }: &FaultSwitch) -> Markup {
    html! { button name="fault" value=(name) id={ "fault-" (name) } aria-pressed=(on) title=(about) { (name) } }
}
