//! Commands that write to the mailbox: its folders, and the messages in them (RFC 3501; COPYUID and APPENDUID of RFC 4315; MOVE of
//! RFC 6851).

use std::time::{Duration, SystemTime};

use crate::sim::mailbox::{Folder, Mailbox, Message};

use super::command::{Argument, Command};
use super::folder::{decoded, find};
use super::selected::{Selected, UID_VALIDITY};

/// The most folders of a mailbox: more are made by nobody who means well.
const FOLDERS: usize = 1000;

const NO_DESTINATION: &str = "[TRYCREATE] The destination mailbox could not be found.";

/// A command that was carried out: its untagged replies, and the response code of its tagged one.
type Done = (String, String);

/// Reports whether `command` is one of these.
pub(super) fn is_writing(command: &Command) -> bool {
    matches!(plain_name(command).1, "APPEND" | "COPY" | "CREATE" | "DELETE" | "MOVE" | "RENAME")
}

/// Tells whether a command takes unique ids, and its name without `UID`.
fn plain_name(command: &Command) -> (bool, &str) {
    command.name.strip_prefix("UID ").map_or((false, command.name.as_str()), |name| (true, name))
}

/// Carries `command` out, and returns the untagged replies to it and the tagged one; `None` where its arguments are wrong.
pub(super) fn reply(mailbox: &mut Mailbox, selected: &mut Option<Selected>, command: &Command) -> Option<[String; 2]> {
    let (by_uid, name) = plain_name(command);
    let done = match (name, command.arguments.as_slice()) {
        _ if mailbox.read_only => Err("Access is denied."),
        ("APPEND", [Argument::Text(folder), options @ .., Argument::Text(text)]) => append(mailbox, folder, options, text)?,
        ("COPY", [Argument::Text(set), Argument::Text(folder)]) => {
            let opened = selected.as_ref()?;
            copy(mailbox, opened, &opened.places(by_uid, set)?, folder)
        }
        ("MOVE", [Argument::Text(set), Argument::Text(folder)]) => {
            let opened = selected.as_mut()?;
            let places = opened.places(by_uid, set)?;
            move_away(mailbox, opened, &places, folder)
        }
        ("CREATE", [Argument::Text(name)]) => create(mailbox, &decoded(name)?),
        ("DELETE", [Argument::Text(name)]) => delete(mailbox, selected, &decoded(name)?),
        ("RENAME", [Argument::Text(from), Argument::Text(to)]) => rename(mailbox, selected, &decoded(from)?, &decoded(to)?),
        _ => return None,
    };
    let tag = &command.tag;
    Some(match done {
        Ok((untagged, code)) => [untagged, format!("{tag} OK {code}{name} completed.\r\n")],
        Err(refusal) => [String::new(), format!("{tag} NO {refusal}\r\n")],
    })
}

/// APPEND; `None` where its arguments are wrong.
fn append(mailbox: &mut Mailbox, folder: &str, options: &[Argument], text: &str) -> Option<Result<Done, &'static str>> {
    let (flags, date) = match options {
        [] => (Vec::new(), None),
        [flags @ Argument::List(_)] => (flags.texts(), None),
        [Argument::Text(date)] => (Vec::new(), Some(date)),
        [flags @ Argument::List(_), Argument::Text(date)] => (flags.texts(), Some(date)),
        _ => return None,
    };
    let received = date.map_or_else(|| Some(SystemTime::now()), |date| read_date(date))?;
    let seen = flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Seen"));
    let Some(name) = find(mailbox, folder).map(|folder| folder.name.clone()) else { return Some(Err(NO_DESTINATION)) };
    let uid = mailbox.put(&name, Message { uid: 0, seen, received, text: text.to_owned() })?;
    Some(Ok((String::new(), format!("[APPENDUID {UID_VALIDITY} {uid}] "))))
}

/// Copies the messages at `places` that are still there; COPYUID tells the ids of the originals and of the copies.
fn copy(mailbox: &mut Mailbox, opened: &Selected, places: &[usize], folder: &str) -> Result<Done, &'static str> {
    let (from, to) = copied(mailbox, opened, places, folder)?;
    Ok((String::new(), copy_uid(&from, &to)))
}

/// Copies the messages at `places` and removes the originals.
fn move_away(mailbox: &mut Mailbox, opened: &mut Selected, places: &[usize], folder: &str) -> Result<Done, &'static str> {
    if !opened.is_writable() {
        return Err("MOVE failed.");
    }
    let (from, to) = copied(mailbox, opened, places, folder)?;
    let expunged = opened.take_away(&from);
    opened.apply(mailbox);
    let code = copy_uid(&from, &to);
    let told = if code.is_empty() { code } else { format!("* OK {}\r\n", code.trim_end()) };
    Ok((told + &expunged, String::new()))
}

/// Returns the unique ids of the originals and of the copies.
fn copied(
    mailbox: &mut Mailbox,
    opened: &Selected,
    places: &[usize],
    folder: &str,
) -> Result<(Vec<u32>, Vec<u32>), &'static str> {
    let target = find(mailbox, folder).map(|folder| folder.name.clone()).ok_or(NO_DESTINATION)?;
    let source = mailbox.messages_of_mut(&opened.folder).cloned().unwrap_or_default();
    let named = places.iter().filter_map(|place| opened.messages.get(*place));
    let originals = named.filter_map(|message| source.iter().find(|other| other.uid == message.uid));
    Ok(originals.filter_map(|message| Some((message.uid, mailbox.put(&target, message.clone())?))).unzip())
}

