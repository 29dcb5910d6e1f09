//! A message taken apart as IMAP describes it: header fields, ENVELOPE and BODYSTRUCTURE (RFC 3501, section 7.4.2).

use std::fmt::Write;

/// The header with its empty line, and the body. Parts of a message may have that line alone.
pub(super) fn parts(text: &str) -> (&str, &str) {
    let at = if text.starts_with("\r\n") { 2 } else { text.find("\r\n\r\n").map_or(text.len(), |at| at + 4) };
    text.split_at(at)
}

/// The fields of a header, each with its continuation lines and line endings.
pub(super) fn fields(header: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in header.split_inclusive("\r\n") {
        if !line.starts_with([' ', '\t']) && at > from {
            fields.extend(header.get(from..at));
            from = at;
        }
        at += line.len();
    }
    fields.extend(header.get(from..at).filter(|field| !field.trim().is_empty()));
    fields
}

/// A field's name.
pub(super) fn name(field: &str) -> &str {
    field.split(':').next().unwrap_or_default().trim()
}

/// The unfolded value of the first field of that name.
pub(super) fn value(header: &str, wanted: &str) -> Option<String> {
    let field = fields(header).into_iter().find(|field| name(field).eq_ignore_ascii_case(wanted))?;
    let (_, value) = field.split_once(':')?;
    Some(value.replace("\r\n", "").trim().to_owned())
}

/// A string as it may stand in a reply: quoted, or a literal where it cannot be; `NIL` for none.
pub(super) fn string(text: Option<&str>) -> String {
    match text {
        None => "NIL".to_owned(),
        Some(text) if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Some(text) => format!("{{{}}}\r\n{text}", text.len()),
    }
}

/// `ENVELOPE`: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.
pub(super) fn envelope(header: &str) -> String {
    let text = |name| string(value(header, name).as_deref());
    let list = |name: &str| value(header, name).and_then(|value| addresses(&value));
    let from = list("From").unwrap_or_else(|| "NIL".to_owned());
    // Where a header has neither, the author is who sent it and who is answered.
    let or_from = |name| list(name).unwrap_or_else(|| from.clone());
    let or_nil = |name| list(name).unwrap_or_else(|| "NIL".to_owned());
    format!(
        "({} {} {from} {} {} {} {} {} {} {})",
        text("Date"),
        text("Subject"),
        or_from("Sender"),
        or_from("Reply-To"),
        or_nil("To"),
        or_nil("Cc"),
        or_nil("Bcc"),
        text("In-Reply-To"),
        text("Message-ID"),
    )
}

/// Addresses as `(name NIL mailbox host)` each; `None` where there are none.
fn addresses(value: &str) -> Option<String> {
    let (mut quoted, mut escaped) = (false, false);
    let separate = |c: char| {
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        c == ',' && !quoted
    };
    let mut list = String::new();
    for address in value.split(separate).map(str::trim) {
        let (shown, spec) = address.rsplit_once('<').map_or(("", address), |(shown, spec)| (shown.trim(), spec));
        if let Some((mailbox, host)) = spec.trim_end_matches('>').trim().rsplit_once('@') {
            let shown = Some(unquoted(shown)).filter(|shown| !shown.is_empty());
            let _ = write!(list, "({} NIL {} {})", string(shown.as_deref()), string(Some(mailbox)), string(Some(host)));
        }
    }
    (!list.is_empty()).then(|| format!("({list})"))
}

/// A phrase without its quotes.
fn unquoted(phrase: &str) -> String {
    let Some(inner) = phrase.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) else { return phrase.to_owned() };
    let mut letters = inner.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

/// Parts within parts are taken apart this deep; what lies deeper is one part.
pub(super) const DEPTH: usize = 8;

/// A part's kind, subtype and parameters, as its `Content-Type` declares them.
struct Media {
    kind: String,
    subtype: String,
    parameters: Vec<(String, String)>,
}

impl Media {
    fn read(header: &str) -> Self {
        let declared = value(header, "Content-Type").unwrap_or_else(|| "text/plain; charset=us-ascii".to_owned());
        let mut pieces = declared.split(';').map(str::trim);
        let (kind, subtype) = pieces.next().and_then(|media| media.split_once('/')).unwrap_or(("text", "plain"));
        let parameters = pieces.filter_map(|piece| piece.split_once('='));
        let parameters = parameters.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned()));
        Self { kind: kind.to_owned(), subtype: subtype.to_owned(), parameters: parameters.collect() }
    }

    fn parameters(&self) -> String {
        let pair = |(name, value): &(String, String)| format!("{} {}", string(Some(name)), string(Some(value)));
        match self.parameters.iter().map(pair).collect::<Vec<_>>().join(" ") {
            none if none.is_empty() => "NIL".to_owned(),
            pairs => format!("({pairs})"),
        }
    }

    /// The text that separates the parts, where it has several.
    fn boundary(&self) -> Option<&str> {
        let (_, boundary) = self.parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
        self.kind.eq_ignore_ascii_case("multipart").then_some(boundary)
    }
}

