//! Graph's mail folders: one by its id or well-known name, and those of a name.

use serde_json::{Value, json};

use crate::sim::mailbox::{Folder, Mailbox};

use super::{Error, NOT_FOUND, entry_id, top, value};

/// Returns the folders of a mailbox, or those of the name that a filter asks for.
pub(super) fn list(mailbox: &Mailbox, query: &[(String, String)]) -> Result<Value, Error> {
    let top = top(query, 10)?;
    let wanted = filter(query)?;
    let is_listed =
        |folder: &&Folder| folder.class == "IPF.Note" && !folder.name.contains('/') && is_wanted(&folder.name, wanted.as_deref());
    let mail: Vec<_> = mailbox.folders.iter().filter(is_listed).collect();
    let value: Vec<_> = mail.iter().take(top).map(|folder| described(mailbox, folder, query)).collect();
    let mut answer =
        json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/mailFolders(id)", "value": value });
    if mail.len() > top {
        answer["@odata.nextLink"] = json!(format!("https://graph.microsoft.com/v1.0/users/mailFolders?$top={top}&$skip={top}"));
    }
    Ok(answer)
}

/// Returns the folder with that id.
pub(super) fn one(mailbox: &Mailbox, id: &str, query: &[(String, String)]) -> Result<Value, Error> {
    find(mailbox, id).map(|folder| described(mailbox, folder, query))
}

/// Returns the folders below the one with that id, whose names begin with its own.
pub(super) fn children(mailbox: &Mailbox, id: &str, query: &[(String, String)]) -> Result<Value, Error> {
    let (parent, wanted) = (find(mailbox, id)?, filter(query)?);
    let named = |folder: &&Folder| {
        let rest = folder.name.strip_prefix(&parent.name).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|name| !name.contains('/') && is_wanted(name, wanted.as_deref()))
    };
    let value: Vec<_> = mailbox.folders.iter().filter(named).map(|folder| described(mailbox, folder, query)).collect();
    Ok(json!({ "value": value }))
}

/// Finds a folder by its id or its well-known name, which is that of every new mailbox without spaces.
pub(super) fn find<'m>(mailbox: &'m Mailbox, id: &str) -> Result<&'m Folder, Error> {
    let is_called =
        |folder: &&Folder| folder.name.replace(' ', "").eq_ignore_ascii_case(id) || entry_id(mailbox, &folder.name) == id;
    mailbox.folders.iter().find(is_called).ok_or(NOT_FOUND)
}

/// Describes a folder: its id alone where nothing else is selected.
fn described(mailbox: &Mailbox, folder: &Folder, query: &[(String, String)]) -> Value {
    let mut described = json!({ "id": entry_id(mailbox, &folder.name) });
    let messages = mailbox.messages_of(folder);
    let is_selected = |name: &str| value(query, "$select").is_none_or(|names| names.split(',').any(|one| one == name));
    for (name, count) in
        [("totalItemCount", messages.len()), ("unreadItemCount", messages.iter().filter(|message| !message.seen).count())]
    {
        if is_selected(name) {
            described[name] = json!(count);
        }
    }
    described
}

fn is_wanted(name: &str, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
}

/// Returns the name in `displayName eq 'NAME'`, the only filter that is understood here.
fn filter(query: &[(String, String)]) -> Result<Option<String>, Error> {
    let Some(filter) = value(query, "$filter") else { return Ok(None) };
    let quoted = filter.strip_prefix("displayName eq '").and_then(|rest| rest.strip_suffix('\''));
    let name = quoted.filter(|quoted| !quoted.replace("''", "").contains('\''));
    match name {
        Some(name) => Ok(Some(name.replace("''", "'"))),
        None => Err(Error(400, "BadRequest", "Invalid filter clause.")),
    }
}
