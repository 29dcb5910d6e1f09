//! The arguments of MAIL and RCPT: a path and its parameters (RFC 5321, section 4.1.2).

/// A path with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'t> {
    /// The address; empty for nobody.
    pub address: &'t str,
    parameters: Vec<(String, &'t str)>,
}

/// The whole reply with which a path or a parameter is refused.
pub(super) type Wrong = &'static str;

const UNRECOGNIZED: Wrong = "501 5.5.4 Unrecognized parameter";
const INVALID: Wrong = "501 5.5.4 Invalid arguments";
const TOO_LARGE: Wrong = "552 5.3.4 Message size exceeds fixed maximum message size";

/// Reads `FROM:<address> NAME=VALUE …`; `None` where there is no address in angle brackets.
pub(super) fn read<'t>(text: &'t str, keyword: &str) -> Option<Path<'t>> {
    let head = text.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword))?;
    let path = text.get(head.len()..)?.trim_start().strip_prefix('<')?;
    // A quoted local part may hold anything, the closing bracket too.
    let mut quoted = false;
    let closing = |c: char| {
        quoted ^= c == '"';
        c == '>' && !quoted
    };
    let (address, parameters) = path.split_once(closing)?;
    let parameters = parameters.split_ascii_whitespace().map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (name.to_ascii_uppercase(), value)
    });
    Some(Path { address, parameters: parameters.collect() })
}

impl Path<'_> {
    /// Checks whether MAIL may have these parameters; true for a message that only BDAT can carry.
    pub(super) fn judge_mail(&self, largest: usize) -> Result<bool, Wrong> {
        let mut binary = false;
        for (name, value) in &self.parameters {
            match (name.as_str(), value.to_ascii_uppercase().as_str()) {
                ("SIZE", size) => match size.parse::<usize>() {
                    Ok(size) if size > largest => return Err(TOO_LARGE),
                    Ok(_) => {}
                    Err(_) => return Err(INVALID),
                },
                ("BODY", "BINARYMIME") => binary = true,
                ("BODY", "7BIT" | "8BITMIME") | ("SMTPUTF8", "") | ("RET", "FULL" | "HDRS") | ("AUTH" | "ENVID", _) => {}
                ("BODY" | "SMTPUTF8" | "RET", _) => return Err(INVALID),
                _ => return Err(UNRECOGNIZED),
            }
        }
        Ok(binary)
    }

    /// Checks whether RCPT may have these parameters.
    pub(super) fn judge_rcpt(&self) -> Result<(), Wrong> {
        let known = |name: &str| matches!(name, "NOTIFY" | "ORCPT");
        if self.parameters.iter().all(|(name, _)| known(name)) { Ok(()) } else { Err(UNRECOGNIZED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        for (text, address) in [
            ("FROM:<a@b.example>", Some("a@b.example")),
            ("from: <> SIZE=1", Some("")),
            ("FROM:<\"a>b\"@c.example>", Some("\"a>b\"@c.example")),
            ("FROM:a@b.example", None),
            ("FROM:<a@b.example", None),
            ("TO:<a@b.example>", None),
            ("FROM", None),
            ("FRÖM:<a>", None),
        ] {
            assert_eq!(read(text, "FROM:").map(|path| path.address), address, "{text}");
        }
    }

    #[test]
    fn parameters_of_what_ehlo_offers_are_taken() {
        for (parameters, verdict) in [
            ("", Ok(false)),
            ("SIZE=10 body=8bitmime SMTPUTF8 RET=HDRS ENVID=x AUTH=<>", Ok(false)),
            ("BODY=BINARYMIME", Ok(true)),
            ("SIZE=11", Err(TOO_LARGE)),
            ("SIZE=x", Err(INVALID)),
            ("BODY=9BIT", Err(INVALID)),
            ("XYZZY", Err(UNRECOGNIZED)),
        ] {
            let text = format!("FROM:<a> {parameters}");
            assert_eq!(read(&text, "FROM:").expect("a path").judge_mail(10), verdict, "{parameters}");
        }
        let rcpt = |parameters: &str| read(&format!("TO:<a@b> {parameters}"), "TO:").expect("a path").judge_rcpt();
        assert_eq!((rcpt("NOTIFY=NEVER ORCPT=rfc822;a@b"), rcpt("SIZE=1")), (Ok(()), Err(UNRECOGNIZED)));
    }
}
