//! The successful response of the token endpoint (RFC 6749, 5.1).

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::secret::Secret;

/// The token response, as far as the client credentials grant fills it. Its token is never serialised.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TokenResponse {
    #[serde(skip_serializing, deserialize_with = "access_token")]
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "token_type")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

impl TokenResponse {
    /// Takes the access token out.
    pub fn into_token(self) -> Secret {
        Secret::new(self.access_token.into_secret())
    }
}

impl oauth2::TokenResponse for TokenResponse {
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

    /// Always `None`: the grant has no refresh token.
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Accepts visible ASCII alone (RFC 6750, 2.1): a token with a line break would end up in a header.
fn access_token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccessToken, D::Error> {
    let token = String::deserialize(deserializer)?;
    let is_valid = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if is_valid { Ok(AccessToken::new(token)) } else { Err(D::Error::custom("the access token holds characters no token has")) }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

fn token_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    let kind = String::deserialize(deserializer)?;
    let bearer = kind.eq_ignore_ascii_case("bearer");
    if bearer {
        Ok(BasicTokenType::Bearer)
    } else {
        Err(D::Error::custom("it is no bearer token, and nothing here takes others"))
    }
}

/// Accepts a number, or digits as older endpoints send them; `None` for anything else and for more than a year.
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
    use oauth2::TokenResponse as _;

    use super::*;

    #[test]
    fn token_response_as_documented_is_parsed_and_never_shows_its_token() {
        let response: TokenResponse = serde_json::from_str(
            r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0.e30.sig"}"#,
        )
        .expect("read");
        assert_eq!(response.token_type(), &BasicTokenType::Bearer);
        assert_eq!(response.expires_in(), Some(Duration::from_secs(3599)));
        assert!(!format!("{response:?}").contains("eyJ0"));
        assert!(!serde_json::to_string(&response).expect("written").contains("eyJ0"));
        assert_eq!(response.into_token().expose(), "eyJ0.e30.sig");
    }

    #[test]
    fn token_response_takes_expires_in_as_number_or_digits() {
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
            let response: TokenResponse = serde_json::from_str(&json).expect("read");
            assert_eq!(response.expires_in(), seconds.map(Duration::from_secs), "{written}");
        }
    }

    #[test]
    fn token_response_without_a_bearer_token_is_refused() {
        for json in [
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"a\r\nb"}"#,
            r#"{"access_token":"a b"}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"t","token_type":"pop"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<TokenResponse>(json).is_err(), "{json}");
        }
    }
}
