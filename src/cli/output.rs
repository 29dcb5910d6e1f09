//! Standard output and standard error, and what becomes of output that cannot be written.

use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something that should have been printed is lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A reader that has gone away (`| head`) wants no more, and is no failure; a full disk is, and
/// [`lost`] remembers it for the exit code.
pub fn out(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        err(&format!("error: cannot write to standard output: {error}\n"));
    }
}

/// Whether output is lost, so that the exit code must not say that all went well.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes to standard error.
pub fn err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
