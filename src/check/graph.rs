//! `graph`: can the application open the mailbox, or its calendar, with Microsoft Graph? The twin of `ews`.

use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue};

use crate::cloud::{Cloud, HttpsEndpoint};
use crate::kind::{Check, Resource};
use crate::outcome::{BacklogFacts, Fault};
use crate::reason::Reason;
use crate::settings::{Authorization, Folder, ProbeSettings};
use crate::token::Token;
use crate::wire::Refusal;
use crate::wire::graph::{self, folders};
use crate::wire::http::ResponseHead;

use super::with_token::{self, NeededToken, WithToken};
use super::{Conversation, Cx};

/// The span of the calendar that is read: enough to open it.
const CALENDAR_SPAN: Duration = Duration::from_secs(24 * 3600);

/// The `graph` check: one GET request.
#[derive(Debug)]
pub struct GraphCheck {
    at: HttpsEndpoint,
    scope: String,
    mailbox: String,
    folder: Folder,
    authorization: Authorization,
    /// The folders whose mail is counted.
    backlog: Vec<String>,
}

impl Conversation for GraphCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let cloud = &settings.tenant.cloud;
        let service = cloud.graph.clone().zip(cloud.graph_scope.clone());
        let (at, scope) = service.ok_or_else(|| format!("no Graph host is known for the cloud `{}`", cloud.name))?;
        let mailbox = settings.address.clone().ok_or("graph needs a mailbox")?;
        let (folder, authorization, backlog) = (settings.folder, settings.authorization, settings.backlog.clone());
        Ok(Self { at, scope, mailbox, folder, authorization, backlog })
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Fault> {
        with_token::run(self, cx).await
    }
}

impl WithToken for GraphCheck {
    fn needed_token<'a>(&'a self, _: &'a Cloud) -> NeededToken<'a> {
        let roles = match self.folder {
            Folder::Root => Check::Graph.roles(),
            Folder::Calendar => Check::Graph.calendar_roles(),
        };
        let roles = self.authorization.in_token(roles);
        NeededToken { scope: &self.scope, resource: Resource::Graph, roles }
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        let response = with_token::exchange(cx, token, &self.at, request(&self.target())?, graph::diagnostic_ids).await?;
        graph::parse_collection(response.head(), &response.body).map_err(|refusal| response.refusal_fault(cx.trace, refusal))?;
        cx.trace.facts.backlog.clear(); // a run with a fresh token counts anew
        for name in &self.backlog {
            self.count_folder(cx, token, name).await?;
        }
        Ok(())
    }
}

impl GraphCheck {
    fn target(&self) -> String {
        match self.folder {
            Folder::Root => graph::mail_folders_path(&self.mailbox),
            Folder::Calendar => {
                let now = SystemTime::now();
                graph::calendar_view_path(&self.mailbox, now, now + CALENDAR_SPAN)
            }
        }
    }

    /// Notes the mail in the folder called `name`, with its parents.
    async fn count_folder(&self, cx: &mut Cx<'_>, token: &Token, name: &str) -> Result<(), Fault> {
        let mut found = None;
        for part in name.split('/').filter(|part| !part.is_empty()) {
            let path = folders::folder_path(&self.mailbox, found.as_ref(), part);
            found = Some(self.read(cx, token, &path, folders::parse_folder).await?);
        }
        let folder = found.ok_or_else(|| Fault::new(Reason::FolderNotFound))?;
        let oldest = self.read(cx, token, &folders::oldest_path(&self.mailbox, &folder), folders::parse_oldest).await?;
        cx.trace.facts.backlog.push(BacklogFacts::new(name, folder.total, folder.unread, oldest, SystemTime::now()));
        Ok(())
    }

    async fn read<T>(
        &self,
        cx: &mut Cx<'_>,
        token: &Token,
        path: &str,
        parse: fn(ResponseHead<'_>, &[u8]) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let response = with_token::exchange(cx, token, &self.at, request(path)?, graph::diagnostic_ids).await?;
        parse(response.head(), &response.body).map_err(|refusal| response.refusal_fault(cx.trace, refusal))
    }
}

fn request(target: &str) -> Result<Request<Full<Bytes>>, Fault> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = target.parse().map_err(|_| Fault::new(Reason::RequestRejected))?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(request)
}
