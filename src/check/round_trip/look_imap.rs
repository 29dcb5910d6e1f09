//! A look into a mailbox with IMAP: inbox, junk folder and Sent Items, from where the last look ended.

use crate::check::imap::Session;
use crate::check::mail::{self, Login};
use crate::check::{Cx, Sweep};
use crate::cloud::MailEndpoint;
use crate::net::Conn;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::round_trip::FolderMark;
use crate::token::Token;
use crate::wire::imap::folder::{self, FetchedText, Purpose, SelectedFolder};
use crate::wire::mail::{hops, parse_bounce, parse_header};

use super::looking::{Fate, Look, Role, Sight};

/// The messages that are read at most at either end of what is new in a folder: a look must end soon.
const MOST: u32 = 100;
/// The reports whose bodies are read at most in one look.
const MOST_REPORTS: usize = 10;

/// A folder, and the messages in it that are to be deleted.
struct Scanned {
    name: String,
    mark: FolderMark,
    /// Unique ids, each with its Message-ID.
    own: Vec<(u32, String)>,
    /// Set if the pending mail lies in it without the mark of this instance, which is never deleted.
    unmarked: Option<u32>,
}

/// Looks through the folders, notes the fate of the pending mail, and deletes what is this instance's.
pub(super) async fn look(
    look: &Look<'_>,
    cx: &mut Cx<'_>,
    token: &Token,
    at: &MailEndpoint,
    sight: &mut Sight,
) -> Result<(), Fault> {
    let login = Login::new(look.mailbox, token);
    let (mut session, mut conn) = login.open::<Session>(at, &cx.means.net, cx.trace).await?;
    conn.enter(Phase::Arrive);
    let mut scanned = Vec::new();
    for (name, purpose) in folders(&mut session, &mut conn).await? {
        scanned.push(scan(look, &mut session, &mut conn, &name, purpose, sight).await?);
    }
    if look.sweep == Some(Sweep::List) {
        let lines = scanned
            .iter()
            .flat_map(|folder| folder.own.iter().map(move |(_, id)| format!("{}: {id}", folder.name.trim_matches('"'))));
        sight.listed = lines.map(|line| conn.sanitize(&line)).collect();
        mail::say_goodbye(&mut session, &mut conn).await;
        return Ok(());
    }
    sight.sanitize(|text| conn.sanitize(text));
    look.conclude(&cx.means.ledger, sight, &mut conn.facts().round_trip).await?;
    for folder in scanned {
        delete(look, &mut session, &mut conn, folder, sight).await?;
    }
    mail::say_goodbye(&mut session, &mut conn).await;
    Ok(())
}

/// Returns the folders in which a mail of a round trip may lie, the inbox first.
async fn folders(session: &mut Session, conn: &mut Conn<'_>) -> Result<Vec<(String, Option<Purpose>)>, Fault> {
    let listed = session.folders(conn).await?;
    let named = |purpose| listed.iter().find(|folder| folder.purpose == Some(purpose));
    let others = [Purpose::Junk, Purpose::Sent].into_iter().filter_map(named);
    Ok(std::iter::once(("INBOX".to_owned(), None)).chain(others.map(|folder| (folder.name.clone(), folder.purpose))).collect())
}

