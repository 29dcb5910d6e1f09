//! Names, numbers and times as Microsoft's servers write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// `N` bytes nobody can guess.
///
/// # Panics
/// When OpenSSL has no randomness, which leaves nothing sensible to do.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    openssl::rand::rand_bytes(&mut bytes).expect("the system gives randomness");
    bytes
}

/// `bytes` as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random GUID, as trace, correlation and request ids are.
pub(super) fn guid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// The front end that plays for this tenant.
pub(super) const FRONT_END: &str = "FR4P281CA0001.DEUP281.PROD.OUTLOOK.COM";

/// The mailbox server behind it.
pub(super) const BACK_END: &str = "FR4P281MB0002.DEUP281.PROD.OUTLOOK.COM";

/// The bracket of POP3 and IMAP greetings: base64 of the front end's name in UTF-16LE.
pub(super) fn greeting_bracket() -> String {
    BASE64.encode(FRONT_END.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

/// The end of every SMTP reply: `[server time session]`.
pub(super) fn smtp_trailer(session: &str) -> String {
    format!("[{FRONT_END} {} {session}]", humantime::format_rfc3339_millis(SystemTime::now()))
}

/// Seconds since 1970.
pub(super) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `2026-11-23 17:59:49Z`, as Entra writes times.
pub(super) fn entra_time(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string().replace('T', " ")
}

/// `Mon, 23 Nov 2026 17:59:49 +0000`, as mail does (RFC 5322, section 3.3).
pub(super) fn mail_date(at: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400;
    let day = DAYS.into_iter().cycle().nth(usize::try_from(days % 7).unwrap_or_default()).unwrap_or_default();
    let text = humantime::format_rfc3339_seconds(at).to_string();
    let mut fields = text.split(['-', 'T', 'Z']);
    let (year, month, date, time) = (fields.next(), fields.next(), fields.next(), fields.next());
    let month = month.and_then(|month| month.parse::<usize>().ok()).and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    let (year, month, date, time) =
        (year.unwrap_or_default(), month.unwrap_or(&""), date.unwrap_or_default(), time.unwrap_or_default());
    format!("{day}, {} {month} {year} {time} +0000", date.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_mail_and_entra_write_them() {
        let at = UNIX_EPOCH + Duration::from_secs(1_795_456_789);
        assert_eq!(mail_date(at), "Mon, 23 Nov 2026 17:59:49 +0000");
        assert_eq!(entra_time(at), "2026-11-23 17:59:49Z");
    }

    #[test]
    fn the_bracket_is_utf_16le_in_base64() {
        assert!(greeting_bracket().starts_with("RgBSADQAUAAyADgAMQBDAEEA"), "{}", greeting_bracket());
    }
}
