//! The JSON that brings a token.

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::secret::Secret;

/// RFC 6749's token response, as far as client credentials fill it. Serialised, it is without its token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TokenAnswer {
    #[serde(skip_serializing, deserialize_with = "token")]
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "kind")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl TokenAnswer {
    /// The token itself.
    pub fn into_token(self) -> Secret {
        Secret::new(self.access_token.into_secret())
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    /// Never: an application asks again instead.
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Visible ASCII (RFC 6750, 2.1): a token with a line break in it would end up in a header.
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccessToken, D::Error> {
    let token = String::deserialize(deserializer)?;
    let sound = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if sound { Ok(AccessToken::new(token)) } else { Err(D::Error::custom("the access token holds characters no token has")) }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    let kind = String::deserialize(deserializer)?;
    let bearer = kind.eq_ignore_ascii_case("bearer");
    if bearer {
        Ok(BasicTokenType::Bearer)
    } else {
        Err(D::Error::custom("it is no bearer token, and nothing here takes others"))
    }
}

/// A number, or digits as older endpoints send them. More than a year is no lifetime; what cannot be read is left out.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    const YEAR: u64 = 366 * 24 * 3600;
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Number(number) => number.as_u64().or_else(|| Some(Duration::try_from_secs_f64(number.as_f64()?).ok()?.as_secs())),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    Ok(read.filter(|seconds| *seconds <= YEAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_microsoft_documents() {
        let answer: TokenAnswer = serde_json::from_str(
            r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0.e30.sig"}"#,
        )
        .expect("read");
        assert_eq!(answer.token_type(), &BasicTokenType::Bearer);
        assert_eq!(answer.expires_in(), Some(Duration::from_secs(3599)));
        assert!(!format!("{answer:?}").contains("eyJ0"));
        assert!(!serde_json::to_string(&answer).expect("written").contains("eyJ0"));
        assert_eq!(answer.into_token().expose(), "eyJ0.e30.sig");
    }

    #[test]
    fn lifetimes_as_they_come() {
        for (written, seconds) in [
            ("3599", Some(3599)),
            ("\"3599\"", Some(3599)),
            ("3599.5", Some(3599)),
            ("-1", None),
            ("1e300", None),
            ("18446744073709551615", None),
            ("null", None),
            ("{}", None),
        ] {
            let json = format!(r#"{{"access_token":"t","expires_in":{written}}}"#);
            let answer: TokenAnswer = serde_json::from_str(&json).expect("read");
            assert_eq!(answer.expires_in(), seconds.map(Duration::from_secs), "{written}");
        }
    }

    #[test]
    fn what_is_no_token_is_no_answer() {
        for json in [
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"a\r\nb"}"#,
            r#"{"access_token":"a b"}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"t","token_type":"pop"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<TokenAnswer>(json).is_err(), "{json}");
        }
    }
}
