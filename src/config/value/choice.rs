//! Values that are one of a few words.

use super::{Format, Value};
use crate::settings;

/// Declares such values: the kind of value and its words as a message has them, and the meaning of each word.
macro_rules! choices {
    ($( $(#[$about:meta])* $Name:ident($Meaning:ty): $kind:literal, $words:literal { $( $word:literal => $meaning:expr, )* } )*) => { $(
        $(#[$about])*
        pub(in crate::config) struct $Name(pub $Meaning);

        impl Value for $Name {
            const FORMAT: Format = Format::new($kind, $words, "").choices(&[$( $word ),*]);

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $( $word => Ok(Self($meaning)), )*
                    _ => Err(String::new()),
                }
            }
        }
    )* };
}

choices! {
    /// The folder that the `ews` and `graph` checks open.
    Folder(settings::Folder): "a folder that can be opened", "msgfolderroot or calendar" {
        "msgfolderroot" => settings::Folder::Root,
        "calendar" => settings::Folder::Calendar,
    }
    /// The view of TLS inspection.
    Inspection(settings::Inspection): "a view of TLS inspection", "warned or accepted" {
        "warned" => settings::Inspection::Warned,
        "accepted" => settings::Inspection::Accepted,
    }
    /// The answer that a mailbox shall give to the application.
    Expectation(settings::Expectation): "an answer to expect", "opened or denied" {
        "opened" => settings::Expectation::Opened,
        "denied" => settings::Expectation::Denied,
    }
    /// The form in which the application was given its access.
    Authorization(settings::Authorization): "a way to be authorized", "permissions or rbac" {
        "permissions" => settings::Authorization::Permissions,
        "rbac" => settings::Authorization::Rbac,
    }
}
