//! `ews`: can the application open the mailbox, or its calendar, with Exchange Web Services?

use std::time::SystemTime;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};

use crate::cloud::{Cloud, HttpsEndpoint};
use crate::kind::Check;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::settings::{Authorization, Folder, ProbeSettings};
use crate::token::Token;
use crate::wire::soap;

use super::with_token::{self, NeededToken, WithToken};
use super::{Conversation, Cx};

/// The `ews` check: one FindFolder request.
#[derive(Debug)]
pub struct EwsCheck {
    at: HttpsEndpoint,
    mailbox: String,
    folder: &'static str,
    authorization: Authorization,
    /// The time at which EWS ends in this cloud for good, where it is known.
    retirement: Option<SystemTime>,
}

impl Conversation for EwsCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let cloud = &settings.tenant.cloud;
        let at = cloud.ews.clone().ok_or_else(|| format!("no EWS host is known for the cloud `{}`", cloud.name))?;
        let mailbox = settings.address.clone().ok_or("ews needs a mailbox")?;
        let folder = match settings.folder {
            Folder::Root => soap::ROOT,
            Folder::Calendar => soap::CALENDAR,
        };
        Ok(Self { at, mailbox, folder, authorization: settings.authorization, retirement: cloud.ews_ends() })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        let now = SystemTime::now();
        cx.trace.facts.ews_ends = self.retirement;
        if self.retirement.is_some() {
            cx.trace.facts.warn(Fault::new(Reason::EwsRetiring));
        }
        with_token::run(self, cx).await.map_err(|fault| after_retirement(fault, self.retirement, now))
    }
}

impl WithToken for EwsCheck {
    fn needed_token<'a>(&'a self, cloud: &'a Cloud) -> NeededToken<'a> {
        NeededToken::exchange(cloud, self.authorization.in_token(Check::Ews.roles()))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let response = with_token::exchange(cx, token, &self.at, self.request()?, Phase::Mailbox, soap::diagnostic_ids).await?;
        let found = soap::parse_find_folder(response.head(), &response.body);
        cx.trace.facts.ews_admits = match &found {
            Ok(_) => Some(true),
            Err(refusal) if refusal.fault.reason == Reason::EwsBlockedByPolicy => Some(false),
            Err(_) => None,
        };
        let found = found.map_err(|refusal| response.refusal_fault(cx.trace, refusal))?;
        cx.trace.facts.mailbox.folders = Some(found.folders);
        Ok(())
    }
}

/// Renames a failure after the end of EWS to `ews_retired`: what the server says of switches and policies does not help any
/// more.
fn after_retirement(fault: Fault, retirement: Option<SystemTime>, now: SystemTime) -> Fault {
    let is_of_ews = matches!(
        fault.reason,
        Reason::EwsDisabled
            | Reason::EwsBlockedByPolicy
            | Reason::EwsForbidden
            | Reason::EwsPathNotFound
            | Reason::ServerUnavailable
    );
    if is_of_ews && retirement.is_some_and(|end| now >= end) {
        return fault.renamed(Reason::EwsRetired);
    }
    fault
}

impl EwsCheck {
    fn request(&self) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::new(Full::new(Bytes::from(soap::find_folder(self.folder, &self.mailbox))));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.at.path.parse().map_err(|_| Fault::new(Reason::EwsPathNotFound))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(soap::CONTENT_TYPE));
        headers.insert(ACCEPT, HeaderValue::from_static("text/xml"));
        // "When using impersonation you must always use the X-AnchorMailbox request header" (Microsoft's page on EWS
        // impersonation): without it requests may end at a server that does not hold the mailbox.
        if let Ok(mailbox) = HeaderValue::from_str(&self.mailbox) {
            headers.insert("x-anchormailbox", mailbox);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn ews_failure_after_the_retirement_is_ews_retired() {
        let ends = Cloud::built_in("global").expect("built in").ews_ends();
        let (before, after) = (ends.map(|end| end - DAY).expect("a day"), ends.map(|end| end + DAY).expect("a day"));
        for (reason, later) in [
            (Reason::EwsDisabled, Reason::EwsRetired),
            (Reason::EwsBlockedByPolicy, Reason::EwsRetired),
            (Reason::EwsForbidden, Reason::EwsRetired),
            (Reason::EwsPathNotFound, Reason::EwsRetired),
            (Reason::EwsRetired, Reason::EwsRetired),
            (Reason::ServerUnavailable, Reason::EwsRetired),
            (Reason::TokenRoleMissing, Reason::TokenRoleMissing),
            (Reason::MailboxNotFound, Reason::MailboxNotFound),
            (Reason::ConnectTimedOut, Reason::ConnectTimedOut),
        ] {
            assert_eq!(after_retirement(Fault::new(reason), ends, before).reason, reason);
            assert_eq!(after_retirement(Fault::new(reason), ends, after).reason, later);
            assert_eq!(after_retirement(Fault::new(reason), None, after).reason, reason);
        }
    }
}
