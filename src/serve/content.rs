//! The body of a response: a short one as it is, or a long text that its readers share and that each is sent piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::compressed::CompressedText;

/// The body of a response. A clone of one is the same body for another client, from its beginning.
#[derive(Clone, Debug)]
pub struct Content(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Whole(Bytes),
    Text(SharedText),
}

/// A text as one client reads it.
#[derive(Clone, Debug)]
struct SharedText {
    text: Arc<CompressedText>,
    /// Counts the text for as long as somebody has it.
    _counted: Option<Arc<Counted>>,
    is_gzip: bool,
    /// The number of the piece that is sent next.
    next: usize,
    sent: usize,
}

impl Content {
    /// Returns the number of bytes of the body, not compressed.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Whole(bytes) => bytes.len(),
            Kind::Text(shared) => shared.text.len(),
        }
    }

    /// Returns the same as a gzip file.
    #[must_use]
    pub fn into_gzip(self) -> Self {
        match self.0 {
            Kind::Whole(bytes) => Self(Kind::Text(SharedText { is_gzip: true, ..CompressedText::from(&*bytes).into() })),
            Kind::Text(shared) => Self(Kind::Text(SharedText { is_gzip: true, ..shared })),
        }
    }

    /// Returns the same, counted in `in_flight` until the last client has read it or gone away.
    #[must_use]
    pub fn counted(self, in_flight: &BytesInFlight) -> Self {
        match self.0 {
            Kind::Text(shared) => {
                let counted = Some(Arc::new(in_flight.count(shared.text.bytes_held())));
                Self(Kind::Text(SharedText { _counted: counted, ..shared }))
            }
            whole @ Kind::Whole(_) => Self(whole),
        }
    }
}

impl<B: Into<Bytes>> From<B> for Content {
    fn from(bytes: B) -> Self {
        Self(Kind::Whole(bytes.into()))
    }
}

impl Content {
    /// Makes a body of a text.
    pub fn of_text(text: CompressedText) -> Self {
        Self(Kind::Text(text.into()))
    }
}

impl From<CompressedText> for SharedText {
    fn from(text: CompressedText) -> Self {
        Self { text: Arc::new(text), _counted: None, is_gzip: false, next: 0, sent: 0 }
    }
}

impl SharedText {
    fn left(&self) -> usize {
        let len = if self.is_gzip { self.text.gzip_len() } else { self.text.len() };
        len.saturating_sub(self.sent)
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        let piece = if self.is_gzip { self.text.gzip_piece(self.next) } else { self.text.piece(self.next) }?;
        self.next += 1;
        self.sent += piece.len();
        Some(piece.into())
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut self.0 {
            Kind::Whole(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
            Kind::Text(shared) => shared.next_piece(),
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.0 {
            Kind::Whole(bytes) => bytes.len(),
            Kind::Text(shared) => shared.left(),
        };
        SizeHint::with_exact(left as u64)
    }
}

/// The memory of all texts that clients are being sent.
#[derive(Clone, Debug, Default)]
pub struct BytesInFlight(Arc<AtomicUsize>);

impl BytesInFlight {
    /// Bytes of texts at most, to which the last one admitted comes on top. The page of metrics of ten thousand mailboxes takes two
    /// megabytes, so clients that read slowly may hold ten different ones; the service unit allows 256 MB for all.
    pub const CEILING: usize = 24 * 1024 * 1024;

    /// Reports whether clients hold so many bytes that nobody else can be given others.
    pub fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::CEILING
    }

    /// Counts `bytes` until what is returned is dropped.
    pub fn count(&self, bytes: usize) -> Counted {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Counted { in_flight: Arc::clone(&self.0), bytes }
    }
}

/// Bytes that are counted until this is dropped.
#[derive(Debug)]
pub struct Counted {
    in_flight: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http_body_util::BodyExt as _;

    use super::*;

    const LINE: &str = "m365_probe_success{tenant=\"contoso\"} 1\n";

    async fn read(content: Content) -> Vec<u8> {
        let announced = content.size_hint().exact();
        let read = content.collect().await.expect("a body").to_bytes().to_vec();
        assert_eq!(announced, Some(read.len() as u64));
        read
    }

    #[tokio::test]
    async fn content_of_a_text_is_the_text_or_a_gzip_file_of_it() {
        for page in [String::new(), LINE.to_owned(), LINE.repeat(10_000)] {
            for content in [Content::of_text(CompressedText::from(&*page)), Content::from(page.clone())] {
                assert_eq!((content.len(), content.is_end_stream()), (page.len(), page.is_empty()));
                assert_eq!(read(content.clone()).await, page.as_bytes());
                let mut back = String::new();
                let file = read(content.into_gzip()).await;
                flate2::read::GzDecoder::new(&*file).read_to_string(&mut back).expect("gzip");
                assert_eq!(back, page);
            }
        }
    }

    #[tokio::test]
    async fn text_of_several_clients_is_counted_once_and_until_the_last_one_has_it() {
        let in_flight = BytesInFlight::default();
        let held = || in_flight.0.load(Ordering::Relaxed);
        let first = Content::of_text(CompressedText::from(&*LINE.repeat(10_000))).counted(&in_flight);
        let once = held();
        let mut second = first.clone().into_gzip();
        second.frame().await.expect("a piece").expect("no error");
        assert!(once > 0 && once < LINE.len() * 1000 && held() == once, "{once}, {}", held());
        drop(first);
        assert_eq!(held(), once);
        drop(second);
        assert_eq!(held(), 0);
    }
}
