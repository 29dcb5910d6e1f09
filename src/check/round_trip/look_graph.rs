//! A look into a mailbox with Graph: inbox, junk folder and Sent Items, from the time on to which the last look came.
//!
//! Lists show subject and sender of each mail that is new. The header is read of those alone that may be ours by them, and the text
//! of those whose header Graph does not tell, and of reports.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::Method;

use crate::check::graph::GraphService;
use crate::check::{Cx, Sweep};
use crate::kind::Check;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::round_trip::FolderMark;
use crate::token::Token;
use crate::wire::graph::messages::{self, ListedMessage, PAGE, WellKnownFolder};
use crate::wire::mail::{Mark, SUBJECT, hops, parse_bounce, parse_header};

use super::looking::{Fate, Look, Role, Sight};

/// The pages of a folder that are read in one look, the oldest mail first; the next look goes on from there.
const MOST_PAGES: usize = 5;
/// The pages of a folder that a search reads, the newest mail first.
const SEARCHED_PAGES: usize = 20;
/// The mails of a folder whose header is read at most in one look: a look must end soon.
const MOST_READ: usize = 20;
/// The time before the last look that is looked at again: the clocks of Exchange's servers run apart.
const OVERLAP: Duration = Duration::from_secs(600);

/// A folder, and the messages in it that are to be deleted.
struct Scanned {
    folder: WellKnownFolder,
    /// The time from which the next look begins.
    from: Option<SystemTime>,
    own: Vec<ListedMessage>,
}

/// Looks through the folders, notes the fate of the pending mail, and deletes what is this instance's.
pub(super) async fn look(
    look: &Look<'_>,
    cx: &mut Cx<'_>,
    token: &Token,
    service: &GraphService,
    sight: &mut Sight,
) -> Result<(), Fault> {
    let mut scanned = Vec::new();
    for folder in WellKnownFolder::ALL.into_iter().filter(|folder| is_looked_at(look, *folder)) {
        let mut reader = Reader { look, cx, token, service };
        scanned.push(reader.scan(folder, sight).await?);
    }
    if look.sweep == Some(Sweep::List) {
        return Ok(());
    }
    sight.sanitize(|text| cx.trace.secrets.sanitize(text.as_bytes()));
    look.conclude(&cx.means.ledger, sight, &mut cx.trace.facts.round_trip).await?;
    for folder in scanned {
        Reader { look, cx, token, service }.delete(folder, sight).await?;
    }
    // What became of the mail was no answer to the last request.
    cx.trace.request = None;
    Ok(())
}

/// Reports whether mails of this program may lie in a folder: of those that Graph sends no copy stays in Sent Items.
fn is_looked_at(look: &Look<'_>, folder: WellKnownFolder) -> bool {
    folder != WellKnownFolder::Sent || look.sweep.is_some() || look.check.settings.send_by != Check::Graph
}

/// Requests about one mailbox.
struct Reader<'r, 'c, 't> {
    look: &'r Look<'r>,
    cx: &'r mut Cx<'c>,
    token: &'t Token,
    service: &'t GraphService,
}