fn copy_uid(from: &[u32], to: &[u32]) -> String {
    if from.is_empty() { String::new() } else { format!("[COPYUID {UID_VALIDITY} {} {}] ", set(from), set(to)) }
}

/// Ascending numbers as IMAP writes a set: `1:3,7`.
fn set(numbers: &[u32]) -> String {
    let follows = |one: &u32, next: &u32| one.checked_add(1) == Some(*next);
    let range = |run: &[u32]| match run {
        [first, .., last] => format!("{first}:{last}"),
        _ => run.iter().map(u32::to_string).collect(),
    };
    numbers.chunk_by(follows).map(range).collect::<Vec<_>>().join(",")
}

/// Makes a folder, and those that it lies in.
fn create(mailbox: &mut Mailbox, name: &str) -> Result<Done, &'static str> {
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.split('/').any(str::is_empty) || name.contains(char::is_control) || mailbox.folders.len() >= FOLDERS {
        return Err("CREATE failed.");
    }
    if exists(mailbox, name) {
        return Err("[ALREADYEXISTS] Mailbox already exists.");
    }
    for (at, _) in name.match_indices('/').chain([(name.len(), "")]) {
        let path = name.get(..at).unwrap_or(name);
        if !exists(mailbox, path) {
            mailbox.folders.push(Folder::of_user(path));
        }
    }
    Ok(Done::default())
}

fn exists(mailbox: &Mailbox, name: &str) -> bool {
    name.eq_ignore_ascii_case("INBOX") || mailbox.folders.iter().any(|folder| folder.name == name)
}

/// Removes a folder that a user made, with what lies in it.
fn delete(mailbox: &mut Mailbox, selected: &mut Option<Selected>, name: &str) -> Result<Done, &'static str> {
    is_of_user(mailbox, name)?;
    mailbox.folders.retain(|folder| !is_within(&folder.name, name));
    selected.take_if(|opened| is_within(&opened.folder, name));
    Ok(Done::default())
}

/// Gives a folder that a user made another name, and with it those that lie in it.
fn rename(mailbox: &mut Mailbox, selected: &mut Option<Selected>, from: &str, to: &str) -> Result<Done, &'static str> {
    is_of_user(mailbox, from)?;
    if is_within(to, from) {
        return Err("RENAME failed.");
    }
    create(mailbox, to)?;
    mailbox.folders.retain(|folder| folder.name != to);
    let opened = selected.iter_mut().map(|opened| &mut opened.folder);
    let names = mailbox.folders.iter_mut().map(|folder| &mut folder.name).chain(opened);
    for name in names.filter(|name| is_within(name, from)) {
        *name = format!("{to}{}", name.get(from.len()..).unwrap_or_default());
    }
    Ok(Done::default())
}

/// Refuses folders that are not there, and those that Exchange made and needs.
fn is_of_user(mailbox: &Mailbox, name: &str) -> Result<(), &'static str> {
    match find(mailbox, name) {
        None => Err("[NONEXISTENT] Mailbox doesn't exist."),
        Some(folder) if !folder.distinguished.is_empty() => Err("[CANNOT] The folder is one of Exchange's own."),
        Some(_) => Ok(()),
    }
}

/// Tells whether the folder `name` is `ancestor`, or lies in it.
fn is_within(name: &str, ancestor: &str) -> bool {
    name.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads the time in ` 2-Nov-2026 08:00:00 +0100`.
fn read_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.split_ascii_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.to_ascii_lowercase(), parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let local = humantime::parse_rfc3339(&format!("{year}-{month:02}-{day:02}T{time}Z")).ok()?;
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let offset = Duration::from_secs((hours.parse::<u64>().ok()? * 60 + minutes.parse::<u64>().ok()?) * 60);
    match sign {
        "+" => local.checked_sub(offset),
        "-" => local.checked_add(offset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_of_ascending_numbers_joins_neighbours() {
        for (numbers, expected) in [(&[][..], ""), (&[4], "4"), (&[1, 2, 3, 7, 9, 10], "1:3,7,9:10")] {
            assert_eq!(set(numbers), expected);
        }
    }

    #[test]
    fn read_date_of_append_takes_the_zone_into_account() {
        for (text, expected) in [
            (" 2-Nov-2026 08:00:00 +0000", Some("2026-11-02T08:00:00Z")),
            ("02-nov-2026 00:30:00 +0100", Some("2026-11-01T23:30:00Z")),
            ("31-Dec-2026 23:00:00 -0130", Some("2027-01-01T00:30:00Z")),
            ("02-Nov-2026", None),
            ("02-Foo-2026 08:00:00 +0000", None),
            ("02-Nov-2026 08:00:00 0000", None),
        ] {
            assert_eq!(
                read_date(text).map(|at| humantime::format_rfc3339_seconds(at).to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
