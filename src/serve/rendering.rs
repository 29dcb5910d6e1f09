//! Renders what is shown on threads of its own: neither a run nor another request waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

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

/// The turns of each kind.
#[derive(Debug)]
pub struct Renderer {
    turns: [Arc<Semaphore>; 3],
}

impl Default for Renderer {
    fn default() -> Self {
        Self { turns: std::array::from_fn(|_| Arc::new(Semaphore::new(1))) }
    }
}

impl Renderer {
    /// Renders when it is its turn, and returns what was rendered; `None` if that panicked. Whoever hangs up gives up the turn if
    /// it had not come.
    pub async fn render<T: Send + 'static>(&self, kind: Rendering, render: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let turns = Arc::clone(&self.turns[kind as usize]);
        let turn = turns.acquire_owned().await.ok()?;
        let rendered = spawn_blocking(move || {
            let _turn = turn; // to the end of the work, also when nobody waits for it any more
            render()
        });
        rendered.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn held_page_delays_pages_and_nothing_else() {
        let renderer = Arc::new(Renderer::default());
        let (open, gate) = mpsc::channel::<()>();
        let (begin, mut pages_begun) = tokio::sync::mpsc::unbounded_channel();
        let page = |gate: Option<mpsc::Receiver<()>>| {
            let (renderer, begin) = (Arc::clone(&renderer), begin.clone());
            async move {
                let render = move || {
                    let _ = begin.send(());
                    gate.is_some_and(|gate| gate.recv().is_ok())
                };
                renderer.render(Rendering::Page, render).await
            }
        };
        let first = tokio::spawn(page(Some(gate)));
        pages_begun.recv().await.expect("the first page begins");
        let second = tokio::spawn(page(None));
        assert_eq!(renderer.render(Rendering::Metrics, || 1).await, Some(1));
        assert_eq!(renderer.render(Rendering::List, || 2).await, Some(2));
        assert!(pages_begun.try_recv().is_err(), "the second page waits for the first");
        open.send(()).expect("the first page waits");
        assert_eq!((first.await.expect("no panic"), second.await.expect("no panic")), (Some(true), Some(false)));
    }

    #[tokio::test]
    async fn panic_gives_up_the_turn() {
        let renderer = Renderer::default();
        assert_eq!(renderer.render(Rendering::Page, || panic!("on purpose")).await, None::<()>);
        assert_eq!(renderer.render(Rendering::Page, || 1).await, Some(1));
    }
}
