//! The services that take a mail, and that show it.

use crate::check::graph::GraphService;
use crate::check::with_token::NeededToken;
use crate::cloud::{Cloud, MailEndpoint};
use crate::kind::{Check, Family};

/// A service that takes mail, or shows it.
#[derive(Debug)]
pub(super) enum Service {
    /// A mail protocol at its host.
    Mail(Check, MailEndpoint),
    /// Microsoft Graph.
    Graph(GraphService),
}

impl Service {
    /// Returns that of a mail protocol or of Graph in a cloud.
    ///
    /// # Errors
    /// A message that says what the cloud lacks.
    pub fn of(check: Check, cloud: &Cloud) -> Result<Self, String> {
        match check.kind().family {
            Family::Mail { endpoint } => {
                let at = endpoint(cloud).ok_or_else(|| format!("no {check} host is known for the cloud `{}`", cloud.name))?;
                Ok(Self::Mail(check, at.clone()))
            }
            Family::Api { .. } if check == Check::Graph => GraphService::of(cloud).map(Self::Graph),
            _ => Err(format!("{check} is no protocol for mail")),
        }
    }

    /// Returns the token that it needs: with one of `graph_roles` where it is Graph, else with the protocol's own.
    pub fn needed_token<'a>(
        &'a self,
        cloud: &'a Cloud,
        graph_roles: &'static [&'static str],
        in_token: impl FnOnce(&'static [&'static str]) -> &'static [&'static str],
    ) -> NeededToken<'a> {
        match self {
            Self::Mail(check, _) => NeededToken::exchange(cloud, in_token(check.roles())),
            Self::Graph(service) => service.needed_token(in_token(graph_roles)),
        }
    }
}
