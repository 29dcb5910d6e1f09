//! As much of a parser of PromQL as it takes to see which metrics and labels a query names. promtool checks the syntax.

use std::collections::BTreeSet;

/// A token of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Name(String),
    Text(String),
    /// A number, a duration, or a sign.
    Other(String),
}

/// The metrics, labels and functions that a query names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Each metric with the labels that select from it.
    pub selected: Vec<(String, Vec<String>)>,
    /// Labels that are grouped, joined or kept.
    pub grouped: BTreeSet<String>,
    /// Functions and aggregations, each with its argument's range, if it is a metric over one.
    pub called: Vec<(String, Option<String>)>,
}

const CLAUSES: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS: [&str; 6] = ["and", "or", "unless", "bool", "offset", "inf"];

pub fn tokens(query: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || "_:$".contains(c);
        let length = match first {
            '"' => 2 + rest[1..].find('"').unwrap_or_else(|| panic!("no closing quote: {query}")),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '"' => Token::Text(token[1..length - 1].to_owned()),
            c if c.is_ascii_alphabetic() || c == '_' => Token::Name(token.to_owned()),
            _ => Token::Other(token.to_owned()),
        });
        rest = after.trim_start();
    }
    tokens
}

pub fn named(query: &str) -> Named {
    let tokens = tokens(query);
    let is = |at: usize, sign: &str| tokens.get(at) == Some(&Token::Other(sign.to_owned()));
    let mut named = Named::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Name(name) = token else { continue };
        if CLAUSES.contains(&name.as_str()) {
            assert!(is(at, "("), "{name} without its labels: {query}");
            while !is(at, ")") {
                if let Token::Name(label) = &tokens[at] {
                    named.grouped.insert(label.clone());
                }
                at += 1;
            }
        } else if is(at, "(") || matches!(tokens.get(at), Some(Token::Name(next)) if CLAUSES[..2].contains(&next.as_str())) {
            named.called.push((name.clone(), range_of(&tokens[at..])));
        } else if !WORDS.contains(&name.as_str()) {
            let mut labels = Vec::new();
            if is(at, "{") {
                while !is(at, "}") {
                    if let (Token::Name(label), false) = (&tokens[at], is(at, ",")) {
                        labels.push(label.clone());
                    }
                    at += 1;
                }
            }
            named.selected.push((name.clone(), labels));
        }
    }
    named
}

/// Parses the range in `(metric{…}[RANGE]` at the beginning of `tokens`.
fn range_of(tokens: &[Token]) -> Option<String> {
    let end = tokens.iter().position(|token| *token == Token::Other("]".into()))?;
    let begin = tokens.iter().position(|token| *token == Token::Other("[".into()))?;
    let inner = |token: &Token| matches!(token, Token::Other(sign) if sign == "(");
    if begin > end || tokens[1..begin].iter().any(inner) {
        return None;
    }
    Some(
        tokens[begin + 1..end]
            .iter()
            .map(|token| match token {
                Token::Name(text) | Token::Text(text) | Token::Other(text) => text.as_str(),
            })
            .collect(),
    )
}

/// Returns the counters that stand directly in a call of one of `functions`, and those that do not.
pub fn in_calls(query: &str, functions: &[&str]) -> (Vec<String>, Vec<String>) {
    let tokens = tokens(query);
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    let mut calls: Vec<String> = Vec::new();
    let mut braces = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other(sign) if sign == "(" => calls.push(match at.checked_sub(1).map(|before| &tokens[before]) {
                Some(Token::Name(name)) => name.clone(),
                _ => String::new(),
            }),
            Token::Other(sign) if sign == ")" => drop(calls.pop()),
            Token::Other(sign) if sign == "{" || sign == "}" => braces = sign == "{",
            Token::Name(name) if !braces && name.ends_with("_total") => {
                let of = calls.last().is_some_and(|call| functions.contains(&call.as_str()));
                if of { inside.push(name.clone()) } else { outside.push(name.clone()) }
            }
            _ => {}
        }
    }
    (inside, outside)
}

#[test]
fn query_is_parsed_into_metrics_labels_and_functions() {
    let query = r#"sum by (tenant, le) (rate(a_bucket{job=~"$job", x!="a{b}"}[$__rate_interval]))
        / ignoring (owner) group_left () b:c > 2 and on (job) d{} unless topk(3, e) * 1.5 or label_replace(f, "g", "$1", "h", "(.*)")"#;
    let named = named(query);
    let selected: Vec<_> = named.selected.iter().map(|(metric, labels)| (metric.as_str(), labels.join(" "))).collect();
    let expected = [("a_bucket", "job x"), ("b:c", ""), ("d", ""), ("e", ""), ("f", "")];
    assert_eq!(selected, expected.map(|(metric, labels)| (metric, labels.to_owned())));
    assert_eq!(named.grouped.into_iter().collect::<Vec<_>>(), ["job", "le", "owner", "tenant"]);
    let called: Vec<_> = named.called.iter().map(|(name, range)| (name.as_str(), range.as_deref())).collect();
    assert_eq!(called, [("sum", None), ("rate", Some("$__rate_interval")), ("topk", None), ("label_replace", None)]);
}

#[test]
fn counters_are_found_inside_and_outside_of_rates() {
    let (inside, outside) =
        in_calls("sum(rate(a_total{b=\"c_total\"}[5m])) + d_total + increase(sum(e_total)[5m:])", &["rate", "increase"]);
    assert_eq!((inside.concat(), outside.join(" ")), ("a_total".to_owned(), "d_total e_total".to_owned()));
}
