//! A secret in the forms in which a text may show it, with a filter that tells quickly of nearly every text that it shows none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{Secret, Sent};

/// The forms of a secret, and their windows.
pub struct Remembered {
    /// The secret, then its base64: all in lower case, in which nobody can use them.
    forms: Vec<Secret>,
    windows: Windows,
}

impl Remembered {
    pub fn new(secret: &Secret) -> Self {
        let bytes = secret.expose().as_bytes();
        // Base64 takes three bytes at a time: what it makes of a secret depends on how many bytes stand before it.
        let encoded = (0..3).map(|skipped| {
            let whole = bytes.get(skipped..).unwrap_or_default();
            lower(STANDARD_NO_PAD.encode(whole.get(..whole.len() / 3 * 3).unwrap_or_default()))
        });
        let forms: Vec<_> =
            std::iter::once(lower(secret.expose().to_owned())).chain(encoded.filter(Secret::is_distinct)).collect();
        let windows = Windows::of(&forms);
        Self { forms, windows }
    }

    /// Reports whether this is `secret`, whatever its case.
    pub fn is_of(&self, secret: &Secret) -> bool {
        self.forms.first().is_some_and(|form| form.expose().eq_ignore_ascii_case(secret.expose()))
    }

    /// Returns the forms of the secret that are not empty, all in lower case.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().map(Secret::expose).filter(|form| !form.is_empty())
    }

    /// Reports whether a piece of the secret may stand in `text`, in any case: where there is one, always; where there is none, in a few
    /// of a hundred texts.
    pub fn may_stand_in(&self, text: &[u8]) -> bool {
        self.windows.may_be_in(text) || self.is_short_and_in(text)
    }

    /// Reports whether the secret is too short to have pieces, and stands in `text`.
    fn is_short_and_in(&self, text: &[u8]) -> bool {
        let secret = self.forms.first().filter(|secret| !secret.is_distinct()).map_or("", |secret| secret.expose());
        !secret.is_empty() && text.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()))
    }
}

fn lower(mut text: String) -> Secret {
    text.make_ascii_lowercase();
    Secret::new(text)
}

/// The windows of a secret, each of eight bytes, as a filter: a text with a piece of the secret has a window that is in the filter.
///
/// Each window sets some bits of one word, of which there is one for each window; of 20,000 windows of a text that are not in the filter
/// one seems to be.
struct Windows(Box<[u64]>);

impl Windows {
    /// The bytes of a window.
    const SIZE: usize = 8;
    /// The distance of the windows of a secret that are in the filter: every piece of it has one of them whole.
    const STEP: usize = Sent::PIECE - Self::SIZE + 1;

    fn of(forms: &[Secret]) -> Self {
        let windows = || forms.iter().flat_map(|form| form.expose().as_bytes().windows(Self::SIZE).step_by(Self::STEP));
        let mut words = vec![0; windows().count()].into_boxed_slice();
        for window in windows() {
            let (word, bits) = place(window, words.len());
            words[word] |= bits;
        }
        Self(words)
    }

    /// Reports whether a window of `text` seems to be in the filter. Every text that a run shows is read here.
    fn may_be_in(&self, text: &[u8]) -> bool {
        !self.0.is_empty()
            && text.windows(Self::SIZE).any(|window| {
                let (word, bits) = place(window, self.0.len());
                self.0[word] & bits == bits
            })
    }
}

/// Returns the place of a window in a filter of so many words: the word, and the bits of it. Of letters it is the same in both cases, and so
/// of some other characters.
#[inline]
fn place(window: &[u8], words: usize) -> (usize, u64) {
    const LOWER: u64 = u64::from_le_bytes([b' '; Windows::SIZE]);
    let bytes = window.try_into().map_or(0, u64::from_le_bytes) | LOWER;
    let product = bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = product ^ (product >> 32); // the lower bits of a product depend on few characters
    // The upper half of the hash, scaled to the number of words, is the word; the lower half has room for six numbers of a bit, each of which
    // begins five bits after the one before it.
    let word = ((hash >> 32) * words as u64) >> 32;
    let bits = (0..6).fold(0, |bits, number| bits | 1 << ((hash >> (5 * number)) % 64));
    (usize::try_from(word).unwrap_or_default(), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of printable characters that looks like a token, another one for each `seed`.
    fn text(seed: u64, length: usize) -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((state >> 33) % 94).unwrap_or_default())
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn secret_may_stand_in_each_text_with_a_piece_of_it_and_in_few_others() {
        let secret = text(1, 1500);
        let remembered = Remembered::new(&Secret::new(secret.as_str()));
        for at in 0..secret.len() - Sent::PIECE {
            let piece = &secret[at..at + Sent::PIECE];
            assert!(remembered.may_stand_in(format!("-ERR {} refused", piece.to_ascii_uppercase()).as_bytes()), "{piece}");
        }
        let passed = (2..202).filter(|seed| remembered.may_stand_in(text(*seed, 1000).as_bytes())).count();
        assert!(passed < 20, "{passed} of 200 texts of 1,000 characters without it");
    }
}
