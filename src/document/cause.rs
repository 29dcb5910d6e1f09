//! One root cause in a document.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{reason, unknown};
use crate::diagnosis::{Confidence, RootCause};
use crate::kind::Check;
use crate::lang::Lang;
use crate::outcome::{Evidence, ProbeId};
use crate::reason::{CredentialForm, Reason};
use crate::report::Application;
use crate::report::outcome_index::OutcomeIndex;
use crate::report::remedy::Concern;
use crate::report::root_cause;

/// The application that a document's root cause is about.
#[derive(Clone, Debug)]
pub struct KnownApplication {
    client_id: String,
    tenant_id: String,
    /// `None` where the document is one of an earlier version.
    credential: Option<CredentialForm>,
}

impl<'a> From<&'a KnownApplication> for Application<'a> {
    fn from(known: &'a KnownApplication) -> Self {
        Self { client_id: &known.client_id, tenant_id: &known.tenant_id, credential: known.credential }
    }
}

/// One root cause, as it stands in a document.
#[derive(Debug, Serialize, Deserialize)]
pub struct CauseEntry<'a> {
    reason: Cow<'a, str>,
    confidence: Cow<'a, str>,
    #[serde(skip_deserializing)]
    owner: &'static str,
    tenant: Cow<'a, str>,
    tenant_id: Option<Cow<'a, str>>,
    client_id: Option<Cow<'a, str>>,
    /// The form of the application's credential, on which the remedy may depend.
    #[serde(default)]
    credential: Option<Cow<'a, str>>,
    mailbox: Option<Cow<'a, str>>,
    /// The addresses of the mailboxes it befell.
    #[serde(skip_deserializing)]
    addresses: Vec<&'a str>,
    #[serde(skip_deserializing)]
    title: &'static str,
    /// The reason's meaning, with the ids of this root cause filled in.
    #[serde(skip_deserializing)]
    meaning: String,
    /// The steps of the remedy, one string each. Commands stand in backquotes; of many mailboxes, the first few have theirs.
    #[serde(skip_deserializing)]
    remedy: Vec<String>,
    /// The time that the remedy takes to apply, in words.
    #[serde(skip_deserializing)]
    applies: Option<&'static str>,
    /// The page or document to read on in.
    #[serde(skip_deserializing)]
    source: Option<&'static str>,
    explains: Vec<String>,
    /// The number of further probes that it explains: of a service, not all are listed for those who ask about some.
    #[serde(default)]
    explains_further: usize,
    /// The codes of other possible reasons, the next best first.
    candidates: Vec<Cow<'a, str>>,
    /// The evidence of the failure that shows the cause best.
    #[serde(default)]
    evidence: Option<Cow<'a, Evidence>>,
}

impl<'a> CauseEntry<'a> {
    pub(super) fn new(cause: &'a RootCause, index: &OutcomeIndex<'a>, lang: Lang) -> Self {
        let concern = Concern::new(&cause.tenant, cause.reason, index.outcomes(&cause.explains), index);
        let concern = concern.among(root_cause::suspects(cause.confidence, cause.reason, &cause.candidates));
        let (client_id, tenant_id) = concern.application();
        let text = cause.reason.text(lang);
        Self {
            reason: cause.reason.code().into(),
            confidence: cause.confidence.code().into(),
            owner: cause.owner().code(),
            tenant: (&*cause.tenant).into(),
            tenant_id: tenant_id.map(Into::into),
            client_id: client_id.map(Into::into),
            credential: concern.credential().map(|credential| credential.code().into()),
            mailbox: cause.mailbox.as_deref().map(Into::into),
            addresses: concern.mailboxes().to_vec(),
            title: text.title,
            meaning: concern.meaning(text, lang),
            remedy: concern.remedy_lines(text, lang),
            applies: text.applies,
            source: text.source,
            explains: cause.explains.iter().map(ToString::to_string).collect(),
            explains_further: cause.unlisted,
            candidates: cause.candidates.iter().map(|reason| reason.code().into()).collect(),
            evidence: Some(Cow::Borrowed(&cause.evidence)),
        }
    }

    /// The tenant's name, and the application, where known.
    pub fn application(&self) -> Option<(String, KnownApplication)> {
        let application = KnownApplication {
            client_id: self.client_id.as_deref()?.to_owned(),
            tenant_id: self.tenant_id.as_deref()?.to_owned(),
            credential: self.credential.as_deref().and_then(CredentialForm::from_code),
        };
        Some((self.tenant.to_string(), application))
    }

    /// The root cause.
    ///
    /// # Errors
    /// For a person: a code that is not known here.
    pub fn into_root_cause(self) -> Result<RootCause, String> {
        Ok(RootCause {
            reason: reason(&self.reason)?,
            confidence: Confidence::from_code(&self.confidence).ok_or_else(|| unknown("confidence", &self.confidence))?,
            tenant: self.tenant.into_owned(),
            mailbox: self.mailbox.map(Cow::into_owned),
            explains: self.explains.iter().filter_map(|path| probe_id(path)).collect(),
            unlisted: self.explains_further,
            candidates: self.candidates.iter().filter_map(|code| Reason::from_code(code)).collect(),
            evidence: self.evidence.map(Cow::into_owned).unwrap_or_default(),
        })
    }
}

/// Parses `contoso/praxis/pop3` or `contoso/token`: neither a tenant nor a check has a slash in its name.
fn probe_id(path: &str) -> Option<ProbeId> {
    let (rest, check) = path.rsplit_once('/')?;
    let (tenant, mailbox) = rest.split_once('/').map_or((rest, None), |(tenant, mailbox)| (tenant, Some(mailbox.to_owned())));
    Some(ProbeId { tenant: tenant.to_owned(), mailbox, check: Check::from_name(check)? })
}
