//! The access to a mailbox: how it was given, and whether there shall be one.

use super::{Format, Value};
use crate::settings;

/// The answer that a mailbox shall give to the application.
pub(in crate::config) struct Expectation(pub settings::Expectation);

impl Value for Expectation {
    const FORMAT: Format = Format::new("an answer to expect", "opened or denied", "").choices(&["opened", "denied"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "opened" => Ok(Self(settings::Expectation::Opened)),
            "denied" => Ok(Self(settings::Expectation::Denied)),
            _ => Err(String::new()),
        }
    }
}

/// The form in which the application was given its access.
pub(in crate::config) struct Authorization(pub settings::Authorization);

impl Value for Authorization {
    const FORMAT: Format = Format::new("a way to be authorized", "permissions or rbac", "").choices(&["permissions", "rbac"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "permissions" => Ok(Self(settings::Authorization::Permissions)),
            "rbac" => Ok(Self(settings::Authorization::Rbac)),
            _ => Err(String::new()),
        }
    }
}
