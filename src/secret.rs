//! A string that cannot be printed, logged or serialised, and the redaction of secrets that a peer sends back.

mod flaw;
mod known;
mod memory;
mod remembered;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

pub use self::flaw::SecretFlaw;
pub use self::known::KnownSecrets;
pub use self::memory::{ZeroingAllocator, keep_private};
use self::remembered::Remembered;
use crate::sanitize::{self, MAX_EVIDENCE};

/// A client secret, an access token, a password or a SASL payload. Zeroed on drop.
///
/// There is no `Display` and no `Serialize`; `Debug` prints `<secret>`. The text leaves only through [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of `text`; no copy of it stays behind.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// Reports whether it is so long that it stands in nobody's text by chance. A shorter one may be a word, and masking that
    /// wherever it stands would tell it.
    pub fn is_distinct(&self) -> bool {
        self.expose().len() >= Sent::PIECE
    }

    /// Returns the text itself, for the one place that writes it to a socket.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Compares in a time that depends on the lengths alone.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (self.expose().as_bytes(), other.expose().as_bytes());
        own.len() == other.len() && openssl::memcmp::eq(own, other)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The text that replaces a secret in every output.
pub const MASK: &str = "<secret>";

/// The secrets of one conversation, so that a peer which echoes them cannot make us print them.
///
/// A server may quote our command in its refusal and a proxy may quote our headers in its error page. Text from the
/// wire therefore becomes evidence only through [`Sent::redact`]. Any piece of a secret of [`Sent::PIECE`] characters
/// or more is masked, whatever its case, and so is its base64; shorter secrets are masked where they stand whole.
#[derive(Clone, Default)]
pub struct Sent(Vec<Arc<Remembered>>);

impl Sent {
    /// Characters of the shortest piece of a secret that is recognised: so many that ordinary words never match by chance.
    pub const PIECE: usize = 12;

    /// Remembers `secret`, in lower case and as base64 shows it; nothing is gained by remembering it twice, but each run would pay
    /// for that.
    pub fn remember(&mut self, secret: &Secret) {
        if !self.0.iter().any(|known| known.is_of(secret)) {
            self.0.push(Arc::new(Remembered::new(secret)));
        }
    }

    /// Adds those of `others` that are not among them.
    pub fn add(&mut self, others: &Self) {
        for other in &others.0 {
            if !self.0.iter().any(|own| Arc::ptr_eq(own, other)) {
                self.0.push(Arc::clone(other));
            }
        }
    }

    /// Reports whether a piece of a secret stands in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        self.masked(text).is_some()
    }

    /// Returns `text` with every piece of a remembered secret replaced by [`MASK`].
    pub fn redact(&self, text: &str) -> String {
        self.masked(text).map_or_else(|| text.to_owned(), |masked| masked_text(text, &masked))
    }

    /// Tells of each byte of `text` if it belongs to a secret; `None` where none does, as in nearly every text.
    fn masked(&self, text: &str) -> Option<Vec<bool>> {
        let standing: Vec<_> = self.0.iter().filter(|secret| secret.may_stand_in(text.as_bytes())).collect();
        if standing.is_empty() {
            return None;
        }
        let lower = text.to_ascii_lowercase().into_bytes();
        let mut masked = vec![false; lower.len()];
        let (short, long): (Vec<_>, Vec<_>) =
            standing.iter().flat_map(|secret| secret.texts()).partition(|text| text.len() < Self::PIECE);
        for secret in short {
            for (at, _) in lower.windows(secret.len()).enumerate().filter(|(_, window)| *window == secret.as_bytes()) {
                mask(&mut masked, at, secret.len());
            }
        }
        // Evidence is short and secrets are long, so the index is made of the evidence.
        let in_text: HashSet<u64> = hashes(&lower).collect();
        let in_secrets = long.into_iter().flat_map(|secret| hashes(secret.as_bytes()));
        let found: HashSet<u64> = in_secrets.filter(|hash| in_text.contains(hash)).collect();
        for (at, _) in hashes(&lower).enumerate().filter(|(_, hash)| found.contains(hash)) {
            mask(&mut masked, at, Self::PIECE);
        }
        masked.contains(&true).then_some(masked)
    }

    /// Makes evidence of a peer's reply: redacted, and on one printable line of at most [`MAX_EVIDENCE`] characters.
    pub fn sanitize(&self, bytes: &[u8]) -> String {
        sanitize::one_line(&self.redact(&sanitize::excerpt(bytes)), MAX_EVIDENCE)
    }
}

fn mask(masked: &mut [bool], at: usize, count: usize) {
    if let Some(piece) = masked.get_mut(at..at + count) {
        piece.fill(true);
    }
}

