//! Reloads from files that hang, with time that stands still.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Condvar, MutexGuard};

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::advance;

use super::*;
use crate::config::{FileRead, System};
use crate::file::FileKind;
use crate::settings::RootStore;

/// A configuration on a file system that hangs at times.
#[derive(Debug, Default)]
struct HangingSystem {
    hangs: Mutex<bool>,
    answers: Condvar,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    tenants: AtomicUsize,
}

impl HangingSystem {
    fn hangs(&self) -> MutexGuard<'_, bool> {
        self.hangs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self) {
        *self.hangs() = false;
        self.answers.notify_all();
    }
}

impl System for HangingSystem {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "SECRET").then(|| "secret".to_owned())
    }

    fn file(&self, _: &Path) -> io::Result<FileRead> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn text(&self, _: &Path, _: FileKind, _: usize) -> io::Result<Vec<u8>> {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::SeqCst);
        drop(self.answers.wait_while(self.hangs(), |hangs| *hangs));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let tenant = |number| {
            format!(
                " - {{ name: contoso{number}, cloud: lab, tenant_id: contoso.example, client_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, \
                 credential: {{ client_secret_env: SECRET }}, checks: [token] }}\n"
            )
        };
        let tenants: String = (0..self.tenants.load(Ordering::SeqCst)).map(tenant).collect();
        Ok(format!("clouds:\n  lab: {{ login: 'https://127.0.0.1:1' }}\ntenants:\n{tenants}").into_bytes())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Starts an engine whose runs share the clock of the test.
async fn start(system: &Arc<HangingSystem>) -> Arc<Engine> {
    let source = Source::File { path: "m365-probe.yml".into(), roots: RootStore::default() };
    let system = Arc::<HangingSystem>::clone(system);
    let options = Options { system, runs: Some(Handle::current().into()), ..Options::new(source, Vec::new()) };
    Engine::start(options).await.expect("it starts")
}

/// Reloads, and lets time pass until there is a result: it does not pass by itself while threads wait for files.
async fn reload(engine: &Arc<Engine>) -> (Result<usize, String>, Duration) {
    let (engine, begun) = (Arc::clone(engine), Instant::now());
    let reload = tokio::spawn(async move { engine.reload().await });
    while !reload.is_finished() {
        advance(Duration::from_millis(100)).await;
        yield_now().await;
    }
    let result = reload.await.expect("it ends").map_err(|refused| format!("{refused:?}"));
    (result, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn reload_from_a_file_that_hangs_fails_in_time_and_a_later_one_works_once_it_answers() {
    let system = Arc::new(HangingSystem { tenants: 1.into(), ..HangingSystem::default() });
    let engine = start(&system).await;
    *system.hangs() = true;
    system.tenants.store(2, Ordering::SeqCst);
    for _ in 0..READS + 2 {
        let (result, took) = reload(&engine).await;
        let message = result.expect_err("it hangs");
        assert!(message.contains("takes longer than 30s; does the file system hang?"), "{message}");
        assert!(took < Duration::from_secs(32), "{took:?}");
        assert_eq!(engine.work().probes.len(), 1);
    }
    while system.waiting.load(Ordering::SeqCst) < READS {
        yield_now().await;
    }
    assert_eq!(system.most_waiting.load(Ordering::SeqCst), READS, "so many threads wait for it at most");
    system.answer();
    assert_eq!(engine.reload().await.expect("it answers"), 2);
    assert_eq!(engine.work().probes.len(), 2);
}
