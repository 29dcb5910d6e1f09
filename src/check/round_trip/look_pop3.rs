//! A look into a mailbox with POP3, which shows the inbox only, as it was at the login.

use crate::check::mail::Login;
use crate::check::pop3::Session;
use crate::check::{Cx, Sweep};
use crate::cloud::MailEndpoint;
use crate::outcome::{Fault, Phase};
use crate::reason::Reason;
use crate::token::Token;
use crate::wire::mail::{hops, parse_bounce, parse_header};

use super::looking::{Fate, Look, Role, Sight};

/// The newest messages that are looked at: a look must end soon, and reads the whole header of each.
const MOST: u64 = 20;
/// The messages that a search looks at, the newest of them.
const SEARCHED: u64 = 2000;
/// The lines of a report that are read.
const REPORT_LINES: u32 = 200;

/// Looks at the newest messages, notes the fate of the pending mail, and deletes what is this instance's.
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
    let count = session.count(&mut conn).await?;
    let mut own = Vec::new();
    let most = if look.sweep.is_some() { SEARCHED } else { MOST };
    for number in (count.saturating_sub(most) + 1..=count).rev() {
        let text = session.top(&mut conn, number, 0).await?;
        let header = parse_header(&text);
        let role = look.role(&header);
        if look.sweep == Some(Sweep::List) {
            let is_own = matches!(role, Role::Own | Role::Pending { is_marked: true });
            let id = header.message_ids.first().map_or("", String::as_str);
            sight.listed.extend(is_own.then(|| conn.sanitize(&format!("INBOX: {id}"))));
            continue;
        }
        match role {
            Role::Pending { is_marked } => {
                own.extend(is_marked.then_some(number));
                if look.is_recipient() && sight.fate.is_none() {
                    sight.fate = Some(Fate::Arrived { hops: hops(&text) });
                    sight.message_id = header.message_ids.first().map(|id| conn.sanitize(id));
                }
            }
            Role::Own => own.push(number),
            Role::Report => {
                let body = session.top(&mut conn, number, REPORT_LINES).await?;
                let (is_own, fate) = look.judge_report(parse_bounce(&body));
                own.extend(is_own.then_some(number));
                sight.fate = sight.fate.take().or(fate);
            }
            Role::Foreign => {}
        }
    }
    sight.sanitize(|text| conn.sanitize(text));
    look.conclude(&cx.means.ledger, sight, &mut conn.facts().round_trip).await?;
    let mut deleted = 0;
    for number in own {
        match session.delete(&mut conn, number).await {
            Ok(()) => deleted += 1,
            Err(fault) if fault.reason == Reason::ConnectionClosed => return Err(fault),
            Err(fault) => {
                sight.not_deleted.get_or_insert(fault.renamed(Reason::MailNotDeleted));
            }
        }
    }
    // Messages go with the server's consent to the end of the session, and not before.
    session.quit(&mut conn).await?;
    sight.deleted += deleted;
    Ok(())
}