async fn scan(
    look: &Look<'_>,
    session: &mut Session,
    conn: &mut Conn<'_>,
    name: &str,
    purpose: Option<Purpose>,
    sight: &mut Sight,
) -> Result<Scanned, Fault> {
    let selected = session.select(conn, name).await?;
    let mark = look.state.marks.get(&look.mark_name(name)).filter(|_| look.sweep.is_none());
    let (from, next) = if look.sweep.is_some() { whole(&selected) } else { range(mark, &selected) };
    let mut scanned = Scanned {
        name: name.to_owned(),
        mark: FolderMark { validity: selected.validity, from: next },
        own: Vec::new(),
        unmarked: None,
    };
    if selected.exists == 0 || from >= next {
        return Ok(scanned);
    }
    let mut texts = session.texts(conn, &folder::fetch_headers(from, from.saturating_add(MOST - 1).min(next - 1))).await?;
    for first in (from..next).step_by(MOST as usize).skip(1).filter(|_| look.sweep.is_some()) {
        texts.extend(session.texts(conn, &folder::fetch_headers(first, first.saturating_add(MOST - 1).min(next - 1))).await?);
    }
    let newest = next.saturating_sub(MOST).max(from.saturating_add(MOST));
    if newest < next && look.sweep.is_none() {
        scanned.mark.from = from + MOST;
        texts.extend(session.texts(conn, &folder::fetch_headers(newest, next - 1)).await?);
    }
    let mut reports = Vec::new();
    for FetchedText { uid, text } in texts {
        let header = parse_header(&text);
        let id = || header.message_ids.first().cloned().unwrap_or_default();
        match look.role(&header) {
            Role::Pending { is_marked } => {
                if is_marked {
                    scanned.own.push((uid, id()));
                } else {
                    scanned.unmarked = Some(uid);
                }
                if look.is_recipient() && sight.fate.is_none() {
                    sight.fate = fate(session, conn, name, purpose, uid).await?;
                    sight.message_id = header.message_ids.first().map(|id| conn.sanitize(id));
                }
            }
            Role::Own => scanned.own.push((uid, id())),
            Role::Report => reports.push(uid),
            Role::Foreign => {}
        }
    }
    for uid in reports.into_iter().rev().take(MOST_REPORTS) {
        let body = session.texts(conn, &folder::fetch_body(uid)).await?;
        let (is_own, fate) = look.judge_report(body.first().and_then(|body| parse_bounce(&body.text)));
        scanned.own.extend(is_own.then(|| (uid, "(a report about one)".to_owned())));
        sight.fate = sight.fate.take().or(fate);
    }
    Ok(scanned)
}

/// The messages that a search looks at in one folder, the newest of them.
const SEARCHED: u32 = 20_000;

/// Returns the ids that a search looks at.
fn whole(selected: &SelectedFolder) -> (u32, u32) {
    let next = selected.next_uid.unwrap_or(SEARCHED);
    (next.saturating_sub(SEARCHED).max(1), next)
}

/// Returns the ids to look at: from the mark, or the newest where there is none or ids have changed their meaning.
fn range(mark: Option<&FolderMark>, selected: &SelectedFolder) -> (u32, u32) {
    // A server that does not tell the next id has messages up to any id.
    let next = selected.next_uid.unwrap_or(u32::MAX);
    let newest = next.saturating_sub(MOST).max(1);
    let from = mark.filter(|mark| mark.validity == selected.validity).map_or(newest, |mark| mark.from.max(1));
    (from, next)
}

/// Returns the fate of the pending mail that lies in this folder; `None` for the copy in Sent Items.
async fn fate(
    session: &mut Session,
    conn: &mut Conn<'_>,
    name: &str,
    purpose: Option<Purpose>,
    uid: u32,
) -> Result<Option<Fate>, Fault> {
    match purpose {
        Some(Purpose::Sent) => Ok(None),
        Some(Purpose::Junk) => Ok(Some(Fate::Junked { folder: conn.sanitize(name.trim_matches('"')) })),
        None => {
            let received = session.texts(conn, &folder::fetch_hops(uid)).await?;
            Ok(Some(Fate::Arrived { hops: received.first().map(|text| hops(&text.text)).unwrap_or_default() }))
        }
    }
}

/// Deletes the mails of this instance in one folder; a refusal is noted, and the mail is tried again with the next look.
async fn delete(
    look: &Look<'_>,
    session: &mut Session,
    conn: &mut Conn<'_>,
    folder: Scanned,
    sight: &mut Sight,
) -> Result<(), Fault> {
    let Scanned { name, mut mark, own, unmarked } = folder;
    if let Some(uid) = unmarked.filter(|_| sight.fate.is_some()) {
        let heard = format!("message {uid} in {name} has lost the header of this program on its way");
        sight.not_deleted.get_or_insert(Fault::heard(Reason::MailNotDeleted, conn.sanitize(&heard)));
    }
    if !own.is_empty() {
        session.select(conn, &name).await?;
    }
    for (uid, _) in own {
        match session.delete(conn, uid).await {
            Ok(()) => sight.deleted += 1,
            Err(fault) if fault.reason == Reason::ConnectionClosed => return Err(fault),
            Err(fault) => {
                mark.from = mark.from.min(uid);
                sight.not_deleted.get_or_insert(fault.renamed(Reason::MailNotDeleted));
            }
        }
    }
    sight.marks.insert(look.mark_name(&name), mark);
    Ok(())
}
