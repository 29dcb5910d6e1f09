//! Notices about this service itself, above the content of every page: what leaves it open, whatever the probes find.

use maud::{Markup, html};

use super::View;

/// Something about the service that whoever runs it should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The pages are served beyond loopback, and no login is needed.
    Unprotected,
    /// The files of the web configuration have changed, and the configuration before the change is in force.
    WebConfigNotInForce,
}

/// Renders the notices, a banner each.
pub fn banners(view: &View<'_>) -> Markup {
    let texts = view.texts();
    html! {
        @for notice in view.notices {
            p .banner.warning role="status" {
                (match notice {
                    Notice::Unprotected => texts.unprotected,
                    Notice::WebConfigNotInForce => texts.web_config_not_in_force,
                })
            }
        }
    }
}
