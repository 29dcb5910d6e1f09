//! Graph's messages: those of a folder, in order and filtered; one, with its header or whole; and its deletion.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::sim::http::HttpResponse;
use crate::sim::mailbox::{Folder, Mailbox, Message};
use crate::sim::state::State;

use super::{ACCESS_DENIED, Error, NOT_FOUND, entry_id, top, value};

const INVALID_FILTER: Error = Error(400, "BadRequest", "Invalid filter clause.");
const TOO_COMPLEX: Error = Error(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.");

/// A message and the folder that it lies in.
type Placed<'m> = (&'m Folder, &'m Message);

/// Returns the messages of a folder that the query asks for.
pub(super) fn of_folder(mailbox: &Mailbox, folder: &Folder, query: &[(String, String)]) -> Result<Value, Error> {
    list(mailbox, mailbox.messages_of(folder).iter().map(|message| (folder, message)).collect(), query)
}

/// Returns the messages of all folders that the query asks for.
pub(super) fn of_all_folders(mailbox: &Mailbox, query: &[(String, String)]) -> Result<Value, Error> {
    list(mailbox, placed(mailbox).collect(), query)
}

/// Returns the message with that id.
pub(super) fn one(mailbox: &Mailbox, id: &str, query: &[(String, String)]) -> Result<Value, Error> {
    find(mailbox, id).map(|placed| described(mailbox, placed, query))
}

/// Returns the whole text of the message with that id, as it was received.
pub(super) fn text(mailbox: &Mailbox, id: &str) -> Result<HttpResponse, Error> {
    find(mailbox, id).map(|(_, message)| HttpResponse::new(StatusCode::OK).body("text/plain", message.text.clone()))
}

/// Deletes the message with that id.
pub(super) fn delete(state: &Arc<State>, mailbox: &Mailbox, id: &str) -> Result<HttpResponse, Error> {
    let (folder, message) = find(mailbox, id)?;
    if mailbox.read_only {
        return Err(ACCESS_DENIED);
    }
    state.change(|tenant| {
        let messages = tenant.mailbox_mut(&mailbox.address).and_then(|mailbox| mailbox.messages_of_mut(&folder.name));
        if let Some(messages) = messages {
            messages.retain(|other| other.uid != message.uid);
        }
    });
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

fn placed(mailbox: &Mailbox) -> impl Iterator<Item = Placed<'_>> {
    mailbox.folders.iter().flat_map(|folder| mailbox.messages_of(folder).iter().map(move |message| (folder, message)))
}

fn find<'m>(mailbox: &'m Mailbox, id: &str) -> Result<Placed<'m>, Error> {
    placed(mailbox).find(|(_, message)| message_id(mailbox, message) == id).ok_or(NOT_FOUND)
}

fn message_id(mailbox: &Mailbox, message: &Message) -> String {
    entry_id(mailbox, &message.uid.to_string())
}

fn list(mailbox: &Mailbox, mut messages: Vec<Placed<'_>>, query: &[(String, String)]) -> Result<Value, Error> {
    let conditions = conditions(value(query, "$filter"))?;
    messages.retain(|(_, message)| conditions.iter().all(|condition| condition.holds(message)));
    match value(query, "$orderby") {
        None | Some("receivedDateTime desc") => messages.sort_by_key(|(_, message)| Reverse(message.received)),
        Some("receivedDateTime" | "receivedDateTime asc") => messages.sort_by_key(|(_, message)| message.received),
        Some(_) => return Err(Error(400, "BadRequest", "The query option '$orderby' is not supported here.")),
    }
    // What a list is ordered by has to stand first in its filter, where it has one.
    if value(query, "$orderby").is_some() && conditions.first().is_some_and(|first| !matches!(first, Condition::Received(..))) {
        return Err(TOO_COMPLEX);
    }
    let (top, skip) = (top(query, 10)?, value(query, "$skip").map_or(Ok(0), str::parse).map_err(|_| INVALID_FILTER)?);
    let shown: Vec<_> = messages.iter().skip(skip).take(top).map(|placed| described(mailbox, *placed, query)).collect();
    let mut answer = json!({ "value": shown });
    if messages.len() > skip + top {
        let next = format!("https://graph.microsoft.com/v1.0/users/messages?$top={top}&$skip={}", skip + top);
        answer["@odata.nextLink"] = json!(next);
    }
    Ok(answer)
}