/// Returns the parts of a message or of a part, each with its own header; `None` where it has but one (RFC 2046, section 5.1).
pub(super) fn children(text: &str) -> Option<Vec<&str>> {
    let (header, body) = parts(text);
    let media = Media::read(header);
    let separator = format!("--{}", media.boundary()?);
    let (mut found, mut begin, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive('\n') {
        let behind = at + line.len();
        if let Some(rest) = line.trim_end().strip_prefix(&separator).filter(|rest| matches!(*rest, "" | "--")) {
            // The line break before a separator is part of it.
            found.extend(begin.and_then(|begin| body.get(begin..at)).map(|part| part.strip_suffix("\r\n").unwrap_or(part)));
            begin = rest.is_empty().then_some(behind);
        }
        at = behind;
    }
    (!found.is_empty()).then_some(found)
}

/// Tells whether a part is a whole message.
pub(super) fn is_message(header: &str) -> bool {
    let media = Media::read(header);
    media.kind.eq_ignore_ascii_case("message") && media.subtype.eq_ignore_ascii_case("rfc822")
}

/// `BODY`, or `BODYSTRUCTURE` with what that tells besides.
pub(super) fn body_structure(text: &str, extended: bool) -> String {
    structure_of(text, extended, 0)
}

fn structure_of(text: &str, extended: bool, depth: usize) -> String {
    let (header, body) = parts(text);
    let media = Media::read(header);
    let parameters = media.parameters();
    if let Some(children) = children(text).filter(|_| depth < DEPTH) {
        let inner: String = children.into_iter().map(|child| structure_of(child, extended, depth + 1)).collect();
        let further = if extended { format!(" {parameters} NIL NIL NIL") } else { String::new() };
        return format!("({inner} {}{further})", string(Some(&media.subtype)));
    }
    let told = |name| string(value(header, name).as_deref());
    let encoding = value(header, "Content-Transfer-Encoding").unwrap_or_else(|| "7bit".to_owned());
    let mut structure = format!(
        "({} {} {parameters} {} {} {} {}",
        string(Some(&media.kind)),
        string(Some(&media.subtype)),
        told("Content-ID"),
        told("Content-Description"),
        string(Some(&encoding)),
        body.len()
    );
    if is_message(header) && depth < DEPTH {
        let inner = structure_of(body, extended, depth + 1);
        let _ = write!(structure, " {} {inner} {}", envelope(parts(body).0), body.lines().count());
    } else if media.kind.eq_ignore_ascii_case("text") {
        let _ = write!(structure, " {}", body.lines().count());
    }
    structure + if extended { " NIL NIL NIL NIL)" } else { ")" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Date: Mon, 02 Nov 2026 08:01:00 +0000\r\nFrom: \"Labor, \\\"A\\\"\" <befund@fabrikam.example>\r\n\
                        To: a@contoso.example,\r\n b <b@contoso.example>\r\nSubject: Grüße\r\nContent-Type: TEXT/html; charset=\"utf-8\"\r\n\r\nx\r\ny\r\n";

    #[test]
    fn a_header_is_told_field_by_field() {
        let (header, body) = parts(TEXT);
        assert_eq!((fields(header).len(), body), (5, "x\r\ny\r\n"));
        assert_eq!(value(header, "to").as_deref(), Some("a@contoso.example, b <b@contoso.example>"));
        assert_eq!(value(header, "Cc"), None);
        assert_eq!(parts("no end"), ("no end", ""));
    }

    #[test]
    fn an_envelope_has_its_ten_fields() {
        let author = r#"(("Labor, \"A\"" NIL "befund" "fabrikam.example"))"#;
        assert_eq!(
            envelope(parts(TEXT).0),
            format!(
                "(\"Mon, 02 Nov 2026 08:01:00 +0000\" {{7}}\r\nGrüße {author} {author} {author} \
                 ((NIL NIL \"a\" \"contoso.example\")(\"b\" NIL \"b\" \"contoso.example\")) NIL NIL NIL NIL)"
            )
        );
        assert_eq!(envelope(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    }

    #[test]
    fn a_structure_counts_octets_and_lines() {
        let body = r#"("TEXT" "html" ("charset" "utf-8") NIL NIL "7bit" 6 2"#;
        assert_eq!(body_structure(TEXT, false), format!("{body})"));
        assert_eq!(body_structure(TEXT, true), format!("{body} NIL NIL NIL NIL)"));
        assert_eq!(body_structure("Content-Type: image/png\r\n\r\nx", false), r#"("image" "png" NIL NIL NIL "7bit" 1)"#);
    }

    #[test]
    fn body_structure_of_several_parts_describes_each() {
        let text = "Content-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\n\
                    Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n";
        let plain = r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit""#;
        let message =
            format!(r#"("message" "rfc822" NIL NIL NIL "7bit" 17 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) {plain} 3 1) 3)"#);
        assert_eq!(body_structure(text, false), format!(r#"({plain} 3 1){message} "mixed")"#));
        assert!(body_structure(text, true).ends_with(r#" "mixed" ("boundary" "b") NIL NIL NIL)"#));
        assert_eq!(children(text).map(|children| children[0].to_owned()).as_deref(), Some("\r\none"));
        for single in ["x", "Content-Type: multipart/mixed\r\n\r\nx", "Content-Type: multipart/mixed; boundary=c\r\n\r\n--b\r\n"]
        {
            assert_eq!(children(single), None, "{single}");
        }
    }
}
