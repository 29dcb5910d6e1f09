//! Names of the identifiers that a support ticket wants: a closed list, so that each has its label and is read back by name.

use crate::lang::Lang;
use crate::small_map::SmallMap;

/// Identifiers by name, in the order in which a ticket shows them.
pub type SupportIds = SmallMap<SupportId, String>;

macro_rules! support_ids {
    ($( $(#[$doc:meta])* $name:ident = $code:literal, )*) => {
        /// An identifier that the other side gave a request, a connection or one of its machines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum SupportId { $( $(#[$doc])* $name, )* }

        impl SupportId {
            /// All of them, in the order in which a ticket shows them.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// Its name in JSON and in logs.
            pub const fn code(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }
        }
    };
}

support_ids! {
    /// `correlation_id` in Entra's answer.
    CorrelationId = "correlation_id",
    /// `trace_id` in Entra's answer.
    TraceId = "trace_id",
    /// `x-ms-request-id`, `request-id`, and `RequestId=` in an Exchange error.
    RequestId = "request_id",
    /// `client-request-id`.
    ClientRequestId = "client_request_id",
    /// `x-ms-ests-server`: build and region of the token server.
    EstsServer = "ests_server",
    /// The server's name in the trailer of an SMTP reply.
    Server = "server",
    /// The session in the trailer of an SMTP reply.
    Session = "session",
    /// The server's time in the trailer of an SMTP reply.
    ServerTime = "server_time",
    /// `MailboxBE=` in an Exchange error.
    MailboxServer = "mailbox_server",
    /// `Proxy=` in an Exchange error.
    Proxy = "proxy",
    /// `X-FEServer`.
    FrontEndServer = "fe_server",
    /// `X-BEServer`.
    BackEndServer = "be_server",
    /// `X-TargetBEServer`.
    TargetBackEndServer = "target_be_server",
    /// `X-CalculatedBETarget`.
    BackEndTarget = "be_target",
    /// `X-CalculatedFETarget`.
    FrontEndTarget = "fe_target",
    /// `X-BackEndHttpStatus`.
    BackEndStatus = "be_status",
    /// `X-DiagInfo`.
    DiagnosticInfo = "diag_info",
    /// `X-CasErrorCode`.
    FrontEndError = "cas_error",
    /// `x-ms-ags-diagnostic`: data centre, ring and server of Graph, in JSON.
    GraphDiagnostic = "ags_diagnostic",
}

impl SupportId {
    /// Its name for a reader.
    pub fn label(self, lang: Lang) -> &'static str {
        let labels = lang.texts().ids.all();
        labels.into_iter().find(|(key, _)| *key == self.code()).map_or(self.code(), |(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_has_a_label() {
        for id in SupportId::ALL {
            let labels = Lang::En.texts().ids.all();
            assert!(labels.iter().any(|(key, _)| *key == id.code()), "{id:?} has no text in the group `ids`");
        }
    }
}