impl Reader<'_, '_, '_> {
    async fn scan(&mut self, folder: WellKnownFolder, sight: &mut Sight) -> Result<Scanned, Fault> {
        let since = self.since(folder);
        let listed = self.list(folder, since).await?;
        let mut scanned = Scanned { folder, from: next_from(since, &listed), own: Vec::new() };
        let mut candidates: Vec<_> = listed.into_iter().filter(|message| self.look.may_be_ours(message)).collect();
        candidates.sort_by_key(|message| !self.look.may_be_pending(message));
        let most = if self.look.sweep.is_some() { usize::MAX } else { MOST_READ };
        for message in candidates.into_iter().take(most) {
            if self.judge(folder, &message, sight).await? {
                if self.look.sweep == Some(Sweep::List) {
                    let id = message.message_id.as_deref().unwrap_or("(a mail without a Message-ID)");
                    sight.listed.push(format!("{}: {id}", folder.name()));
                }
                scanned.own.push(message);
            }
        }
        Ok(scanned)
    }

    /// Returns the time from which a folder is looked through; `None` for all of it.
    fn since(&self, folder: WellKnownFolder) -> Option<SystemTime> {
        let state = &self.look.state;
        let mark = state.marks.get(&self.look.mark_name(folder.id())).filter(|_| self.look.sweep.is_none());
        let marked = mark.map(|mark| UNIX_EPOCH + Duration::from_secs(mark.from.into()));
        let sent = state.pending.as_ref().and_then(|pending| pending.sent).filter(|_| self.look.sweep.is_none());
        marked.or(sent).and_then(|from| from.checked_sub(OVERLAP))
    }

    /// Returns the messages of a folder in the order of their arrival from `since` on, or else the newest first. A folder that the
    /// mailbox does not have is empty.
    async fn list(&mut self, folder: WellKnownFolder, since: Option<SystemTime>) -> Result<Vec<ListedMessage>, Fault> {
        let pages = if self.look.sweep.is_some() { SEARCHED_PAGES } else { MOST_PAGES };
        let mut listed = Vec::new();
        for page in 0..pages {
            let path = messages::list_path(self.look.mailbox, folder, since, page * PAGE);
            let asked = self.service.request(self.cx, self.token, Method::GET, &path, Phase::Arrive, messages::parse_list).await;
            let Some((found, response)) = unless_gone(asked)? else { break };
            let is_last = found.len() < PAGE;
            listed.extend(found.into_iter().map(|message| {
                let message_id = message.message_id.map(|id| response.sanitize(&id));
                ListedMessage { message_id, ..message }
            }));
            if is_last {
                break;
            }
        }
        Ok(listed)
    }

    /// Notes what a message tells of the pending mail. Returns true if it is this instance's.
    async fn judge(&mut self, folder: WellKnownFolder, message: &ListedMessage, sight: &mut Sight) -> Result<bool, Fault> {
        if is_postmaster(&message.sender) {
            return self.judge_report(message, sight).await;
        }
        let Some(header) = self.header(message).await? else { return Ok(false) };
        match self.look.role(&parse_header(&header)) {
            Role::Pending { is_marked } => {
                if self.look.is_recipient() && sight.fate.is_none() {
                    sight.fate = fate(folder, &header);
                    sight.message_id.clone_from(&message.message_id);
                }
                if !is_marked {
                    let heard = format!("a mail in {} has lost the header of this program on its way", folder.name());
                    sight.not_deleted.get_or_insert(Fault::heard(Reason::MailNotDeleted, heard));
                }
                Ok(is_marked)
            }
            Role::Own => Ok(true),
            Role::Report => self.judge_report(message, sight).await,
            Role::Foreign => Ok(false),
        }
    }

    /// Notes what a report tells of the pending mail. Returns true if it returns a mail of this instance. Exchange keeps a report as
    /// something else than a mail, so that its text alone is relied upon.
    async fn judge_report(&mut self, message: &ListedMessage, sight: &mut Sight) -> Result<bool, Fault> {
        let Some(text) = self.text(message).await? else { return Ok(false) };
        let (is_own, fate) = self.look.judge_report(parse_bounce(&text));
        sight.fate = sight.fate.take().or(fate);
        Ok(is_own && parse_header(&text).is_report)
    }

    /// Returns the header of a message, of a mail whose header Graph does not tell that in its text; `None` where neither can be had.
    async fn header(&mut self, message: &ListedMessage) -> Result<Option<String>, Fault> {
        let path = messages::header_path(self.look.mailbox, &message.id);
        let asked = self.service.read(self.cx, self.token, &path, Phase::Arrive, messages::parse_headers).await;
        match unless_gone(asked)?.flatten() {
            Some(header) => Ok(Some(header)),
            None => self.text(message).await,
        }
    }

    async fn text(&mut self, message: &ListedMessage) -> Result<Option<String>, Fault> {
        let path = messages::text_path(self.look.mailbox, &message.id);
        unless_gone(self.service.read(self.cx, self.token, &path, Phase::Arrive, messages::parse_text).await)
    }

    /// Deletes the mails of this instance in one folder; a refusal is noted, and the mail is tried again with the next look.
    async fn delete(&mut self, folder: Scanned, sight: &mut Sight) -> Result<(), Fault> {
        let Scanned { folder, mut from, own } = folder;
        for message in own {
            let path = messages::message_path(self.look.mailbox, &message.id);
            let asked = self.service.request(self.cx, self.token, Method::DELETE, &path, Phase::Arrive, messages::parse_deleted);
            match asked.await {
                Ok(_) => sight.deleted += 1,
                Err(fault) if fault.reason == Reason::ConnectionClosed => return Err(fault),
                Err(fault) => {
                    from = from.map(|from| from.min(message.received));
                    sight.not_deleted.get_or_insert(fault.renamed(Reason::MailNotDeleted));
                }
            }
        }
        let seconds = from.and_then(|from| from.duration_since(UNIX_EPOCH).ok());
        if let Some(from) = seconds.and_then(|since| u32::try_from(since.as_secs()).ok()) {
            sight.marks.insert(self.look.mark_name(folder.id()), FolderMark { validity: 0, from });
        }
        Ok(())
    }
}

