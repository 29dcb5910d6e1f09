//! `graph`: can the application open the mailbox, or its calendar, with Microsoft Graph? The twin of `ews`.

mod service;

use std::time::{Duration, SystemTime};

use crate::cloud::Cloud;
use crate::kind::Check;
use crate::outcome::{BacklogFacts, Fault, Phase};
use crate::reason::Reason;
use crate::settings::{Authorization, Folder, ProbeSettings};
use crate::token::Token;
use crate::wire::graph::{self, folders};

pub(super) use self::service::GraphService;
use super::with_token::{self, NeededToken, WithToken};
use super::{Conversation, Cx};

/// The span of the calendar that is read: enough to open it.
const CALENDAR_SPAN: Duration = Duration::from_secs(24 * 3600);

/// The `graph` check: one GET request.
#[derive(Debug)]
pub struct GraphCheck {
    service: GraphService,
    mailbox: String,
    folder: Folder,
    authorization: Authorization,
    /// The folders whose mail is counted.
    backlog: Vec<String>,
}

impl Conversation for GraphCheck {
    fn new(settings: &ProbeSettings) -> Result<Self, String> {
        let service = GraphService::of(&settings.tenant.cloud)?;
        let mailbox = settings.address.clone().ok_or("graph needs a mailbox")?;
        let (folder, authorization, backlog) = (settings.folder, settings.authorization, settings.backlog.clone());
        Ok(Self { service, mailbox, folder, authorization, backlog })
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
        self.service.needed_token(self.authorization.in_token(roles))
    }

    async fn converse(&self, cx: &mut Cx<'_>, token: &Token) -> Result<(), Fault> {
        self.service.read(cx, token, &self.target(), Phase::Mailbox, graph::parse_collection).await?;
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
            found = Some(self.service.read(cx, token, &path, Phase::Mailbox, folders::parse_folder).await?);
        }
        let folder = found.ok_or_else(|| Fault::new(Reason::FolderNotFound))?;
        let path = folders::oldest_path(&self.mailbox, &folder);
        let oldest = self.service.read(cx, token, &path, Phase::Mailbox, folders::parse_oldest).await?;
        cx.trace.facts.backlog.push(BacklogFacts::new(name, folder.total, folder.unread, oldest, SystemTime::now()));
        Ok(())
    }
}
