//! Renders what is shown on threads of its own: neither a run nor another request waits for it, and those who ask for the same at
//! the same time share one rendering.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hyper::HeaderMap;
use hyper::header::HeaderName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;
use tracing::warn;

use super::content::BytesInFlight;
use super::response::FullResponse;

/// The kinds of what is rendered. Of each kind one is rendered at a time, so that requests by the hundred take no more than
/// three threads and the memory of three pages, and an impatient reader of pages delays no scraper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// A page for people.
    Page,
    /// The page of metrics.
    Metrics,
    /// A list for programs: outcomes, targets, the configuration.
    List,
}

/// The part of a request that what is rendered depends on. Requests in which it is the same are given the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Path and parameters.
    target: String,
    /// The headers that count, and no others.
    pub headers: HeaderMap,
    /// The address that it came in at, where that counts.
    pub local: Option<SocketAddr>,
}

impl Asked {
    /// Takes from a request for `target` the headers named, and whatever else counts.
    pub fn new(target: &str, headers: &HeaderMap, counting: &[HeaderName], local: Option<SocketAddr>) -> Self {
        let values =
            |name: &HeaderName| headers.get_all(name).iter().cloned().map(|value| (name.clone(), value)).collect::<Vec<_>>();
        Self { target: target.to_owned(), headers: counting.iter().flat_map(values).collect(), local }
    }
}

/// The cause for which nothing was rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRendered {
    /// Clients that read slowly hold all the memory there is for pages.
    Full,
    /// The rendering panicked; the log says where.
    Failed,
}

/// The result of a rendering, once there is one.
type Rendered = Option<Result<FullResponse, NotRendered>>;

/// Something that is wanted, and whom its rendering is sent to.
type Wanted = (Asked, Weak<watch::Sender<Rendered>>);
/// The renderings that wait for their turns.
type Waiting = Mutex<Vec<Wanted>>;

/// The turns of each kind, and the renderings that wait for theirs.
#[derive(Debug)]
pub struct Renderer {
    turns: [Arc<Semaphore>; 3],
    waiting: Arc<Waiting>,
    in_flight: BytesInFlight,
}

impl Default for Renderer {
    fn default() -> Self {
        let turns = std::array::from_fn(|_| Arc::new(Semaphore::new(1)));
        Self { turns, waiting: Arc::default(), in_flight: BytesInFlight::default() }
    }
}

impl Renderer {
    /// Renders when it is its turn, once for all who ask for the same before that. Whoever hangs up gives up the turn if it had not
    /// come and nobody else waits for it.
    ///
    /// # Errors
    /// The cause for which there is no response.
    pub async fn render(
        &self,
        kind: Rendering,
        asked: Asked,
        render: impl FnOnce(&Asked) -> FullResponse + Send + 'static,
    ) -> Result<FullResponse, NotRendered> {
        let mut rendered = self.wait_for(kind, asked, render).ok_or(NotRendered::Full)?;
        let result = rendered.wait_for(Option::is_some).await.map_err(|_| NotRendered::Failed)?;
        result.clone().unwrap_or(Err(NotRendered::Failed))
    }

    /// Waits with those who wait for the same, or as the first; `None` where there is no memory for another text.
    fn wait_for(
        &self,
        kind: Rendering,
        asked: Asked,
        render: impl FnOnce(&Asked) -> FullResponse + Send + 'static,
    ) -> Option<watch::Receiver<Rendered>> {
        let mut waiting = waiting_list(&self.waiting);
        let shared = waiting.iter().find(|(other, _)| *other == asked).and_then(|(_, sender)| sender.upgrade());
        if let Some(sender) = shared {
            return Some(sender.subscribe());
        }
        if self.in_flight.is_full() {
            return None;
        }
        let (sender, receiver) = watch::channel(None);
        let sender = Arc::new(sender);
        waiting.push((asked.clone(), Arc::downgrade(&sender)));
        let (turns, waiting) = (Arc::clone(&self.turns[kind as usize]), Arc::clone(&self.waiting));
        let in_flight = self.in_flight.clone();
        tokio::spawn(async move {
            let Some(turn) = turn(turns, &sender, &waiting).await else { return };
            let rendered = in_background(move || {
                let _turn = turn; // to the end of the work, also when nobody waits for it any more
                render(&asked).map(|content| content.counted(&in_flight))
            });
            sender.send_replace(Some(rendered.await));
        });
        Some(receiver)
    }
}

/// Does `work` on a thread of its own that gives way to the others: a page of ten thousand mailboxes takes a core for a second, in
/// which runs and the health of the service are to have it first.
///
/// A thread of tokio's waits for it: those are used again, and no thread may raise its priority.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotRendered> {
    let worked = spawn_blocking(|| {
        let thread = std::thread::Builder::new().name("rendering".to_owned());
        let begun = thread.spawn(move || {
            give_way();
            work()
        });
        begun.inspect_err(|error| warn!(%error, "cannot start a thread to render")).ok()?.join().ok()
    });
    worked.await.ok().flatten().ok_or(NotRendered::Failed)
}

/// Lowers the priority of this thread: where the processor is short it has a third of what another one has, which is little beside the
/// runs and enough for a scrape to end in time.
fn give_way() {
    // On Linux this is about the calling thread alone. Where it is forbidden, all threads are alike.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

/// Waits for a turn, for as long as somebody waits for what is rendered then; nobody joins them any more. What is known later may be
/// newer than what is rendered, so whoever asks later waits for the next rendering.
async fn turn(turns: Arc<Semaphore>, sender: &Arc<watch::Sender<Rendered>>, waiting: &Waiting) -> Option<OwnedSemaphorePermit> {
    let mut acquired = pin!(turns.acquire_owned());
    loop {
        let turn = tokio::select! {
            turn = &mut acquired => turn.ok(),
            () = sender.closed() => None,
        };
        let mut waiting = waiting_list(waiting);
        let is_wanted = sender.receiver_count() > 0;
        if turn.is_some() || !is_wanted {
            waiting.retain(|(_, other)| other.as_ptr() != Arc::as_ptr(sender));
            return turn.filter(|_| is_wanted);
        }
    }
}

fn waiting_list(waiting: &Waiting) -> MutexGuard<'_, Vec<Wanted>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
