//! A queue of log lines with a thread that writes them: whoever logs never waits for whoever reads the log.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Bytes of lines that wait at most: five seconds of ten thousand mailboxes that all fail. Further lines are lost, and counted.
const WAITING: usize = 1024 * 1024;

/// Lines that wait to be written. A reference to it is a writer, one line a call.
#[derive(Debug)]
pub struct LogQueue {
    state: Mutex<State>,
    changed: Condvar,
    lost: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Set while lines that no longer wait are being written.
    writing: bool,
    /// The thread that writes. Its own lines are never lost: they say how many of the others' are.
    writer: Option<ThreadId>,
}

impl LogQueue {
    /// Starts a thread that writes to `sink`. Once lines are read again after some were lost, it calls `tell` with their number,
    /// which may log.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn start(sink: impl Write + Send + 'static, tell: impl Fn(u64) + Send + 'static) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), lost: Arc::default() });
        let own = Arc::clone(&queue);
        thread::Builder::new().name("log".to_owned()).spawn(move || own.write_all_to(sink, tell))?;
        Ok(queue)
    }

    /// Returns the number of lost lines, which goes on counting.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }

    /// Waits until all lines are written, but no longer than `limit`.
    pub fn flush(&self, limit: Duration) {
        let waits = |state: &mut State| state.writing || !state.waiting.is_empty();
        let _ = self.changed.wait_timeout_while(self.state(), limit, waits);
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        let is_writer = state.writer == Some(thread::current().id());
        if !is_writer && !state.waiting.is_empty() && state.waiting.len() + line.len() > WAITING {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(line);
        self.changed.notify_all();
    }

    fn write_all_to(&self, mut sink: impl Write, tell: impl Fn(u64)) {
        self.state().writer = Some(thread::current().id());
        let mut told = 0;
        loop {
            let lines = self.next();
            let written = sink.write_all(&lines).and_then(|()| sink.flush());
            if written.is_err() {
                // Nobody reads any more, or the disk is full. Some of these may have been written: nobody can say which.
                let count = lines.split_inclusive(|byte| *byte == b'\n').count();
                self.lost.fetch_add(count as u64, Ordering::Relaxed);
            } else if let lost @ 1.. = self.lost.load(Ordering::Relaxed) - told {
                told += lost;
                tell(lost);
            }
            self.state().writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for lines, and takes all that wait.
    fn next(&self) -> Vec<u8> {
        let waiting = self.changed.wait_while(self.state(), |state| state.waiting.is_empty());
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        std::mem::take(&mut state.waiting)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A sink that takes one write for each permit, and sends on what it took.
    struct Sink {
        permits: mpsc::Receiver<()>,
        taken: mpsc::Sender<String>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(io::Error::other)?;
            let _ = self.taken.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_beyond_the_limit_are_lost_and_told_and_none_waits_for_the_reader() {
        let ((permit, permits), (taken, written), (tell, told)) = (mpsc::channel(), mpsc::channel(), mpsc::channel());
        let queue =
            LogQueue::start(Sink { permits, taken }, move |lost| tell.send(lost).expect("the test waits")).expect("a thread");
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        (&*queue).write_all(&line).expect("queued");
        while !queue.state().writing {
            thread::yield_now(); // until nothing but the reader is waited for
        }
        for _ in 0..2000 {
            (&*queue).write_all(&line).expect("queued, or lost");
        }
        assert_eq!((queue.state().waiting.len(), queue.lost().load(Ordering::Relaxed)), (WAITING, 2000 - 1024));
        queue.flush(Duration::from_millis(1)); // which ends although nobody reads
        for length in [1024, WAITING] {
            permit.send(()).expect("a sink");
            assert_eq!(written.recv().expect("written").len(), length);
        }
        queue.flush(Duration::from_secs(60));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [2000 - 1024]);
    }

    #[test]
    fn lines_for_a_closed_pipe_are_lost_and_not_told_in_a_line_more() {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let (tell, told) = mpsc::channel();
        let queue = LogQueue::start(writer, move |lost| tell.send(lost).expect("the test waits")).expect("a thread");
        (&*queue).write_all(b"one\n").expect("queued");
        queue.flush(Duration::from_secs(60));
        assert_eq!((queue.lost().load(Ordering::Relaxed), told.try_recv()), (1, Err(mpsc::TryRecvError::Empty)));
    }
}
