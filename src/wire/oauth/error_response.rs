//! The error response of Entra's token endpoint (RFC 6749, 5.2).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sanitize;

/// RFC 6749's error with Entra's additions. Any field may be missing or of another type: little evidence is better than none.
/// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "Map<String, Value>")]
pub struct EntraError {
    /// The error's name: `invalid_client` and the like.
    pub error: Option<String>,
    /// The text for people; ends with trace id, correlation id and time.
    pub error_description: Option<String>,
    /// The AADSTS numbers; older responses have two.
    pub error_codes: Vec<u64>,
    /// The server's time, `2026-11-23 18:00:00Z`.
    pub timestamp: Option<String>,
    /// The trace id, for a support ticket.
    pub trace_id: Option<String>,
    /// The correlation id, for a support ticket.
    pub correlation_id: Option<String>,
    /// The kind of error within [`EntraError::error`]: `message_only` of Conditional Access, `consent_required` and the like.
    pub suberror: Option<String>,
    /// The URL of an explanation.
    pub error_uri: Option<String>,
    /// The claims that Conditional Access demands.
    pub claims: Option<String>,
}

/// Numbers of one response that are kept; two were seen.
const MAX_CODES: usize = 16;

impl oauth2::ErrorResponse for EntraError {}

/// The description, else the value of `error`, on one line.
impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.error_description.as_deref().or(self.error.as_deref()).unwrap_or("an error without a description");
        f.write_str(&sanitize::reply(text))
    }
}

impl EntraError {
    /// Reports whether this is an issuer's error and not any other JSON object.
    pub fn is_error_response(&self) -> bool {
        self.error.is_some() || !self.codes().is_empty()
    }

    /// Reports whether `suberror` is one that Conditional Access uses; a revoked token, missing consent and the like have theirs.
    pub fn is_interaction_demanded(&self) -> bool {
        let demands = ["basic_action", "additional_action", "message_only"];
        self.suberror.as_deref().is_some_and(|suberror| demands.iter().any(|demand| suberror.eq_ignore_ascii_case(demand)))
    }

    /// Returns the AADSTS numbers, in the order in which they come. They are taken from the description, which is not for
    /// programs, only without `error_codes`.
    pub fn codes(&self) -> Vec<u64> {
        if !self.error_codes.is_empty() {
            return self.error_codes.clone();
        }
        let text = self.error_description.as_deref().unwrap_or_default().to_ascii_uppercase();
        let number = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
        text.split("AADSTS").skip(1).filter_map(number).take(MAX_CODES).collect()
    }
}

impl From<Map<String, Value>> for EntraError {
    fn from(fields: Map<String, Value>) -> Self {
        let field = |name: &str| fields.get(name).and_then(scalar);
        Self {
            error: field("error"),
            error_description: field("error_description"),
            error_codes: fields.get("error_codes").map(numbers).unwrap_or_default(),
            timestamp: field("timestamp"),
            trace_id: field("trace_id"),
            correlation_id: field("correlation_id"),
            suberror: field("suberror"),
            error_uri: field("error_uri"),
            claims: field("claims"),
        }
    }
}

/// Reads a string, or a number as it is written; `None` for anything else.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads numbers, or strings of digits; a single one need not stand in an array.
fn numbers(value: &Value) -> Vec<u64> {
    let number =
        |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok());
    match value {
        Value::Array(all) => all.iter().filter_map(number).take(MAX_CODES).collect(),
        one => number(one).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entra_error_with_odd_fields_keeps_the_others() {
        for (json, error, codes) in [
            (r#"{"error":"invalid_client","error_codes":[7000215],"new":{"a":1}}"#, Some("invalid_client"), vec![7_000_215]),
            (r#"{"error":"x","error_codes":"7000215"}"#, Some("x"), vec![7_000_215]),
            (r#"{"error":"x","error_codes":7000215}"#, Some("x"), vec![7_000_215]),
            (r#"{"error":"x","error_codes":["AADSTS90002",-1,null,1.5]}"#, Some("x"), vec![90_002]),
            (r#"{"error":"x","error_codes":["aadsts90002"]}"#, Some("x"), vec![90_002]),
            (r#"{"error_description":"AADSTS70002: a. AADSTS50012: b."}"#, None, vec![70_002, 50_012]),
            (r#"{"error":{"code":"x"},"error_codes":null,"trace_id":[]}"#, None, vec![]),
            (r#"{"error":"x","error":"y"}"#, Some("y"), vec![]),
            (r#"{"error":"","error_description":null}"#, None, vec![]),
            (r#"{"error_description":"AADSTS50196: loop"}"#, None, vec![50_196]),
            (r#"{"error_description":"aadsts50196: loop"}"#, None, vec![50_196]),
            (r#"{"error_description":"AADSTS: loop"}"#, None, vec![]),
            ("{}", None, vec![]),
        ] {
            let read: EntraError = serde_json::from_str(json).expect("lenient");
            assert_eq!((read.error.as_deref(), read.codes()), (error, codes), "{json}");
        }
    }

    #[test]
    fn entra_error_displays_its_description_on_one_line() {
        let error = EntraError { error: Some("e".into()), error_description: Some("one\r\ntwo".into()), ..EntraError::default() };
        assert_eq!(error.to_string(), "one two");
        assert_eq!(EntraError { error_description: None, ..error }.to_string(), "e");
    }
}
