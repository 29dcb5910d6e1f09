//! The thread of the runs: whatever is asked of the service or shown by it, nothing else has a turn on it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Time between two signs of life of the thread.
const TICK: Duration = Duration::from_secs(1);
/// Time without a sign of life after which the thread counts as standing still. A busy machine may leave it waiting for a
/// second or two, and a reload of ten thousand mailboxes takes a part of one.
const SILENT_AT_MOST: Duration = Duration::from_secs(10);

/// A runtime for the runs in place of a thread of their own. Tests give one that they stop, or whose clock they pause.
#[derive(Clone, Debug)]
pub struct RunsOn {
    /// The runtime, which others drive.
    pub runtime: Handle,
    /// Time without a sign of life after which it counts as standing still.
    pub silent_at_most: Duration,
}

impl From<Handle> for RunsOn {
    fn from(runtime: Handle) -> Self {
        Self { runtime, silent_at_most: SILENT_AT_MOST }
    }
}

/// The runtime of the runs; dropping this ends its thread and everything on it.
#[derive(Debug)]
pub struct Runs {
    on: RunsOn,
    ticks: Arc<Ticks>,
    tasks: Mutex<JoinSet<()>>,
    _thread: Option<oneshot::Sender<()>>,
}

impl Runs {
    /// Starts a thread with a runtime for the runs, or takes the given one.
    ///
    /// # Errors
    /// The operating system refuses a thread or its resources.
    pub fn start(given: Option<RunsOn>) -> io::Result<Self> {
        let (on, thread) = match given {
            Some(on) => (on, None),
            None => own_thread().map(|(runtime, thread)| (runtime.into(), Some(thread)))?,
        };
        let ticks = Arc::new(Ticks::new(monotonic()));
        let (ticking, silent_at_most) = (Arc::clone(&ticks), on.silent_at_most);
        let tick = async move {
            loop {
                sleep(TICK.min(silent_at_most / 4)).await;
                ticking.tick(monotonic());
            }
        };
        let runs = Self { on, ticks, tasks: Mutex::default(), _thread: thread };
        runs.spawn(tick);
        Ok(runs)
    }

    /// Runs a task on the thread of the runs, which ends when this is dropped.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn_on(task, &self.on.runtime);
    }

    /// Runs `work` on the thread of the runs, and returns its result; `None` if it panicked or the thread has ended. It ends when
    /// this future is dropped.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut task = JoinSet::new();
        task.spawn_on(work, &self.on.runtime);
        task.join_next().await?.ok()
    }

    /// Returns the time for which the thread has stood still, once that is too long.
    pub fn stand_still(&self) -> Option<Duration> {
        Some(self.ticks.age(monotonic())).filter(|age| *age > self.on.silent_at_most)
    }
}

/// Starts a thread that drives a runtime until the sender is dropped. A lookup that hangs in one of its blocking threads delays
/// nobody's end.
fn own_thread() -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (handle, (thread, ended)) = (runtime.handle().clone(), oneshot::channel());
    let drive = move || {
        let _ = runtime.block_on(ended);
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("runs".to_owned()).spawn(drive)?;
    Ok((handle, thread))
}

/// The time of a thread's last sign of life.
#[derive(Debug)]
struct Ticks(AtomicU64);

impl Ticks {
    fn new(now: Duration) -> Self {
        let ticks = Self(AtomicU64::default());
        ticks.tick(now);
        ticks
    }

    fn tick(&self, now: Duration) {
        self.0.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

/// Returns the time of the machine's clock that only runs forward, and not while it is suspended. It is the same for all threads,
/// where tokio's clock is its runtime's own, and may be paused.
pub fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_age_from_the_last_one() {
        let ticks = Ticks::new(Duration::from_secs(100));
        assert_eq!(ticks.age(Duration::from_secs(112)), Duration::from_secs(12));
        ticks.tick(Duration::from_secs(111));
        assert_eq!(ticks.age(Duration::from_secs(112)), Duration::from_secs(1));
        assert_eq!(ticks.age(Duration::from_secs(90)), Duration::ZERO);
    }

    #[tokio::test]
    async fn work_runs_on_the_thread_of_the_runs_and_ends_with_whoever_waits() {
        let runs = Runs::start(None).expect("a thread");
        let named = runs.run(async { std::thread::current().name().map(ToOwned::to_owned) }).await;
        assert_eq!(named.flatten().as_deref(), Some("runs"));
        let (held, dropped) = oneshot::channel::<()>();
        let (begin, has_begun) = oneshot::channel();
        let waiting = runs.run(async move {
            let _held = held;
            let _ = begin.send(());
            std::future::pending::<()>().await;
        });
        tokio::select! {
            _ = waiting => unreachable!("it never ends by itself"),
            reached = has_begun => reached.expect("it began"),
        }
        assert!(dropped.await.is_err(), "the work was dropped with the future that waited for it");
        assert_eq!(runs.run(async { panic!("on purpose") }).await, None::<()>);
        assert_eq!(runs.stand_still(), None);
    }
}