/// A condition of a filter.
enum Condition {
    /// The time of arrival in whole seconds, by an operator.
    Received(String, SystemTime),
    /// The Message-ID.
    MessageId(String),
}

impl Condition {
    fn holds(&self, message: &Message) -> bool {
        match self {
            Self::Received(operator, at) => match operator.as_str() {
                "ge" => message.received >= *at,
                "gt" => message.received > *at,
                "le" => message.received <= *at,
                _ => message.received < *at,
            },
            Self::MessageId(id) => field(&message.text, "message-id").as_deref() == Some(id),
        }
    }
}

/// Parses `receivedDateTime ge TIME`, `internetMessageId eq 'ID'` and both with `and` between them; no other filter is understood
/// here.
fn conditions(filter: Option<&str>) -> Result<Vec<Condition>, Error> {
    let condition = |text: &str| {
        let mut words = text.splitn(3, ' ');
        match (words.next()?, words.next()?, words.next()?) {
            ("receivedDateTime", operator @ ("ge" | "gt" | "le" | "lt"), time) => {
                Some(Condition::Received(operator.to_owned(), humantime::parse_rfc3339(time).ok()?))
            }
            ("internetMessageId", "eq", quoted) => {
                Some(Condition::MessageId(quoted.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")))
            }
            _ => None,
        }
    };
    filter.iter().flat_map(|filter| filter.split(" and ")).map(|text| condition(text).ok_or(INVALID_FILTER)).collect()
}

/// Describes a message by the properties that are selected. Its header is told on request alone, and not of the copies in Sent
/// Items: <https://github.com/microsoftgraph/microsoft-graph-docs/issues/18761>
fn described(mailbox: &Mailbox, (folder, message): Placed<'_>, query: &[(String, String)]) -> Value {
    let text = &message.text;
    let select = value(query, "$select");
    let is_selected = |name: &str| select.is_some_and(|names| names.split(',').any(|one| one == name));
    let mut described = json!({ "@odata.etag": "W/\"CQAAABYAAA\"", "id": message_id(mailbox, message) });
    let address = |name: &str| field(text, name).map(|value| json!({ "emailAddress": { "address": address(&value) } }));
    for (name, property) in [
        ("receivedDateTime", json!(humantime::format_rfc3339_seconds(message.received).to_string())),
        ("subject", json!(field(text, "subject"))),
        ("internetMessageId", json!(field(text, "message-id"))),
        ("from", json!(address("from"))),
        ("parentFolderId", json!(entry_id(mailbox, &folder.name))),
        ("isRead", json!(message.seen)),
    ] {
        if select.is_none() || is_selected(name) {
            described[name] = property;
        }
    }
    if is_selected("internetMessageHeaders") && folder.distinguished != "sentitems" {
        let headers: Vec<Value> = fields(text).iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        described["internetMessageHeaders"] = json!(headers);
    }
    described
}

/// Returns the address in a field such as `"Microsoft Outlook" <a@b.example>`.
pub(super) fn address(value: &str) -> &str {
    value.rsplit_once('<').map_or(value, |(_, rest)| rest.trim_end_matches('>')).trim()
}

/// Returns the first header field of that name, in lower case.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    fields(text).into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Returns the header fields, each on one line.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        match (line.split_once(':'), fields.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) => fields.push((name.to_owned(), value.trim().to_owned())),
            (None, _) => {}
        }
    }
    fields
}
