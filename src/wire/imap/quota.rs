//! IMAP `GETQUOTAROOT` (RFC 9208): the storage that a mailbox has and uses, where the server tells.

use super::name::{INBOX, folder_name};

/// The capability of servers that tell.
pub const CAPABILITY: &str = "QUOTA";

/// Writes the command that asks for the limits that the inbox is under.
pub fn get_quota_root() -> String {
    format!("GETQUOTAROOT {}", folder_name(INBOX))
}

/// The storage of a mailbox, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Used.
    pub used: u64,
    /// Allowed.
    pub limit: u64,
}

/// Parses untagged data (the text after `* `): `QUOTA "User quota" (STORAGE 10 512)`, in units of 1024 bytes. `None` where it is
/// something else, or limits no storage.
pub fn parse_quota(data: &str) -> Option<Storage> {
    let rest = data.get(..6).filter(|word| word.eq_ignore_ascii_case("QUOTA ")).and_then(|_| data.get(6..))?;
    let (_, list) = rest.rsplit_once('(')?;
    let words: Vec<&str> = list.trim_end().strip_suffix(')')?.split_ascii_whitespace().collect();
    let resource = words.chunks(3).find(|resource| resource.first().is_some_and(|name| name.eq_ignore_ascii_case("STORAGE")))?;
    let bytes = |at: usize| resource.get(at)?.parse::<u64>().ok()?.checked_mul(1024);
    Some(Storage { used: bytes(1)?, limit: bytes(2)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_quota_reads_storage_among_resources() {
        for (data, expected) in [
            ("QUOTA \"User quota\" (STORAGE 10 512)", Some((10_240, 524_288))),
            ("quota \"\" (MESSAGE 3 100 storage 0 1) ", Some((0, 1024))),
            ("QUOTA \"a (b\" (STORAGE 1 2)", Some((1024, 2048))),
            ("QUOTA \"\" (MESSAGE 3 100)", None),
            ("QUOTA \"\" (STORAGE 10)", None),
            ("QUOTA \"\" (STORAGE x 1)", None),
            ("QUOTA \"\" (STORAGE 1 18446744073709551615)", None),
            ("QUOTA \"\" ()", None),
            ("QUOTAROOT INBOX \"\"", None),
            ("QUOTé", None),
            ("", None),
        ] {
            assert_eq!(parse_quota(data), expected.map(|(used, limit)| Storage { used, limit }), "{data}");
        }
    }
}
