//! Parses the parameters of a request, strictly: a slip in a dashboard's URL should be reported, not guessed at.

use std::iter::once;

use crate::report::text::one_line;

/// The parameters of a request, decoded, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Parses the part of a URL behind the `?`, as the URL standard's application/x-www-form-urlencoded.
    ///
    /// # Errors
    /// A message: an escape is broken, or does not spell UTF-8.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// Parses what can be parsed of it, for a page that says why the rest cannot.
    pub fn readable(raw: &str) -> Self {
        Self(raw.split('&').filter_map(|pair| Self::parse(pair).ok()).flat_map(|query| query.0).collect())
    }

    /// Returns the value of the parameter `name`; an empty one counts as absent.
    ///
    /// # Errors
    /// A message: it is given twice.
    pub fn one(&self, name: &str) -> Result<Option<&str>, String> {
        let mut values = self.0.iter().filter(|(parameter, _)| parameter == name).map(|(_, value)| value.as_str());
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() { Err(format!("the parameter `{name}` is given twice")) } else { Ok(value) }
    }

    /// Returns all parameters but those with one of the `names`.
    pub fn without<'a>(&'a self, names: &[&str]) -> Vec<(&'a str, &'a str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value)).filter(|(name, _)| !names.contains(name)).collect()
    }

    /// Returns every value of the parameter `name` but empty ones, in the order of the request.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(parameter, value)| parameter == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

fn decode(text: &str) -> Result<String, String> {
    let mut pieces = text.split('%');
    let mut bytes: Vec<u8> = pieces.next().unwrap_or_default().bytes().map(plus_to_space).collect();
    for piece in pieces {
        let wrong =
            || format!("`%{}` is not an escape; write `%` itself as `%25`", one_line(&piece.chars().take(2).collect::<String>()));
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit()); // from_str_radix takes a sign too
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex).ok_or_else(wrong)?;
        bytes.extend(once(byte).chain(rest.bytes().map(plus_to_space)));
    }
    String::from_utf8(bytes).map_err(|_| format!("`{}` does not spell UTF-8", one_line(text)))
}

fn plus_to_space(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Vec<(String, String)>, String> {
        Query::parse(raw).map(|query| query.0)
    }

    #[test]
    fn query_parse_decodes_parameters() {
        for (raw, pairs) in [
            ("", &[][..]),
            ("&&", &[]),
            ("a=b", &[("a", "b")]),
            ("a", &[("a", "")]),
            ("=b", &[("", "b")]),
            ("a=b=c&d=", &[("a", "b=c"), ("d", "")]),
            ("a=one+two%2Bthree", &[("a", "one two+three")]),
            ("mailbox=praxis%40contoso.example", &[("mailbox", "praxis@contoso.example")]),
            ("%61=gr%C3%BC%c3%9fe", &[("a", "grüße")]),
            ("a=%26%3D%25", &[("a", "&=%")]),
            ("a=%00", &[("a", "\0")]),
        ] {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(read(raw), Ok(pairs), "{raw}");
        }
    }

    #[test]
    fn query_parse_refuses_a_broken_escape() {
        for (raw, message) in [
            ("a=%", "`%` is not an escape"),
            ("a=%4", "`%4` is not"),
            ("a=%zz", "`%zz` is not"),
            ("a=%+1", "`%+1` is not"),
            ("a=%ü", "`%ü` is not"),
            ("%ff=a", "`%ff` does not spell UTF-8"),
        ] {
            assert!(read(raw).is_err_and(|problem| problem.starts_with(message)), "{raw}");
        }
    }

    #[test]
    fn query_one_refuses_a_parameter_given_twice() {
        let query = Query::parse("a=1&b=&c=1&c=2").expect("well formed");
        assert_eq!(query.one("a"), Ok(Some("1")));
        assert_eq!(query.one("b"), Ok(None));
        assert!(query.one("c").is_err_and(|problem| problem.contains("`c` is given twice")));
        assert_eq!(query.one("d"), Ok(None));
    }
}
