//! The parameters of a request, read strictly: a slip in a dashboard's URL should be told, not guessed at.

use std::iter::once;

use crate::sink::words::one_line;

/// Parameters, decoded, in the order of the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URL behind the `?`, as the URL standard's application/x-www-form-urlencoded.
    ///
    /// # Errors
    /// In words: an escape is broken, or does not spell UTF-8.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// The value of the parameter `name`; one left empty is as good as none.
    ///
    /// # Errors
    /// In words: it stands there twice.
    pub fn one(&self, name: &str) -> Result<Option<&str>, String> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() { Err(format!("the parameter `{name}` is given twice")) } else { Ok(value) }
    }
}

fn decode(text: &str) -> Result<String, String> {
    let mut pieces = text.split('%');
    let mut bytes: Vec<u8> = pieces.next().unwrap_or_default().bytes().map(space).collect();
    for piece in pieces {
        let wrong =
            || format!("`%{}` is not an escape; write `%` itself as `%25`", one_line(&piece.chars().take(2).collect::<String>()));
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit()); // from_str_radix takes a sign too
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex).ok_or_else(wrong)?;
        bytes.extend(once(byte).chain(rest.bytes().map(space)));
    }
    String::from_utf8(bytes).map_err(|_| format!("`{}` does not spell UTF-8", one_line(text)))
}

fn space(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_or_refused() {
        let table: [(&str, Result<&[(&str, &str)], &str>); 17] = [
            ("", Ok(&[])),
            ("&&", Ok(&[])),
            ("a=b", Ok(&[("a", "b")])),
            ("a", Ok(&[("a", "")])),
            ("=b", Ok(&[("", "b")])),
            ("a=b=c&d=", Ok(&[("a", "b=c"), ("d", "")])),
            ("a=one+two%2Bthree", Ok(&[("a", "one two+three")])),
            ("mailbox=praxis%40contoso.example", Ok(&[("mailbox", "praxis@contoso.example")])),
            ("%61=gr%C3%BC%c3%9fe", Ok(&[("a", "grüße")])),
            ("a=%26%3D%25", Ok(&[("a", "&=%")])),
            ("a=%", Err("`%`")),
            ("a=%4", Err("`%4`")),
            ("a=%zz", Err("`%zz`")),
            ("a=%+1", Err("`%+1`")),
            ("a=%ü", Err("`%ü`")),
            ("%ff=a", Err("`%ff` does not spell UTF-8")),
            ("a=%00", Ok(&[("a", "\0")])),
        ];
        for (raw, expected) in table {
            match (Query::parse(raw), expected) {
                (Ok(query), Ok(pairs)) => {
                    let read: Vec<_> = query.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    assert_eq!(read, pairs, "{raw}");
                }
                (Err(problem), Err(words)) => assert!(problem.contains(words), "{raw}: {problem}"),
                (read, _) => panic!("{raw}: {read:?}"),
            }
        }
    }

    #[test]
    fn a_parameter_stands_once() {
        let query = Query::parse("a=1&b=&c=1&c=2").expect("well formed");
        assert_eq!(query.one("a"), Ok(Some("1")));
        assert_eq!(query.one("b"), Ok(None));
        assert!(query.one("c").is_err_and(|problem| problem.contains("`c` is given twice")));
        assert_eq!(query.one("d"), Ok(None));
    }
}
