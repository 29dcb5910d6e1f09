//! The conversations behind the checks, and what they may use.

use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use crate::cloud::ranges::Ranges;
use crate::kind::Check;
use crate::net::{Net, hosts};
use crate::outcome::Fault;
use crate::registration::Registrations;
use crate::settings::{Network, ProbeSettings, Resolver, Tenant};
use crate::token::Tokens;
use crate::trace::Trace;

mod combined;
mod concurrency;
mod dns;
mod ews;
mod graph;
mod imap;
mod mail;
mod pop3;
mod reach;
#[cfg(test)]
mod script;
mod smtp;
mod token;
mod with_token;

/// Makes the conversation that `settings` describe. A new check is one file, its `mod` line and its line here, and its row in
/// [`kind`](crate::kind).
///
/// # Errors
/// In words: what the cloud or the mailbox lacks for it.
pub fn conversation(settings: &ProbeSettings) -> Result<Box<dyn AnyConversation>, String> {
    match settings.id.check {
        Check::Token => boxed::<token::Issuance>(settings),
        Check::Dns => boxed::<dns::Names>(settings),
        Check::Reach => boxed::<reach::Reach>(settings),
        Check::Pop3 => boxed::<mail::Mail<pop3::Session>>(settings),
        Check::Imap => boxed::<mail::Mail<imap::Session>>(settings),
        Check::Smtp => boxed::<mail::Mail<smtp::Session>>(settings),
        Check::Ews => boxed::<ews::Ews>(settings),
        Check::Graph => boxed::<graph::Graph>(settings),
    }
}

fn boxed<C: Conversation + 'static>(settings: &ProbeSettings) -> Result<Box<dyn AnyConversation>, String> {
    C::new(settings).map(|conversation| Box::new(conversation) as Box<dyn AnyConversation>)
}

/// What a check says to the servers: a value made from settings, which holds one conversation each run.
pub trait Conversation: Debug + Send + Sync + Sized {
    /// Makes it as `settings` describe.
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

/// A boxed run.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A conversation whose type does not matter any more.
pub trait AnyConversation: Debug + Send + Sync {
    /// [`Conversation::run`], boxed.
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a>;
}

impl<C: Conversation> AnyConversation for C {
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
