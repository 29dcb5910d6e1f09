//! A long text that is kept compressed, in pieces that are compressed one by one: a page of thirty megabytes takes two, while it
//! is written as well as while many clients read it.

use std::fmt;
use std::io;

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress};

/// Bytes of text from which on a piece is compressed. A reader that wants the text itself holds one piece of it; longer pieces
/// would compress little better.
const PIECE: usize = 32 * 1024;

/// The header of a gzip file (RFC 1952 section 2.3): deflate, no name, no time, the fastest level, any system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// The last block of a deflate stream, which is empty (RFC 1951 section 3.2.6).
const LAST_BLOCK: [u8; 2] = [3, 0];

/// A text in compressed pieces.
#[derive(Debug, Default)]
pub struct CompressedText {
    pieces: Vec<Piece>,
    len: usize,
    compressed_len: usize,
}

/// A piece of a text: blocks of a deflate stream that end at a byte and refer to nothing before them, so that pieces can be put
/// together in any order and read one by one.
#[derive(Debug)]
struct Piece {
    blocks: Box<[u8]>,
    crc: Crc,
}

impl CompressedText {
    /// Returns the number of bytes of the text.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Reports whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of bytes in memory, about.
    pub fn bytes_held(&self) -> usize {
        self.compressed_len + self.pieces.len() * size_of::<Piece>()
    }

    /// Returns the number of bytes of the text as a gzip file.
    pub fn gzip_len(&self) -> usize {
        HEADER.len() + self.compressed_len + LAST_BLOCK.len() + 8
    }

    /// Returns the number of pieces.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the text of a piece, by its number from 0.
    pub fn piece(&self, number: usize) -> Option<Vec<u8>> {
        let piece = self.pieces.get(number)?;
        let mut text = Vec::with_capacity(piece.crc.amount() as usize);
        // It was compressed here, so it can be read.
        Decompress::new(false).decompress_vec(&piece.blocks, &mut text, FlushDecompress::Sync).ok()?;
        Some(text)
    }

    /// Returns a piece of the gzip file: the header, each piece of the text, and the end.
    pub fn gzip_piece(&self, number: usize) -> Option<Vec<u8>> {
        match number.checked_sub(1) {
            None => Some(HEADER.to_vec()),
            Some(number) if number == self.pieces.len() => Some(self.end()),
            Some(number) => self.pieces.get(number).map(|piece| piece.blocks.to_vec()),
        }
    }

    /// Returns what stands behind the text in a gzip file: its checksum and length.
    fn end(&self) -> Vec<u8> {
        let mut crc = Crc::new();
        self.pieces.iter().for_each(|piece| crc.combine(&piece.crc));
        [&LAST_BLOCK[..], &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat()
    }

    fn push(&mut self, piece: Piece) {
        self.len += piece.crc.amount() as usize;
        self.compressed_len += piece.blocks.len();
        self.pieces.push(piece);
    }
}

impl From<&[u8]> for CompressedText {
    fn from(text: &[u8]) -> Self {
        let (mut compressed, mut compressor) = (Self::default(), Compressor::default());
        text.chunks(PIECE).for_each(|piece| compressed.push(compressor.compress(piece)));
        compressed
    }
}

impl From<&str> for CompressedText {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// Writes the whole text.
impl fmt::Display for CompressedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A piece may end within a character.
        let text: Vec<u8> = (0..self.pieces.len()).filter_map(|number| self.piece(number)).flatten().collect();
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Compresses pieces of texts, one after another.
#[derive(Debug, Default)]
pub struct Compressor {
    /// The compressor's 300 kB of memory, from the first piece on: short texts need none.
    deflate: Option<Compress>,
    /// The blocks of the piece at hand; its memory is used again.
    blocks: Vec<u8>,
}

impl Compressor {
    fn compress(&mut self, text: &[u8]) -> Piece {
        // The lowest level takes a millisecond of processor time for a thousand kilobytes of metrics and makes a twelfth of them;
        // the next one takes two for a little less.
        let deflate = self.deflate.get_or_insert_with(|| Compress::new(Compression::fast(), false));
        let mut crc = Crc::new();
        crc.update(text);
        deflate.reset();
        self.blocks.clear();
        let mut rest = text;
        loop {
            self.blocks.reserve(PIECE / 4);
            let before = deflate.total_in();
            // It fails only after its end, which it never comes to.
            let _ = deflate.compress_vec(rest, &mut self.blocks, FlushCompress::Sync);
            let read = usize::try_from(deflate.total_in() - before).unwrap_or_default();
            rest = rest.get(read..).unwrap_or_default();
            if rest.is_empty() && self.blocks.len() < self.blocks.capacity() {
                return Piece { blocks: self.blocks.as_slice().into(), crc };
            }
        }
    }
}

/// A text that is being written.
#[derive(Debug, Default)]
pub struct TextWriter {
    done: CompressedText,
    /// The end of the text, not compressed yet; its memory is used again.
    rest: String,
}

impl TextWriter {
    /// Returns the end of the text, to be written on. What stands before it is compressed once it is long enough.
    pub fn end(&mut self, compressor: &mut Compressor) -> &mut String {
        if self.rest.len() >= PIECE {
            self.compress(compressor);
        }
        &mut self.rest
    }

