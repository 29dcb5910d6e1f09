//! Reads the text of a configuration file, with a bound.

use std::io;
use std::path::Path;

use super::mistake::{Mistake, Position};
use crate::file::{self, FileKind};

/// Bytes of a configuration at most, all its files together: ten thousand mailboxes with three checks each take about two MiB,
/// and a reload needs some fifteen bytes of memory for each.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Reads the bytes of a file, but no more than `most` and one: a pipe, as from `<(sops -d config.yml)`, may be endless.
///
/// # Errors
/// The error of the operating system.
pub(super) fn read_bytes(path: &Path, kind: FileKind, most: usize) -> io::Result<Vec<u8>> {
    file::read(path, kind, u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1))
}

/// Reads the text of a file, of at most `most` bytes.
pub(super) fn read(path: &Path, kind: FileKind, most: usize) -> Result<String, Mistake> {
    read_from(read_bytes(path, kind, most), most)
}

/// Returns the text of a file that was `read`, of at most `most` bytes.
pub(super) fn read_from(read: io::Result<Vec<u8>>, most: usize) -> Result<String, Mistake> {
    decode(read.map_err(|error| Mistake::in_file(&format!("cannot be read: {error}")))?, most)
}

/// Returns the text of `bytes`, unless they are more than `most` or no text.
pub(super) fn decode(bytes: Vec<u8>, most: usize) -> Result<String, Mistake> {
    require_at_most(most, bytes.len())?;
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default());
        Mistake::new(Some(Position::after(&good)), "", "is not UTF-8 text from here on; save the file as UTF-8")
    })
}

/// Refuses a file of `bytes` bytes where `most` are left.
pub(super) fn require_at_most(most: usize, bytes: usize) -> Result<(), Mistake> {
    if bytes <= most {
        return Ok(());
    }
    let limit = MAX_BYTES >> 20;
    Err(Mistake::in_file(&format!(
        "the configuration has more than {limit} MiB, which is all that is read; is this the right file?"
    )))
}
