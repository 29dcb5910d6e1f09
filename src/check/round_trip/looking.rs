//! The second half of a round trip: the mail is looked for, and mails of this program are deleted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::check::with_token::{self, NeededToken, WithToken};
use crate::check::{Cx, Sweep};
use crate::cloud::{Cloud, role};
use crate::kind::Check;
use crate::outcome::{Fault, HopFacts, RoundTripFacts};
use crate::reason::Reason;
use crate::round_trip::{FolderMark, Ledger, PairState, Pending, Problem};
use crate::token::Token;
use crate::wire::mail::{Bounce, Hop, MailHeader};

use super::service::Service;
use super::{RoundTripCheck, look_graph, look_imap, look_pop3};

/// The fate of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lies in the inbox.
    Arrived {
        /// The servers that it passed.
        hops: Vec<Hop>,
    },
    /// It lies in the junk folder of this name.
    Junked {
        /// The folder's name.
        folder: String,
    },
    /// A report came back.
    Bounced {
        /// The status in the report.
        status: Option<String>,
        /// The report's words.
        heard: String,
    },
}

/// The result of a look into a mailbox.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// The fate of the pending mail, where it shows.
    pub fate: Option<Fate>,
    /// Its Message-ID, where the mail itself shows.
    pub message_id: Option<String>,
    /// The number of mails deleted.
    pub deleted: u64,
    /// The mails of this instance that a search has found, each with its folder.
    pub listed: Vec<String>,
    /// The first mail that could not be deleted, and why.
    pub not_deleted: Option<Fault>,
    /// The parts of the folders that have been looked through.
    pub marks: BTreeMap<String, FolderMark>,
}

impl Sight {
    /// Makes evidence of the words of a report, which anybody may have written, before they are noted in a file.
    pub fn sanitize(&mut self, sanitize: impl Fn(&str) -> String) {
        if let Some(Fate::Bounced { heard, .. }) = &mut self.fate {
            *heard = sanitize(heard);
        }
    }
}

/// A look into one mailbox. It is made anew where the token is.
pub(super) struct Look<'c> {
    pub check: &'c RoundTripCheck,
    /// The address of the mailbox.
    pub mailbox: &'c str,
    /// The state of the pair before the look.
    pub state: PairState,
    /// Set for a search through all of the folders.
    pub sweep: Option<Sweep>,
    sight: Mutex<Sight>,
}

/// The part that a message plays in a round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the pending mail; deleted only where its header has the mark of this instance.
    Pending {
        /// Set if it has the mark.
        is_marked: bool,
    },
    /// It is another mail of this instance.
    Own,
    /// It may be a report about one.
    Report,
    /// It is somebody else's.
    Foreign,
}

impl RoundTripCheck {
    /// Looks for the pending mail where it may be, and notes its fate; deletes mails of this instance.
    ///
    /// # Errors
    /// The fault of a conversation.
    pub(super) async fn look(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        self.look_into(cx, &self.recipient).await?;
        if !self.recipient.eq_ignore_ascii_case(&self.mailbox) {
            self.look_into(cx, &self.mailbox).await?;
        }
        let (now, settings, pair) = (cx.means.ledger.now(), self.settings.clone(), &self.pair);
        let (by, is_dry) = (self.settings.by, cx.means.sweep == Some(Sweep::List));
        let note = move |state: &mut PairState| {
            let Some(pending) = state.pending.as_mut().filter(|_| !is_dry) else { return };
            if !pending.is_given_up(now, &settings) {
                pending.looked = Some(now);
                return;
            }
            // Where nobody knows that the mail was accepted, its absence tells nothing, and what was known stays.
            let problem = if pending.accepted.is_some() { Some(lost(pending, by)) } else { state.problem.clone() };
            state.end(None, problem);
        };
        cx.means.ledger.update(pair, note).await.map(drop)
    }

    async fn look_into(&self, cx: &mut Cx<'_>, mailbox: &str) -> Result<(), Fault> {
        let state = cx.means.ledger.read(&self.pair).await?;
        let look = Look { check: self, mailbox, state, sweep: cx.means.sweep, sight: Mutex::default() };
        let result = with_token::run(&look, cx).await;
        let sight = look.sight.into_inner().unwrap_or_else(PoisonError::into_inner);
        let facts = &mut cx.trace.facts;
        facts.round_trip.listed.extend(sight.listed);
        facts.round_trip.deleted = Some(facts.round_trip.deleted.unwrap_or_default() + sight.deleted);
        if let Some(fault) = sight.not_deleted {
            facts.warn(fault);
        }
        let marks = sight.marks;
        cx.means.ledger.update(&self.pair, move |state| state.marks.extend(marks)).await?;
        result
    }
}

fn lost(pending: &Pending, by: Check) -> Problem {
    let id = pending.message_ids.last().map_or_else(|| format!("the mail {}", pending.id), String::clone);
    let where_ = if by == Check::Pop3 { "the inbox, all that POP3 shows" } else { "inbox and junk folder" };
    Problem::from(&Fault::heard(Reason::MailLost, format!("{id} is not in {where_}, and no report came back")))
}