impl Look<'_> {
    /// Reports whether a message may be the pending mail, or a report about it, by what a list shows of it.
    fn may_be_pending(&self, message: &ListedMessage) -> bool {
        let Some(pending) = &self.state.pending else { return false };
        let mark = Mark { instance: self.state.instance.clone(), id: pending.id.clone() };
        message.subject.contains(&mark.subject())
            || message.message_id.as_ref().is_some_and(|id| pending.message_ids.contains(id))
    }

    /// Reports whether a message may be a mail of this program, or a report about one, by what a list shows of it. A rule may have
    /// put words before the subject.
    fn may_be_ours(&self, message: &ListedMessage) -> bool {
        self.may_be_pending(message) || message.subject.contains(SUBJECT) || is_postmaster(&message.sender)
    }
}

/// Returns the time from which the next look begins: that of the newest message of all, or of where this look has ended, before which
/// nothing has to be looked at again.
fn next_from(since: Option<SystemTime>, listed: &[ListedMessage]) -> Option<SystemTime> {
    let newest = listed.iter().map(|message| message.received).max();
    let is_whole = since.is_none() || listed.len() < MOST_PAGES * PAGE;
    let from = if is_whole { newest } else { newest.and_then(|newest| newest.checked_add(OVERLAP)) };
    from.or(since.and_then(|since| since.checked_add(OVERLAP)))
}

/// Reports whether reports come from an address: the postmaster's, or Exchange's own.
fn is_postmaster(address: &str) -> bool {
    let name = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    name == "postmaster" || name.starts_with("microsoftexchange")
}

/// Returns the fate of the pending mail that lies in this folder; `None` for the copy in Sent Items.
fn fate(folder: WellKnownFolder, header: &str) -> Option<Fate> {
    match folder {
        WellKnownFolder::Inbox => Some(Fate::Arrived { hops: hops(header) }),
        WellKnownFolder::Junk => Some(Fate::Junked { folder: folder.name().to_owned() }),
        WellKnownFolder::Sent => None,
    }
}

/// Returns what was asked for; `None` for a message that has been moved or deleted meanwhile, or is too long to be ours.
fn unless_gone<T>(asked: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(fault) if matches!(fault.reason, Reason::FolderNotFound | Reason::ReplyTooLong) => Ok(None),
        Err(fault) => Err(fault),
    }
}
