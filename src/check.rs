//! What there is to check, each a conversation: the one table of kinds, and what a conversation may use.

use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use crate::cloud::ranges::Ranges;
use crate::net::{Net, hosts};
use crate::outcome::{Fault, Phase};
use crate::registration::Registrations;
use crate::settings::{Network, ProbeSettings, Resolver, Tenant};
use crate::token::Tokens;
use crate::trace::Trace;

mod authorized;
mod dns;
mod ews;
mod graph;
mod imap;
mod mail;
mod pop3;
mod reach;
#[cfg(test)]
mod script;
mod several;
mod smtp;
mod token;

/// One kind of check.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the configuration, on the command line and in the `check` label.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub purpose: &'static str,
    /// Whether it is made for each mailbox, or once for the tenant.
    pub of_mailbox: bool,
    /// Whether it is made where nobody says which checks to make.
    pub by_default: bool,
    /// The phases it can enter: every series exists before it ever fails.
    pub phases: &'static [Phase],
    make: fn(&ProbeSettings) -> Result<Box<dyn AnyCheck>, String>,
}

/// Every kind of check, in the order in which they are shown. A new check is one file, its `mod` line and its row here.
pub const KINDS: &[Kind] = &[
    kind::<token::Issuance>(),
    kind::<dns::Names>(),
    kind::<reach::Reach>(),
    kind::<mail::Mail<pop3::Session>>(),
    kind::<mail::Mail<imap::Session>>(),
    kind::<mail::Mail<smtp::Session>>(),
    kind::<ews::Ews>(),
    kind::<graph::Graph>(),
];

/// The kind of that name.
pub fn kind_named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn kind<C: Check + 'static>() -> Kind {
    Kind {
        name: C::NAME,
        purpose: C::PURPOSE,
        of_mailbox: C::OF_MAILBOX,
        by_default: C::BY_DEFAULT,
        phases: C::PHASES,
        make: |settings| C::new(settings).map(|check| Box::new(check) as Box<dyn AnyCheck>),
    }
}

impl Kind {
    /// The check that `settings` describe.
    ///
    /// # Errors
    /// In words: what the cloud or the mailbox lacks for it.
    pub fn make(&self, settings: &ProbeSettings) -> Result<Box<dyn AnyCheck>, String> {
        (self.make)(settings)
    }
}

/// A check is a value made from settings; each run is one conversation.
pub trait Check: Debug + Send + Sync + Sized {
    /// Its name.
    const NAME: &'static str;
    /// What it shows, in a few words.
    const PURPOSE: &'static str;
    /// Whether it is made for each mailbox.
    const OF_MAILBOX: bool;
    /// Whether it is made where nobody says which checks to make; not so where it needs permissions of its own.
    const BY_DEFAULT: bool = true;
    /// The phases it can enter, in their order; the first is open from the start.
    const PHASES: &'static [Phase];

    /// The check that `settings` describe.
    ///
    /// # Errors
    /// In words: what the cloud or the mailbox lacks for it.
    fn new(settings: &ProbeSettings) -> Result<Self, String>;

    /// The conversation. It says where it is through the cursor, and all it can say of a failure is why.
    ///
    /// # Errors
    /// Why it failed.
    fn run(&self, cx: &mut Cx<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A boxed conversation.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A check whose type does not matter any more.
pub trait AnyCheck: Debug + Send + Sync {
    /// [`Check::run`], boxed.
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a>;
}

impl<C: Check> AnyCheck for C {
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a> {
        Box::pin(self.run(cx))
    }
}

/// What all runs share.
#[derive(Debug)]
pub struct Means {
    /// The way out.
    pub net: Net,
    /// The tokens in hand.
    pub tokens: Tokens,
    /// What Graph told of the applications.
    pub registrations: Registrations,
    /// Who the `dns` check asks.
    pub resolvers: Vec<Resolver>,
    /// The address ranges to hold answers against, where the user gave a list; else those shipped for the cloud.
    pub ranges: Option<Arc<Ranges>>,
    /// Where names of this machine's own stand, so that they are known for what they are.
    pub hosts_file: PathBuf,
}

impl Means {
    /// Reads the trust store once for all runs.
    ///
    /// # Errors
    /// In words: as [`Net::new`].
    pub fn new(network: &Network) -> Result<Self, String> {
        Ok(Self {
            net: Net::new(network)?,
            tokens: Tokens::default(),
            registrations: Registrations::default(),
            resolvers: network.resolvers.clone(),
            ranges: network.ranges.clone(),
            hosts_file: hosts::SYSTEM.into(),
        })
    }
}

/// What one run may use.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The cursor.
    pub trace: &'a mut Trace,
    /// What all runs share.
    pub means: &'a Means,
    /// Whose application it is.
    pub tenant: &'a Tenant,
}
