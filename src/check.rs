//! The conversation of each check, and the context in which it runs.

use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use crate::clock::SteadyClock;
use crate::cloud::ranges::Ranges;
use crate::kind::Check;
use crate::net::{Net, hosts};
use crate::outcome::Fault;
use crate::registration::Registrations;
use crate::round_trip::Ledger;
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
mod round_trip;
#[cfg(test)]
mod script;
mod smtp;
mod token;
mod with_token;

/// Makes the conversation that `settings` describe. A new check is one file, its `mod` line and its line here, and its row in
/// [`kind`](crate::kind).
///
/// # Errors
/// A message that names what the cloud or the mailbox lacks for it.
pub fn conversation(settings: &ProbeSettings) -> Result<Box<dyn AnyConversation>, String> {
    match settings.id.check {
        Check::Token => boxed::<token::TokenCheck>(settings),
        Check::Dns => boxed::<dns::DnsCheck>(settings),
        Check::Reach => boxed::<reach::ReachCheck>(settings),
        Check::Pop3 => boxed::<mail::MailCheck<pop3::Session>>(settings),
        Check::Imap => boxed::<mail::MailCheck<imap::Session>>(settings),
        Check::Smtp => boxed::<mail::MailCheck<smtp::Session>>(settings),
        Check::RoundTrip => boxed::<round_trip::RoundTripCheck>(settings),
        Check::Ews => boxed::<ews::EwsCheck>(settings),
        Check::Graph => boxed::<graph::GraphCheck>(settings),
    }
}

fn boxed<C: Conversation + 'static>(settings: &ProbeSettings) -> Result<Box<dyn AnyConversation>, String> {
    C::new(settings).map(|conversation| Box::new(conversation) as Box<dyn AnyConversation>)
}

/// A check's conversation with its servers. It is made from settings once and held anew in each run.
pub trait Conversation: Debug + Send + Sync + Sized {
    /// Makes the conversation that `settings` describe.
    ///
    /// # Errors
    /// A message that names what the cloud or the mailbox lacks for it.
    fn new(settings: &ProbeSettings) -> Result<Self, String>;

    /// Holds the conversation, and enters each phase through the cursor before it speaks.
    ///
    /// # Errors
    /// The reason of the failure with its evidence; the caller adds the phase.
    fn run(&self, cx: &mut Cx<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The boxed future of a run.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A [`Conversation`] of any type, as a trait object.
pub trait AnyConversation: Debug + Send + Sync {
    /// Starts [`Conversation::run`], boxed.
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a>;
}

impl<C: Conversation> AnyConversation for C {
    fn start<'a>(&'a self, cx: &'a mut Cx<'_>) -> Running<'a> {
        Box::pin(self.run(cx))
    }
}

/// The resources that all runs share.
#[derive(Debug)]
pub struct Means {
    /// The network as configured: pinned names, proxies, trust store.
    pub net: Net,
    /// The access tokens, cached until they are renewed.
    pub tokens: Arc<Tokens>,
    /// The registrations of the applications, as read from Graph.
    pub registrations: Arc<Registrations>,
    /// The ledger of the round trips.
    pub ledger: Arc<Ledger>,
    /// Set if a run waits, as long as its time lasts, for a mail to arrive: no run of a schedule does.
    pub waits: bool,
    /// Set if a run of a round trip sends nothing, and looks through all of the folders for mails of this program.
    pub sweep: Option<Sweep>,
    /// The resolvers that the `dns` check asks.
    pub resolvers: Vec<Resolver>,
    /// The address ranges with which DNS answers are compared; `None` for the built-in list of each cloud.
    pub ranges: Option<Arc<Ranges>>,
    /// The clock by which a run knows that this machine stood still.
    pub clock: SteadyClock,
    /// The path of the hosts file; an address that it gives is reported as this machine's own setting.
    pub hosts_file: PathBuf,
}

impl Means {
    /// Reads the trust store once for all runs.
    ///
    /// # Errors
    /// The message of [`Net::new`].
    pub fn new(network: &Network) -> Result<Self, String> {
        Ok(Self {
            net: Net::new(network)?,
            tokens: Arc::default(),
            registrations: Arc::default(),
            ledger: Arc::new(Ledger::in_memory()),
            waits: false,
            sweep: None,
            resolvers: network.resolvers.clone(),
            ranges: network.ranges.clone(),
            clock: SteadyClock::default(),
            hosts_file: hosts::SYSTEM.into(),
        })
    }

    /// Returns the same with the tokens and registrations that `other` has cached, and its ledger.
    #[must_use]
    pub fn with_caches_of(self, other: &Self) -> Self {
        Self {
            tokens: Arc::clone(&other.tokens),
            registrations: Arc::clone(&other.registrations),
            ledger: Arc::clone(&other.ledger),
            ..self
        }
    }
}

/// A search through all of the folders for mails of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// They are listed.
    List,
    /// They are deleted.
    Delete,
}

/// The context of one run.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The cursor: the open phase, the times of the closed ones, and the facts.
    pub trace: &'a mut Trace,
    /// The resources that all runs share.
    pub means: &'a Means,
    /// The tenant to which the application logs in.
    pub tenant: &'a Tenant,
}
