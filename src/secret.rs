//! A string that cannot be printed, logged or serialised, and the cleaning of what a peer says back.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

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

    /// The text itself, for the one place that writes it to a socket.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// What stands in any output where a secret would have been.
pub const MASK: &str = "<secret>";

/// The secrets one conversation has sent, so that a peer which echoes them cannot make us print them.
///
/// A server may quote our command in its refusal and a proxy may quote our headers in its error page. Text from the
/// wire therefore becomes evidence only through [`Sent::clean`]. Any piece of a secret of [`Sent::PIECE`] characters
/// or more is masked, whatever its case; shorter secrets are masked where they stand whole.
#[derive(Clone, Default)]
pub struct Sent(Vec<Secret>);

impl Sent {
    /// Pieces of a secret at least this long are recognised: long enough that ordinary words never match by chance.
    pub const PIECE: usize = 12;

    /// Remembers `secret` until the conversation ends.
    pub fn remember(&mut self, secret: &Secret) {
        self.0.push(secret.clone());
    }

    /// `text` with every piece of a remembered secret replaced by [`MASK`].
    pub fn clean(&self, text: &str) -> String {
        let bytes: Vec<u8> = text.bytes().map(|b| b.to_ascii_lowercase()).collect();
        let mut masked = vec![false; bytes.len()];
        for secret in &self.0 {
            let needle: Vec<u8> = secret.expose().bytes().map(|b| b.to_ascii_lowercase()).collect();
            let piece = needle.len().min(Self::PIECE);
            if piece == 0 || bytes.len() < piece {
                continue;
            }
            let pieces: std::collections::HashSet<&[u8]> = needle.windows(piece).collect();
            for (start, window) in bytes.windows(piece).enumerate() {
                if pieces.contains(window) {
                    masked[start..start + piece].fill(true);
                }
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut inside = false;
        for (at, c) in text.char_indices() {
            match (masked[at], inside) {
                (true, false) => out.push_str(MASK),
                (true, true) => {}
                (false, _) => out.push(c),
            }
            inside = masked[at];
        }
        out
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(secrets: &[&str]) -> Sent {
        let mut sent = Sent::default();
        for secret in secrets {
            sent.remember(&Secret::new(*secret));
        }
        sent
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "<secret>");
        assert_eq!(format!("{:?}", sent(&["hunter2"])), "1 secrets");
    }

    #[test]
    fn an_echo_is_masked_whole_in_part_and_in_another_case() {
        let sent = sent(&["eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.payload.signature", "pw"]);
        for (heard, clean) in [
            ("-ERR bad token eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.payload.signature!", "-ERR bad token <secret>!"),
            ("-ERR eyJ0eXAiOiJKV1QiLCJh... is no token", "-ERR <secret>... is no token"),
            ("UNKNOWN EYJ0EXAIOIJKV1QILCJHBGCIOIJSUZI1NIJ9", "UNKNOWN <secret>"),
            ("pw refused", "<secret> refused"),
            ("eyJ0 is no piece", "eyJ0 is no piece"),
            ("grüße", "grüße"),
            ("", ""),
        ] {
            assert_eq!(sent.clean(heard), clean);
        }
    }
}
