//! The first TLS record that a peer sends: the version of a ServerHello (RFC 8446 section 4.1.3) or an alert.

use crate::reason::Reason;

/// Record type of handshake messages.
pub const HANDSHAKE: u8 = 22;
/// Record type of alerts.
pub const ALERT: u8 = 21;

/// Reads the version negotiated by the ServerHello at the beginning of `bytes`; `None` where they hold none.
pub fn version(bytes: &[u8]) -> Option<&'static str> {
    const SERVER_HELLO: u8 = 2;
    let mut at = Cursor(bytes);
    if at.u8()? != HANDSHAKE {
        return None;
    }
    at.skip(4)?; // record version and length
    if at.u8()? != SERVER_HELLO {
        return None;
    }
    at.skip(3)?; // message length
    let legacy = at.u16()?;
    at.skip(32)?; // random
    let session = at.u8()?;
    at.skip(usize::from(session))?;
    at.skip(3)?; // cipher suite and compression
    Some(name(selected(&mut at).unwrap_or(legacy)))
}

/// Reads the version in the extension `supported_versions`, which alone tells TLS 1.3 from 1.2.
fn selected(at: &mut Cursor<'_>) -> Option<u16> {
    const SUPPORTED_VERSIONS: u16 = 43;
    at.skip(2)?; // length of all extensions
    loop {
        let kind = at.u16()?;
        let length = at.u16()?;
        if kind == SUPPORTED_VERSIONS {
            return at.u16();
        }
        at.skip(usize::from(length))?;
    }
}

fn name(version: u16) -> &'static str {
    match version {
        0x0301 => "TLSv1.0",
        0x0302 => "TLSv1.1",
        0x0303 => "TLSv1.2",
        0x0304 => "TLSv1.3",
        _ => "unknown",
    }
}

/// Reports whether the handshake messages at the beginning of `bytes` ask for a certificate of the client (RFC 5246 section
/// 7.4.4). With TLS 1.3 these messages are encrypted.
pub fn requests_certificate(bytes: &[u8]) -> bool {
    const CERTIFICATE_REQUEST: u8 = 13;
    let mut messages = Vec::new();
    let mut records = bytes;
    while let [HANDSHAKE, _, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (record, rest) = rest.split_at(length);
        messages.extend_from_slice(record);
        records = rest;
    }
    let mut messages = messages.as_slice();
    while let [kind, a, b, c, rest @ ..] = messages {
        if *kind == CERTIFICATE_REQUEST {
            return true;
        }
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap_or(usize::MAX);
        messages = rest.get(length..).unwrap_or_default();
    }
    false
}

/// Returns the reason for an alert in place of a ServerHello.
pub fn alert_reason(bytes: &[u8]) -> Reason {
    const CLOSE_NOTIFY: u8 = 0;
    const PROTOCOL_VERSION: u8 = 70;
    match bytes.get(6) {
        Some(&CLOSE_NOTIFY) => Reason::TlsClosed,
        Some(&PROTOCOL_VERSION) => Reason::TlsProtocolTooOld,
        _ => Reason::TlsFailed,
    }
}

/// A cursor that reads forward and never beyond the end.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.u8()?, self.u8()?]))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_hello(legacy: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = legacy.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([2, 9, 9]); // session id
        body.extend([0x13, 0x01, 0]);
        body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
        body.extend(extensions);
        let mut message = vec![22, 3, 3, 0, 0, 2, 0, 0, 0];
        message.extend(body);
        message
    }

    #[test]
    fn version_of_a_server_hello_is_the_negotiated_one() {
        for (legacy, extensions, expected) in [
            (0x0303, &[0, 43, 0, 2, 3, 4][..], "TLSv1.3"),
            (0x0303, &[0, 51, 0, 2, 1, 1, 0, 43, 0, 2, 3, 4][..], "TLSv1.3"),
            (0x0303, &[0xff, 1, 0, 1, 0][..], "TLSv1.2"),
            (0x0302, &[][..], "TLSv1.1"),
        ] {
            assert_eq!(version(&server_hello(legacy, extensions)), Some(expected));
        }
    }

    #[test]
    fn certificate_request_is_found_wherever_records_are_cut() {
        // A ServerHello and a Certificate of no content, then the message of type `last`.
        let messages = |last: u8| [[2, 0, 0, 1, 99].as_slice(), &[11, 0, 0, 3, 13, 13, 13], &[last, 0, 0, 0]].concat();
        for length in 1..=16 {
            let cut = |messages: &[u8]| -> Vec<u8> {
                let record = |piece: &[u8]| [&[22, 3, 3, 0, u8::try_from(piece.len()).expect("short")], piece].concat();
                messages.chunks(length).flat_map(record).collect()
            };
            assert!(requests_certificate(&cut(&messages(13))), "{length}");
            assert!(!requests_certificate(&cut(&messages(14))), "{length}");
        }
        for bytes in [&b""[..], b"+OK ready\r\n", &[22, 3, 3, 255, 255, 2, 255, 255, 255], &[20, 3, 3, 0, 1, 13]] {
            assert!(!requests_certificate(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn version_of_anything_but_a_whole_server_hello_is_none() {
        let hello = server_hello(0x0303, &[0, 43, 0, 2, 3, 4]);
        for length in 0..45 {
            assert_eq!(version(&hello[..length]), None, "{length}");
        }
        assert_eq!(version(b"+OK ready\r\n"), None);
        assert_eq!(alert_reason(&[21, 3, 3, 0, 2, 2, 70]), Reason::TlsProtocolTooOld);
        assert_eq!(alert_reason(&[21, 3, 3, 0, 2, 2, 40]), Reason::TlsFailed);
        assert_eq!(alert_reason(&[21]), Reason::TlsFailed);
    }
}
