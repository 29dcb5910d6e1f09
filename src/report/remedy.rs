//! The remedy of a reason, with the reader's own ids filled in and a command for each mailbox that is concerned.

mod brief;
mod endpoint;
mod protocol;

use std::collections::{BTreeMap, HashSet};

pub use self::endpoint::is_about_names;
use self::endpoint::{Endpoint, endpoints};
use self::protocol::Protocols;
use super::outcome_index::OutcomeIndex;
use crate::kind::Access;
use crate::lang::{Lang, list, list_first, shown};
use crate::outcome::{Failure, Outcome};
use crate::reason::text::{Ids, Piece, ProtocolNames, SENTENCE, Step, Text, fill, meaning_with, steps_with};
use crate::reason::{CredentialForm, Reason};
use crate::sanitize;

/// Mailboxes, and endpoints, that get a command of their own; of more, the number is given.
const COMMANDS: usize = 5;

/// Names in a sentence; of more, the number is given.
const NAMED: usize = 3;

/// A piece of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepPart {
    /// A sentence or a piece of one.
    Prose(String),
    /// A command to paste.
    Command(String),
    /// For so many more mailboxes the commands before it are the same.
    More(usize),
}

/// The subject of a remedy: whom and what it is about.
#[derive(Clone, Debug, Default)]
pub struct Concern<'a> {
    client_id: Option<&'a str>,
    tenant_id: Option<&'a str>,
    object_id: Option<&'a str>,
    /// The form of the application's credential, where it is known.
    credential: Option<CredentialForm>,
    /// This machine's address as Microsoft's submission server sees it.
    public_address: Option<&'a str>,
    /// Addresses of the mailboxes concerned.
    mailboxes: Vec<&'a str>,
    /// Host and port of those that were spoken to, or could not be; of a name that was not found, the name alone.
    endpoints: Vec<Endpoint<'a>>,
    /// The rights that the checks concerned need, each once and in the order of the table of checks.
    rights: Vec<&'static Access>,
    /// The peer's own sentence about the reason.
    sentence: Option<&'a str>,
    /// The reasons among which the cause is still to be found; empty where it is known.
    suspects: Vec<Reason>,
}

/// Reports whether the mailbox of `outcome` must stay closed, which commands of the remedy of another reason would open.
pub(super) fn must_stay_closed(outcome: &Outcome, reason: Reason) -> bool {
    let is_refusal = |failure: &Failure| failure.reason == Reason::RefusalAmbiguous;
    reason != Reason::RefusalAmbiguous && outcome.failure().is_some_and(is_refusal)
}

impl<'a> Concern<'a> {
    /// Of `reason` in the `outcomes` of one tenant, which are among those of the index.
    pub fn new(tenant: &str, reason: Reason, outcomes: impl IntoIterator<Item = &'a Outcome>, index: &OutcomeIndex<'a>) -> Self {
        let ids = index.tenant(tenant);
        let mut concern = Self {
            client_id: ids.configured.map(|application| application.client_id).or(ids.client_id),
            tenant_id: ids.configured.map(|application| application.tenant_id).or(ids.tenant_id),
            object_id: ids.object_id,
            credential: ids.configured.and_then(|application| application.credential),
            public_address: index.public_address,
            ..Self::default()
        };
        let (mut addresses, mut seen, mut rights) = (HashSet::new(), HashSet::new(), BTreeMap::new());
        for outcome in outcomes {
            let address = outcome.address.as_deref().filter(|_| !must_stay_closed(outcome, reason));
            concern.mailboxes.extend(address.filter(|address| addresses.insert(*address)));
            rights.extend(outcome.access().map(|access| ((outcome.probe.check, access.permission), access)));
            let failure = outcome.failure().filter(|failure| failure.reason == reason);
            concern.sentence = concern.sentence.or_else(|| failure?.evidence.heard.as_deref());
            concern.endpoints.extend(endpoints(outcome, reason).into_iter().filter(|endpoint| seen.insert(*endpoint)));
        }
        let mut named = HashSet::new();
        concern.rights = rights.into_values().filter(|access| named.insert(access.permission)).collect();
        concern
    }

    /// The same, where the cause is still to be found among `suspects`.
    #[must_use]
    pub fn among(self, suspects: Vec<Reason>) -> Self {
        Self { suspects, ..self }
    }

    /// The same, with the mailboxes under these names in place of their addresses.
    #[must_use]
    pub fn naming(self, names: &'a [String]) -> Self {
        Self { mailboxes: names.iter().map(String::as_str).collect(), ..self }
    }

    /// The form of the application's credential, where it is known.
    pub fn credential(&self) -> Option<CredentialForm> {
        self.credential
    }