impl WithToken for Look<'_> {
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a> {
        let authorization = self.check.authorization;
        self.check.store.needed_token(cloud, role::GRAPH_READ, |roles| authorization.in_token(roles))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let mut sight = Sight::default();
        let result = match &self.check.store {
            Service::Graph(service) => look_graph::look(self, cx, token, service, &mut sight).await,
            Service::Mail(Check::Pop3, at) => look_pop3::look(self, cx, token, at, &mut sight).await,
            Service::Mail(_, at) => look_imap::look(self, cx, token, at, &mut sight).await,
        };
        *self.sight.lock().unwrap_or_else(PoisonError::into_inner) = sight;
        result
    }
}

impl Look<'_> {
    /// Reports whether the mailbox is the one that the mail is sent to.
    pub fn is_recipient(&self) -> bool {
        self.mailbox.eq_ignore_ascii_case(&self.check.recipient)
    }

    /// Returns the name of a folder's mark.
    pub fn mark_name(&self, folder: &str) -> String {
        format!("{}/{folder}", self.mailbox.to_ascii_lowercase())
    }

    /// Returns the part that a message with this header plays.
    pub fn role(&self, header: &MailHeader) -> Role {
        let is_marked = header.mark.as_ref().is_some_and(|mark| mark.instance == self.state.instance);
        let pending = self.state.pending.as_ref();
        let is_pending = pending.is_some_and(|pending| {
            let has_mark = is_marked && header.mark.as_ref().is_some_and(|mark| mark.id == pending.id);
            has_mark || header.message_ids.iter().any(|id| pending.message_ids.contains(id))
        });
        if header.is_report {
            Role::Report
        } else if header.is_automatic_answer {
            Role::Foreign
        } else if is_pending {
            Role::Pending { is_marked }
        } else if is_marked {
            Role::Own
        } else {
            Role::Foreign
        }
    }

    /// Reports whether a report is about a mail of this instance, and its fate where that is the pending one.
    pub fn judge_report(&self, bounce: Option<Bounce>) -> (bool, Option<Fate>) {
        let Some(bounce) = bounce.filter(|bounce| bounce.mark.instance == self.state.instance) else { return (false, None) };
        let is_pending = self.state.pending.as_ref().is_some_and(|pending| pending.id == bounce.mark.id);
        let heard = bounce.diagnostic.unwrap_or_else(|| "the report does not say why".to_owned());
        let fate = Fate::Bounced { status: bounce.status, heard };
        (true, (is_pending && bounce.is_final).then_some(fate))
    }

    /// Notes the fate of the pending mail, if it shows, before anything is deleted: a process that ends in between must not leave behind a mail
    /// that is looked for and gone.
    ///
    /// # Errors
    /// `state_unusable`.
    pub async fn conclude(&self, ledger: &Ledger, sight: &Sight, facts: &mut RoundTripFacts) -> Result<(), Fault> {
        let Some(fate) = &sight.fate else { return Ok(()) };
        let now = ledger.now();
        let (hops, folder) = match fate {
            Fate::Arrived { hops } => (hops.clone(), None),
            Fate::Junked { folder } => (Vec::new(), Some(folder.clone())),
            Fate::Bounced { .. } => (Vec::new(), None),
        };
        let is_arrival = !matches!(fate, Fate::Bounced { .. });
        let took = self.state.pending.as_ref().map_or(Duration::ZERO, |pending| pending.arrival(now, Hop::transit(&hops)));
        let (problem, id) =
            (fate.problem(&self.check.settings, took), self.state.pending.as_ref().map(|pending| pending.id.clone()));
        let message_id = sight.message_id.clone();
        let note = move |state: &mut PairState| {
            if state.pending.as_ref().map(|pending| &pending.id) == id.as_ref() {
                state.message_id = state.message_id.take().or(message_id);
                state.end(is_arrival.then_some(now), problem);
            }
        };
        ledger.update(&self.check.pair, note).await?;
        (facts.arrival, facts.hops, facts.folder) = (is_arrival.then_some(took), hop_facts(&hops), folder);
        Ok(())
    }
}

fn hop_facts(hops: &[Hop]) -> Vec<HopFacts> {
    /// More than any way has within one organisation.
    const MOST: usize = 12;
    let before = std::iter::once(None).chain(hops.iter().map(Some));
    let after = |hop: &Hop, before: Option<&Hop>| before.and_then(|before| hop.at.duration_since(before.at).ok());
    let facts = hops.iter().zip(before).map(|(hop, before)| HopFacts { server: hop.server.clone(), after: after(hop, before) });
    facts.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Secret, Sent};

    #[test]
    fn sanitize_of_a_report_that_quotes_the_token_masks_it() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.c2VjcmV0"));
        let heard = "550 no, not eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.c2VjcmV0".to_owned();
        let mut sight = Sight { fate: Some(Fate::Bounced { status: None, heard }), ..Sight::default() };
        sight.sanitize(|text| sent.sanitize(text.as_bytes()));
        assert_eq!(sight.fate, Some(Fate::Bounced { status: None, heard: "550 no, not <secret>".to_owned() }));
    }
}
