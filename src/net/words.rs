//! A peer's words on their way to becoming evidence: one line, bounded, printable, without our secrets.

use crate::outcome::Fault;
use crate::secret::Sent;
use crate::wire::text;

/// Evidence is for reading, on a screen and in 8 kB of Nagios output.
pub const MAX_HEARD: usize = 400;
/// How much is looked at before it is cut. Masking comes first, so that no cut leaves half a secret standing.
const MAX_LOOK: usize = 16 * 1024;

/// `bytes` as one bounded printable line without the secrets in `sent`.
pub fn printable(sent: &Sent, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..MAX_LOOK).unwrap_or(bytes));
    text::line(&sent.clean(&text), MAX_HEARD)
}

/// `fault` with all it quotes made printable and cleaned of `sent`.
#[must_use]
pub fn cleaned(sent: &Sent, mut fault: Fault) -> Fault {
    let evidence = &mut fault.evidence;
    for text in evidence.heard.iter_mut().chain(&mut evidence.code).chain(evidence.ids.iter_mut().map(|(_, value)| value)) {
        *text = printable(sent, text.as_bytes());
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use crate::secret::Secret;

    #[test]
    fn words_become_one_bounded_printable_line() {
        let none = Sent::default();
        for (bytes, expected) in [
            (&b"  -ERR no\r\n"[..], "-ERR no"),
            (b"a\tb\nc", "a b c"),
            (b"\x1b[31mred\0", r"\u{1b}[31mred\u{0}"),
            (b"gr\xfc\xdfe", "gr\u{fffd}\u{fffd}e"),
        ] {
            assert_eq!(printable(&none, bytes), expected);
        }
        let long = printable(&none, "ä".repeat(100_000).as_bytes());
        assert!(long.chars().count() <= MAX_HEARD && long.ends_with('…'));
    }

    #[test]
    fn no_cut_leaves_half_a_secret() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new("s3cr3t-token-of-some-length".repeat(4)));
        for before in MAX_HEARD - 40..MAX_HEARD {
            let text = format!("{}{}", "x".repeat(before), "s3cr3t-token-of-some-length".repeat(4));
            assert!(!printable(&sent, text.as_bytes()).contains("s3cr3t"), "{before}");
        }
    }

    #[test]
    fn everything_a_fault_quotes_is_cleaned() {
        let mut sent = Sent::default();
        sent.remember(&Secret::new("marked-secret"));
        let fault = Fault::heard(Reason::AuthRefused, "no marked-secret").code("marked-secret").id("session", "MARKED-SECRET");
        let evidence = cleaned(&sent, fault).evidence;
        assert_eq!(evidence.heard.as_deref(), Some("no <secret>"));
        assert_eq!(evidence.code.as_deref(), Some("<secret>"));
        assert_eq!(evidence.ids, [("session", "<secret>".to_owned())]);
    }
}