    /// The object id of the enterprise application, if a token has it.
    pub fn object_id(&self) -> Option<&'a str> {
        self.object_id
    }

    /// Application (client) id and directory (tenant) id, as far as they are known.
    pub fn application(&self) -> (Option<&'a str>, Option<&'a str>) {
        (self.client_id, self.tenant_id)
    }

    /// Addresses of the mailboxes concerned.
    pub fn mailboxes(&self) -> &[&'a str] {
        &self.mailboxes
    }

    /// Returns the reason's meaning, with the ids of those concerned, and the peer's own sentence where it quotes that. What
    /// follows it in Entra's description is for a support ticket.
    pub fn meaning(&self, text: &Text, lang: Lang) -> String {
        let own = self.credential.and_then(|credential| meaning_with(credential, text, lang));
        let meaning = self.prose(own.unwrap_or(text.meaning), lang);
        let Some(sentence) = self.sentence.filter(|_| meaning.contains(SENTENCE)) else { return meaning };
        let sentence = sentence.split(" Trace ID: ").next().unwrap_or_default().trim_end_matches(['.', ' ']);
        meaning.replace(SENTENCE, &sanitize::one_line(&sentence.replace('`', "'"), sanitize::MAX_EVIDENCE))
    }

    /// Returns all that is to be done: where the cause is still to be found, first the step whose output tells which it is.
    pub fn remedy(&self, text: &Text, lang: Lang) -> Vec<Vec<StepPart>> {
        let one = self.of_one_mailbox();
        let mut first = vec![StepPart::Prose(lang.texts().common.which.to_owned())];
        first.extend(one.signs(lang).flat_map(|sign| one.step(*sign, lang)));
        (!self.suspects.is_empty()).then_some(first).into_iter().chain(self.steps(text, lang)).collect()
    }

    /// The same with each step in one text, commands in backquotes.
    pub fn remedy_lines(&self, text: &Text, lang: Lang) -> Vec<String> {
        let one = self.of_one_mailbox();
        let mut first = vec![lang.texts().common.which.to_owned()];
        first.extend(one.signs(lang).map(|sign| one.line(sign, lang)));
        (!self.suspects.is_empty()).then(|| first.join(" ")).into_iter().chain(self.lines(text, lang)).collect()
    }

    fn signs(&self, lang: Lang) -> impl Iterator<Item = &'static Step> {
        self.suspects.iter().filter_map(move |reason| reason.sign(self.credential, lang))
    }

    /// The same of the first mailbox alone: of many with one cause, one tells which it is.
    fn of_one_mailbox(&self) -> Self {
        Self { mailboxes: self.mailboxes.iter().take(1).copied().collect(), ..self.clone() }
    }

    /// Returns the steps of the remedy. A command is repeated for each mailbox concerned, of many for the first few.
    pub fn steps(&self, text: &Text, lang: Lang) -> Vec<Vec<StepPart>> {
        self.steps_for(text, lang).iter().map(|step| self.step(*step, lang)).collect()
    }

    /// The same with each step in one text, commands in backquotes.
    pub fn lines(&self, text: &Text, lang: Lang) -> Vec<String> {
        self.steps_for(text, lang).iter().map(|step| self.line(step, lang)).collect()
    }

    /// Returns the steps of a reason's text, or those in their place with the application's credential.
    fn steps_for(&self, text: &Text, lang: Lang) -> &'static [Step] {
        let own = self.credential.and_then(|credential| steps_with(credential, text, lang));
        own.unwrap_or(text.steps)
    }

    fn line(&self, step: &Step, lang: Lang) -> String {
        let pieces = step.0.iter().map(|piece| match piece {
            Piece::Prose(prose) => self.prose(prose, lang),
            Piece::Command(command) => {
                let commands: Vec<String> = self.commands(command).iter().map(|command| format!("`{command}`")).collect();
                commands.join(", ")
            }
        });
        pieces.collect()
    }

    fn step(&self, step: Step, lang: Lang) -> Vec<StepPart> {
        let mut parts: Vec<StepPart> = Vec::new();
        for piece in step.0 {
            match piece {
                Piece::Prose(prose) => {
                    let after_command = !parts.is_empty();
                    let prose = if after_command { prose.trim_start_matches([')', '.', ',', ';', ' ']) } else { prose };
                    // Of two commands that stand one below the other it is plain that both are meant.
                    if !prose.is_empty() && prose.trim() != lang.texts().common.and {
                        parts.push(StepPart::Prose(self.prose(prose, lang)));
                    }
                }
                Piece::Command(command) => {
                    if let Some(StepPart::Prose(before)) = parts.last_mut() {
                        before.truncate(before.trim_end_matches([' ', '(']).len());
                        if !before.ends_with([':', ';', '.']) {
                            before.push(':');
                        }
                    }
                    parts.extend(self.commands(command).into_iter().map(StepPart::Command));
                    let more = self.mailboxes.len().saturating_sub(COMMANDS);
                    parts.extend((more > 0 && command.contains("{mailbox}")).then_some(StepPart::More(more)));
                }
            }
        }
        parts
    }

    /// The command, once for each of what it names.
    fn commands(&self, command: &str) -> Vec<String> {
        let every_mailbox: Vec<Option<&str>> = some_or_none(&self.mailboxes, command.contains("{mailbox}"));
        let named = command.contains("{host}") || command.contains("{port}");
        let every_endpoint: Vec<Option<Endpoint<'_>>> = some_or_none(&self.endpoints, named);
        let protocols = Protocols(&self.rights);
        let (switches, roles, grants) = (protocols.switches(), protocols.roles(), protocols.grants());
        let with_permission = command.contains("{permission}");
        let mut commands = Vec::new();
        for mailbox in &every_mailbox {
            for endpoint in &every_endpoint {
                for role in some_or_none(&roles, command.contains("{role}")) {
                    for permission in some_or_none(&grants, with_permission) {
                        let protocols =
                            ProtocolNames { switches: switches.as_deref(), role, permission, ..ProtocolNames::default() };
                        commands.push(fill(command, &Ids { protocols, ..self.ids(*mailbox, *endpoint) }));
                    }
                }
            }
        }
        commands
    }

    fn ids(&self, mailbox: Option<&'a str>, endpoint: Option<Endpoint<'a>>) -> Ids<'a> {
        let host = endpoint.map(|(host, _)| host);
        let port = endpoint.and_then(|(_, port)| port);
        let Self { client_id, object_id, tenant_id, public_address, .. } = *self;
        Ids { client_id, object_id, tenant_id, mailbox, host, port, public_address, protocols: ProtocolNames::default() }
    }

    /// A sentence, with several mailboxes or endpoints named one after the other.
    fn prose(&self, sentence: &str, lang: Lang) -> String {
        if !sentence.contains('{') {
            return sentence.to_owned(); // most name nothing
        }
        let mailbox = |address: &&'a str| fill("{mailbox}", &self.ids(Some(address), None));
        let mut sentence = sentence.to_owned();
        if self.mailboxes.len() > 1 {
            let named: Vec<String> = self.mailboxes.iter().take(shown(self.mailboxes.len(), NAMED)).map(mailbox).collect();
            sentence = sentence.replace("{mailbox}", &list_first(&named, self.mailboxes.len(), lang));
        }
        if self.endpoints.len() > 1 {
            sentence = self.at_every_endpoint(sentence, lang);
        }
        let protocols = Protocols(&self.rights);
        let joined = |names: Vec<String>| (!names.is_empty()).then(|| list(&names, COMMANDS, lang));
        let (api, permissions) = (joined(protocols.apis()), joined(protocols.permissions()));
        let protocols = ProtocolNames { api: api.as_deref(), permissions: permissions.as_deref(), ..ProtocolNames::default() };
        let ids = self.ids(self.mailboxes.first().copied(), self.endpoints.first().copied());
        fill(&sentence, &Ids { protocols, ..ids })
    }

    /// `{port} to {host}` becomes `995 to a, 993 to a and 587 to b`, and what stands alone a list of its own.
    fn at_every_endpoint(&self, mut sentence: String, lang: Lang) -> String {
        while let Some(fragment) = host_with_port(&sentence) {
            let fragment = fragment.to_owned();
            let named: Vec<String> =
                self.endpoints.iter().map(|endpoint| fill(&fragment, &self.ids(None, Some(*endpoint)))).collect();
            sentence = sentence.replace(&fragment, &list(&named, COMMANDS, lang));
        }
        for alone in ["{host}", "{port}"] {
            let mut named: Vec<String> =
                self.endpoints.iter().map(|endpoint| fill(alone, &self.ids(None, Some(*endpoint)))).collect();
            let mut seen = HashSet::new();
            named.retain(|name| seen.insert(name.clone()));
            sentence = sentence.replace(alone, &list(&named, COMMANDS, lang));
        }
        sentence
    }
}

/// The first few where each is named, else one turn with none.
fn some_or_none<T: Copy>(all: &[T], named: bool) -> Vec<Option<T>> {
    if named && !all.is_empty() { all.iter().take(COMMANDS).copied().map(Some).collect() } else { vec![None] }
}

/// The shortest piece of `sentence` that names a host and its port, if they stand close together.
fn host_with_port(sentence: &str) -> Option<&str> {
    const CLOSE: usize = 8;
    let pairs = [("{host}", "{port}"), ("{port}", "{host}")];
    let found = pairs.into_iter().filter_map(|(first, second)| {
        let (start, _) = sentence.match_indices(first).find(|(start, _)| {
            let rest = &sentence[start + first.len()..];
            rest.find(second).is_some_and(|gap| gap <= CLOSE)
        })?;
        let end = start + first.len() + sentence[start + first.len()..].find(second)? + second.len();
        Some((start, &sentence[start..end]))
    });
    found.min_by_key(|(start, _)| *start).map(|(_, fragment)| fragment)
}

#[cfg(test)]
mod tests;
