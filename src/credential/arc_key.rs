//! The key of Azure Arc: a file whose path the local endpoint names, and whose content it wants to see before it hands out a token.
//! <https://learn.microsoft.com/en-us/azure/azure-arc/servers/managed-identity-authentication>

use std::io::Read as _;
use std::path::Path;

use super::trimmed;
use crate::file::{self, FileKind};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::sanitize;
use crate::secret::Secret;

/// The directory in which the agent of Azure Arc keeps its keys; the group `himds` may read them.
pub const ARC_KEYS: &str = "/var/opt/azcmagent/tokens";

/// The most bytes of a key, as Microsoft's own libraries have it.
const MAX_BYTES: u64 = 4096;

/// Reads the key at `named`, the path that the endpoint gave, which must lie in `directory`. Whoever can listen in the agent's place
/// could otherwise have any file sent that this program may read: so the path is judged before anything is opened.
///
/// # Errors
/// `managed_identity_key_refused`: the path is not one that the agent gives. `managed_identity_key_unreadable`: it cannot be read.
pub fn read_arc_key(named: &str, directory: &Path) -> Result<Secret, Fault> {
    let shown = sanitize::one_line(named, 200);
    let fault = |reason, why: &str| Fault::heard(reason, format!("the endpoint names the file `{shown}`: {why}"));
    let path = Path::new(named);
    if path.parent() != Some(directory) || path.file_name().is_none() {
        let why = format!("it does not lie in `{}`", directory.display());
        return Err(fault(Reason::ManagedIdentityKeyRefused, &why));
    }
    if path.extension().is_none_or(|extension| extension != "key") {
        return Err(fault(Reason::ManagedIdentityKeyRefused, "its name does not end in `.key`"));
    }
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => return Err(fault(Reason::ManagedIdentityKeyRefused, "it is a symbolic link")),
        Ok(about) if about.len() > MAX_BYTES => {
            return Err(fault(Reason::ManagedIdentityKeyRefused, &format!("it has more than {MAX_BYTES} bytes")));
        }
        _ => {}
    }
    read(path).map_err(|why| fault(Reason::ManagedIdentityKeyUnreadable, &why))
}

fn read(path: &Path) -> Result<Secret, String> {
    let file = file::open(path, FileKind::Unlinked).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let key = trimmed(text);
    if key.expose().is_empty() { Err("it is empty".to_owned()) } else { Ok(key) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Makes a directory with a key, a link out of it, a long file and a pipe's stand-in.
    fn directory() -> PathBuf {
        let directory = std::env::temp_dir().join(format!("m365-probe-arc-{}", crate::random::guid()));
        std::fs::create_dir_all(directory.join("below")).expect("a directory");
        for (name, bytes) in [("good.key", 40), ("long.key", 4097), ("longest.key", 4096), ("empty.key", 0), ("good.txt", 40)] {
            std::fs::write(directory.join(name), "k".repeat(bytes)).expect("a file");
        }
        std::fs::write(directory.join("below/good.key"), "k").expect("a file");
        std::os::unix::fs::symlink("/etc/passwd", directory.join("link.key")).expect("a link");
        directory
    }

    #[test]
    fn read_arc_key_takes_a_small_regular_file_of_the_directory_alone() {
        let directory = directory();
        let (refused, unreadable) = (Reason::ManagedIdentityKeyRefused, Reason::ManagedIdentityKeyUnreadable);
        let within = |name: &str| format!("{}/{name}", directory.display());
        for (named, expected) in [
            (within("good.key"), Ok(40)),
            (within("longest.key"), Ok(4096)),
            (within("long.key"), Err(refused)),
            (within("link.key"), Err(refused)),
            (within("good.txt"), Err(refused)),
            (within("below/good.key"), Err(refused)),
            (within("../good.key"), Err(refused)),
            (within("below/../good.key"), Err(refused)),
            (within(""), Err(refused)),
            ("/etc/shadow".to_owned(), Err(refused)),
            ("good.key".to_owned(), Err(refused)),
            (String::new(), Err(refused)),
            (within("missing.key"), Err(unreadable)),
            (within("empty.key"), Err(unreadable)),
            (within("below.key/"), Err(unreadable)),
        ] {
            let read = read_arc_key(&named, &directory);
            let read = read.map(|key| key.expose().len()).map_err(|fault| fault.reason);
            assert_eq!(read, expected, "{named}");
        }
        std::fs::remove_dir_all(&directory).expect("removed");
    }

    #[test]
    fn read_arc_key_never_shows_what_a_file_holds() {
        let directory = directory();
        std::fs::write(directory.join("bytes.key"), b"marked \xff").expect("a file");
        let fault = read_arc_key(&format!("{}/bytes.key", directory.display()), &directory).expect_err("no text");
        assert!(!format!("{fault:?}").contains("marked"), "{fault:?}");
        std::fs::remove_dir_all(&directory).expect("removed");
    }
}
