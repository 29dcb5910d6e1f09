//! Tests of the renderer: turns, shared renderings, and the ceiling of what slow readers hold.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use http_body_util::BodyExt as _;

use super::*;
use crate::serve::response::{TEXT, ok};

fn asked(target: &str) -> Asked {
    Asked::new(target, &HeaderMap::new(), &[], None)
}

async fn text(response: Result<FullResponse, NotRendered>) -> String {
    let body = response.expect("a response").into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("a text")
}

/// A rendering that begins and then waits, and the sender that lets it go on.
fn held(
    begun: &tokio::sync::mpsc::UnboundedSender<()>,
) -> (impl FnOnce(&Asked) -> FullResponse + Send + 'static, mpsc::Sender<()>) {
    let ((open, gate), begun) = (mpsc::channel::<()>(), begun.clone());
    let render = move |_: &Asked| {
        let _ = begun.send(());
        ok(TEXT, if gate.recv().is_ok() { "held" } else { "let go" })
    };
    (render, open)
}

#[tokio::test]
async fn held_page_delays_pages_and_nothing_else() {
    let renderer = Arc::new(Renderer::default());
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let page = |target: &'static str, render| {
        let renderer = Arc::clone(&renderer);
        tokio::spawn(async move { renderer.render(Rendering::Page, asked(target), render).await })
    };
    let (render, open) = held(&sender);
    let first = page("/", Box::new(render) as Box<dyn FnOnce(&Asked) -> FullResponse + Send>);
    begun.recv().await.expect("the first page begins");
    let second = page("/reasons", {
        let sender = sender.clone();
        Box::new(move |_| {
            let _ = sender.send(());
            ok(TEXT, "second")
        })
    });
    assert_eq!(text(renderer.render(Rendering::Metrics, asked("/metrics"), |_| ok(TEXT, "1")).await).await, "1");
    assert_eq!(text(renderer.render(Rendering::List, asked("/sd"), |_| ok(TEXT, "2")).await).await, "2");
    assert!(begun.try_recv().is_err(), "the second page waits for the first");
    open.send(()).expect("the first page waits");
    assert_eq!(text(first.await.expect("no panic")).await, "held");
    assert_eq!(text(second.await.expect("no panic")).await, "second");
}

#[tokio::test]
async fn clients_that_ask_for_the_same_while_a_page_is_made_share_the_next_one() {
    let renderer = Renderer::default();
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (render, open) = held(&sender);
    let first = renderer.wait_for(Rendering::Metrics, asked("/metrics"), render).expect("there is room");
    begun.recv().await.expect("the first page begins");
    let made = Arc::new(AtomicUsize::new(0));
    let next = |target: &str| {
        let made = Arc::clone(&made);
        let render = move |_: &Asked| ok(TEXT, format!("page {}", made.fetch_add(1, Ordering::Relaxed)));
        renderer.wait_for(Rendering::Metrics, asked(target), render).expect("there is room")
    };
    let (mut same, mut other) = ([(); 30].map(|()| next("/metrics")), next("/metrics?other"));
    open.send(()).expect("the first page waits");
    for receiver in &mut same {
        let response = receiver.wait_for(Option::is_some).await.expect("it is made").clone().expect("there is one");
        assert_eq!(text(response).await, "page 0", "and not the page that was begun before they asked");
    }
    let response = other.wait_for(Option::is_some).await.expect("it is made").clone().expect("there is one");
    assert_eq!((text(response).await, made.load(Ordering::Relaxed)), ("page 1".to_owned(), 2));
    drop(first);
}

#[tokio::test]
async fn page_that_nobody_waits_for_any_more_is_not_made() {
    let renderer = Renderer::default();
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (render, open) = held(&sender);
    let first = renderer.wait_for(Rendering::Page, asked("/"), render);
    begun.recv().await.expect("the first page begins");
    drop(renderer.wait_for(Rendering::Page, asked("/reasons"), |_| unreachable!("nobody waits")));
    open.send(()).expect("the first page waits");
    assert_eq!(text(renderer.render(Rendering::Page, asked("/"), |_| ok(TEXT, "third")).await).await, "third");
    drop(first);
}

#[tokio::test]
async fn panic_gives_up_the_turn() {
    let renderer = Renderer::default();
    let failed = renderer.render(Rendering::Page, asked("/"), |_| panic!("on purpose")).await;
    assert_eq!(failed.err(), Some(NotRendered::Failed));
    assert_eq!(text(renderer.render(Rendering::Page, asked("/"), |_| ok(TEXT, "1")).await).await, "1");
}

#[tokio::test]
async fn render_is_refused_while_slow_readers_hold_all_memory_for_texts() {
    let renderer = Renderer::default();
    let read_slowly = renderer.in_flight.count(BytesInFlight::CEILING);
    let refused = renderer.render(Rendering::Metrics, asked("/metrics"), |_| ok(TEXT, "1")).await;
    assert_eq!(refused.err(), Some(NotRendered::Full));
    drop(read_slowly);
    assert_eq!(text(renderer.render(Rendering::Metrics, asked("/metrics"), |_| ok(TEXT, "1")).await).await, "1");
}