fn masked_text(text: &str, masked: &[bool]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for (at, c) in text.char_indices() {
        let hidden = masked.get(at).copied().unwrap_or_default();
        match (hidden, inside) {
            (true, false) => out.push_str(MASK),
            (true, true) => {}
            (false, _) => out.push(c),
        }
        inside = hidden;
    }
    out
}

/// Returns the hash of every [`Sent::PIECE`] bytes of `text`, each made from the one before it (Rabin and Karp). Two pieces with
/// the same hash would mask too much, never too little.
fn hashes(text: &[u8]) -> impl Iterator<Item = u64> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let gone = (0..Sent::PIECE).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let push = |hash: u64, byte: &u8| hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
    let (first, rest) = text.split_at_checked(Sent::PIECE).unwrap_or_default();
    let first = (!first.is_empty()).then(|| first.iter().fold(0, push));
    let pairs = rest.iter().zip(text);
    let following = pairs.scan(first.unwrap_or_default(), move |hash, (entering, leaving)| {
        *hash = push(*hash, entering).wrapping_sub(gone.wrapping_mul(u64::from(*leaving) + 1));
        Some(*hash)
    });
    first.into_iter().chain(following)
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn sent(secrets: &[&str]) -> Sent {
        let mut sent = Sent::default();
        for secret in secrets {
            sent.remember(&Secret::new(*secret));
        }
        sent
    }

    #[test]
    fn debug_of_a_secret_shows_its_mask() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "<secret>");
        assert_eq!(format!("{:?}", sent(&["hunter2"])), "1 secrets");
    }

    #[test]
    fn redact_masks_base64_of_a_secret_at_any_offset() {
        let secret = "a-client-secret/with+odd=characters";
        let sent = sent(&[secret]);
        for before in ["", "x", "xy", "user:", "user=box@contoso.example\u{1}auth=Bearer "] {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}\u{1}"));
            let clean = sent.redact(&format!("-ERR {encoded}!"));
            let shown = clean.replace(MASK, "");
            assert!(clean.contains(MASK), "{clean}");
            let hidden = encoded.len() + "-ERR !".len() - shown.len();
            assert!(hidden >= secret.len() / 3 * 4 - 4, "{hidden} of {encoded} are hidden: {clean}");
        }
    }

    #[test]
    fn sanitize_of_a_secret_at_the_cut_masks_it_whole() {
        let secret = "s3cr3t-token-of-some-length".repeat(4);
        let sent = sent(&[&secret]);
        for before in MAX_EVIDENCE - 40..MAX_EVIDENCE {
            let text = format!("{}{secret}", "x".repeat(before));
            assert!(!sent.sanitize(text.as_bytes()).contains("s3cr3t"), "{before}");
        }
    }

    #[test]
    fn redact_of_long_text_is_fast() {
        let sent = sent(&["aaaaaaaaaaaa".repeat(300).as_str()]);
        assert_eq!(sent.redact(&"a".repeat(20_000)), MASK);
        assert_eq!(sent.redact(&"ab".repeat(10_000)).len(), 20_000);
    }

    #[test]
    fn redact_masks_each_piece_of_a_secret_wherever_it_stands() {
        let secret = "0aB~1cD.2eF_3gH-4iJ/5kL+6mN=7oP";
        let sent = sent(&[secret]);
        for length in Sent::PIECE..=secret.len() {
            for piece in (0..=secret.len() - length).map(|at| &secret[at..at + length]) {
                for before in ["", "x", "-ERR ", "a longer word before it "] {
                    let text = format!("{before}{piece} refused");
                    assert_eq!(sent.redact(&text), format!("{before}{MASK} refused"), "{text}");
                    assert!(sent.is_in(&text));
                }
            }
        }
        assert!((0..=secret.len() - 11).all(|at| !sent.is_in(&secret[at..at + 11])));
    }

    #[test]
    fn redact_masks_a_secret_whole_in_part_and_in_another_case() {
        let sent = sent(&["eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.payload.signature", "pw"]);
        for (text, redacted) in [
            ("-ERR bad token eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.payload.signature!", "-ERR bad token <secret>!"),
            ("-ERR eyJ0eXAiOiJKV1QiLCJh... is no token", "-ERR <secret>... is no token"),
            ("UNKNOWN EYJ0EXAIOIJKV1QILCJHBGCIOIJSUZI1NIJ9", "UNKNOWN <secret>"),
            ("pw refused", "<secret> refused"),
            ("eyJ0 is no piece", "eyJ0 is no piece"),
            ("grüße", "grüße"),
            ("", ""),
        ] {
            assert_eq!(sent.redact(text), redacted);
        }
    }
}
