//! Files of this machine, read with bounds: of their size, and for who must not wait for a disk, of time.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Pause between two tries to get a lock: others hold it for a millisecond or two.
const LOCK_PAUSE: Duration = Duration::from_millis(4);

/// The kinds of files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Regular files alone: opening or reading anything else may wait for ever.
    Regular,
    /// Regular files that are themselves what the path names, and no symbolic links.
    Unlinked,
    /// Pipes and devices too, as `<(sops -d config.yml)` and `/dev/stdin` are. They can be read once.
    Any,
}

/// Opens a file for reading.
///
/// # Errors
/// The error of the operating system; [`ErrorKind::InvalidInput`] for a file of another kind.
pub fn open(path: &Path, kind: FileKind) -> io::Result<File> {
    if kind == FileKind::Any {
        return File::open(path);
    }
    // A pipe is opened without waiting for its writer, and then told by what was opened.
    let mut flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    flags.set(rustix::fs::OFlags::NOFOLLOW, kind == FileKind::Unlinked);
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Reads a file, but no more than `most` bytes.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, kind: FileKind, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, kind)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file whole or not at all: beside it first, and onto the disk before it takes its place.
///
/// # Errors
/// The error of the operating system; then the file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // One that an earlier process left behind may be whatever it is: a new one is made.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&beside); // of a full disk it takes the last bytes
    }
    written?;
    File::open(directory_of(path))?.sync_all()
}

/// Returns the directory that a file lies in.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a directory that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// The error of the operating system.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Locks a directory until the returned file is dropped, and tries to for as long as `within`.
///
/// # Errors
/// The error of the operating system; [`ErrorKind::WouldBlock`] while others hold the lock.
pub fn lock_directory(path: &Path, within: Duration) -> io::Result<File> {
    let directory = File::open(path)?;
    for _ in 0..within.as_millis() / LOCK_PAUSE.as_millis() {
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(directory),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::Error::new(ErrorKind::WouldBlock, "others hold the lock of its directory"))
}

/// The modification time, length and inode of a file, of which one differs when its content has changed or another file has taken
/// its place, as Kubernetes and certbot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(Option<SystemTime>, u64, u64);

/// Returns the stamp of a file; `None` if it cannot be read.
pub fn stamp(path: impl AsRef<Path>) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    Some(Stamp(about.modified().ok(), about.len(), about.ino()))
}

/// Reports whether this machine has no memory, descriptors or buffers left: ENOMEM, ENFILE, EMFILE, ENOBUFS.
pub fn is_out_of_resources(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105))
}

/// Returns the error where no further file can be opened. Libraries that open files of their own say that there is none instead:
/// OpenSSL of a root certificate, glibc of a name.
pub fn exhaustion() -> Option<io::Error> {
    File::open("/dev/null").err().filter(is_out_of_resources)
}

/// Reads that wait for files in threads of their own, with a bound on their number: one that hangs keeps its thread for good.
#[derive(Clone, Debug)]
pub struct Reads(Arc<Semaphore>);

/// All are alike in a comparison of settings: a bound is no setting.
impl PartialEq for Reads {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Reads {
    /// Allows `most` reads at a time.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Reports whether one more may begin at once.
    pub fn is_free(&self) -> bool {
        self.0.available_permits() > 0
    }

    /// Runs `read`, which waits for files, in a thread of its own, and waits for it for at most `limit`.
    ///
    /// # Errors
    /// A message for a person: it takes longer, earlier ones hang still, or it panicked.
    pub async fn within<T: Send + 'static>(
        &self,
        limit: Duration,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let taking_too_long = || format!("takes longer than {}; does the file system hang?", humantime::format_duration(limit));
        let read = async {
            let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|_| "is not possible any more".to_owned())?;
            let read = spawn_blocking(move || {
                let _permit = permit; // until it has ended, also when nobody waits for it any more
                read()
            });
            read.await.map_err(|_| "failed; see the log".to_owned())
        };
        timeout(limit, read).await.map_err(|_| taking_too_long())?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn open_of_a_pipe_without_a_writer_returns_at_once_that_it_is_no_regular_file() {
        let path = std::env::temp_dir().join(format!("m365-probe-pipe-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        for path in [path.as_path(), Path::new("/dev/zero"), Path::new("/")] {
            let error = open(path, FileKind::Regular).expect_err("no regular file");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}", path.display());
        }
        std::fs::remove_file(path).expect("removed");
        assert_eq!(read(Path::new("/dev/zero"), FileKind::Any, 3).expect("zeros"), [0; 3]);
    }

    #[tokio::test]
    async fn read_that_hangs_is_told_and_the_next_one_has_a_turn() {
        let reads = Reads::new(2);
        let (release, held) = mpsc::channel::<()>();
        let hanging = reads.within(Duration::from_millis(1), move || held.recv().is_ok()).await;
        assert_eq!(hanging, Err("takes longer than 1ms; does the file system hang?".to_owned()));
        assert_eq!(reads.within(Duration::from_secs(60), || 7).await, Ok(7));
        release.send(()).expect("it hangs still");
    }
}