    /// Adds what has been written to `other`, which is empty then.
    pub fn append(&mut self, other: &mut Self, compressor: &mut Compressor) {
        if !other.done.is_empty() {
            self.compress(compressor);
            std::mem::take(&mut other.done).pieces.into_iter().for_each(|piece| self.done.push(piece));
        }
        self.end(compressor).push_str(&other.rest);
        other.clear();
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        self.done = CompressedText::default();
        self.rest.clear();
    }

    /// Reports whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty() && self.rest.is_empty()
    }

    /// Returns the text.
    pub fn finish(mut self, compressor: &mut Compressor) -> CompressedText {
        self.compress(compressor);
        self.done
    }

    /// Returns the text as it was written; a short one was never compressed.
    pub fn into_string(self) -> String {
        if self.done.is_empty() { self.rest } else { self.done.to_string() + &self.rest }
    }

    fn compress(&mut self, compressor: &mut Compressor) {
        if !self.rest.is_empty() {
            self.done.push(compressor.compress(self.rest.as_bytes()));
            self.rest.clear();
        }
    }
}

/// A text that is written as bytes, as JSON is.
#[derive(Debug, Default)]
pub struct CompressingWriter {
    done: CompressedText,
    rest: Vec<u8>,
    compressor: Compressor,
}

impl CompressingWriter {
    /// Returns the text.
    pub fn finish(mut self) -> CompressedText {
        self.compress();
        self.done
    }

    fn compress(&mut self) {
        if !self.rest.is_empty() {
            self.done.push(self.compressor.compress(&self.rest));
            self.rest.clear();
        }
    }
}

impl io::Write for CompressingWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let now = text.get(..PIECE).unwrap_or(text);
        self.rest.extend_from_slice(now);
        if self.rest.len() >= PIECE {
            self.compress();
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn gunzipped(text: &CompressedText) -> String {
        let file: Vec<u8> = (0..).map_while(|number| text.gzip_piece(number)).flatten().collect();
        assert_eq!(file.len(), text.gzip_len());
        let mut back = String::new();
        GzDecoder::new(&*file).read_to_string(&mut back).expect("a gzip file");
        back
    }

    #[test]
    fn compressed_text_of_any_length_reads_as_it_was_written() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE + 7] {
            let text: String =
                (0..).flat_map(|number: usize| format!("ü{number}\n").chars().collect::<Vec<_>>()).take(len).collect();
            let mut written = CompressingWriter::default();
            written.write_all(text.as_bytes()).expect("it is written to memory");
            for compressed in [CompressedText::from(&*text), written.finish()] {
                assert_eq!((&compressed.to_string(), &gunzipped(&compressed), compressed.len()), (&text, &text, text.len()));
                assert_eq!(compressed.is_empty(), text.is_empty());
                let is_short = |number| compressed.piece(number).is_some_and(|piece| piece.len() <= 2 * PIECE);
                assert!((0..compressed.pieces()).all(is_short));
            }
        }
    }

    #[test]
    fn text_that_cannot_be_compressed_reads_as_it_was_written() {
        let mut state = 1_u32;
        let noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4e00 + (state >> 16) % 0x5000).expect("a character")
        };
        let text: String = std::iter::repeat_with(noise).take(2 * PIECE).collect();
        let compressed = CompressedText::from(&*text);
        assert_eq!((compressed.to_string(), gunzipped(&compressed)), (text.clone(), text));
    }

    #[test]
    fn lines_of_metrics_take_a_twelfth_of_their_bytes() {
        let line = |number: usize| {
            format!("m365_probe_runs_total{{tenant=\"t0\",mailbox=\"m{number:05}@t0.example\",check=\"pop3\"}} 7\n")
        };
        let text: String = (0..10_000).map(line).collect();
        let compressed = CompressedText::from(&*text);
        assert!(compressed.bytes_held() * 12 < text.len(), "{} of {}", compressed.bytes_held(), text.len());
    }

    proptest! {
        #[test]
        fn texts_written_apart_read_as_one(parts in proptest::collection::vec("[a-z\n]{0,40}", 0..20), repeat in 1_usize..2000) {
            let mut compressor = Compressor::default();
            let mut whole = TextWriter::default();
            for (number, part) in parts.iter().enumerate() {
                let mut own = TextWriter::default();
                for _ in 0..repeat {
                    let end = if number % 2 == 0 { &mut own } else { &mut whole }.end(&mut compressor);
                    end.push_str(part);
                }
                whole.append(&mut own, &mut compressor);
                prop_assert!(own.is_empty());
            }
            let expected: String = parts.iter().map(|part| part.repeat(repeat)).collect();
            let whole = whole.finish(&mut compressor);
            prop_assert_eq!(gunzipped(&whole), whole.to_string());
            prop_assert_eq!(whole.to_string(), expected);
        }
    }
}
