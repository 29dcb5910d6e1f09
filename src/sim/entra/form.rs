//! The token request's form, read strictly, and the client's credentials wherever they stand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::sim::http::{HttpRequest, percent_decoded};

use super::refusal::Aadsts;

/// A form: names and values, each name once.
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// User and password of a Basic header: client id and secret.
    basic: Option<(String, String)>,
}

/// The request is not a form.
pub(super) struct Malformed;

impl Form {
    /// Reads the body and the `Authorization` header.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, Malformed> {
        let media_type = request.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        // Of any other body nothing is read: then `grant_type` is missing.
        let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = if is_form { std::str::from_utf8(&request.body).map_err(|_| Malformed)? } else { "" };
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Malformed)?;
            let (name, value) = (decoded(name)?, decoded(value)?);
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(Malformed);
            }
            fields.push((name, value));
        }
        let basic = request.header("authorization").map(basic).transpose()?.flatten();
        Ok(Self { fields, basic })
    }

    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field's value, which may not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Aadsts> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| Aadsts::parameter_missing(name))
    }

    /// The client id, from the form or the header.
    pub(super) fn client_id(&self) -> Option<&str> {
        self.get("client_id").or_else(|| self.basic.as_ref().map(|(user, _)| user.as_str()))
    }

    /// The client secret, from the form or the header.
    pub(super) fn client_secret(&self) -> Option<&str> {
        self.get("client_secret").or_else(|| self.basic.as_ref().map(|(_, password)| password.as_str()))
    }
}

/// `Basic` credentials, each half form-encoded (RFC 6749, section 2.3.1); other schemes are no business of ours.
fn basic(header: &str) -> Result<Option<(String, String)>, Malformed> {
    let Some((scheme, text)) = header.split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Ok(None);
    }
    let bytes = BASE64.decode(text.trim()).map_err(|_| Malformed)?;
    let text = String::from_utf8(bytes).map_err(|_| Malformed)?;
    let (user, password) = text.split_once(':').ok_or(Malformed)?;
    Ok(Some((decoded(user)?, decoded(password)?)))
}

/// Undoes form encoding: `+` is a space, `%XX` a byte.
fn decoded(text: &str) -> Result<String, Malformed> {
    percent_decoded(&text.replace('+', " ")).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_encoding_is_undone_or_refused() {
        for (text, expected) in [
            ("a%7Eb+c", Some("a~b c")),
            ("%C3%BC", Some("ü")),
            ("", Some("")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%FF", None),
        ] {
            assert_eq!(decoded(text).ok().as_deref(), expected, "{text}");
        }
    }
}
