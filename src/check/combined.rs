//! Combines several faults into one: a run has one reason, and its evidence lists the others.

use crate::outcome::Fault;
use crate::sanitize;

/// Adds `others` to the evidence of `first`, after its own text. The length of the whole text is bounded.
pub fn fault(mut first: Fault, others: impl Iterator<Item = String>) -> Fault {
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        let heard = first.evidence.heard.as_deref().unwrap_or(first.reason.title());
        let all = format!("{heard}; also {}", others.join(", "));
        first.evidence.heard = Some(sanitize::evidence(all.as_bytes()));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn combined_fault_lists_the_others_after_the_text_of_the_first() {
        let heard = |fault: Fault, others: &[&str]| super::fault(fault, others.iter().map(ToString::to_string)).evidence.heard;
        let refused = || Fault::heard(Reason::ConnectRefused, "Connection refused (os error 111)");
        assert_eq!(heard(refused(), &[]).as_deref(), Some("Connection refused (os error 111)"));
        let both = heard(refused(), &["b:995 connect_timed_out", "c:993 tls_closed"]);
        assert_eq!(both.as_deref(), Some("Connection refused (os error 111); also b:995 connect_timed_out, c:993 tls_closed"));
        let silent = heard(Fault::new(Reason::DnsNoAnswer), &["x"]);
        assert_eq!(silent.as_deref(), Some("the resolver did not answer; also x"));
        assert!(heard(refused(), &["x"; 1000]).is_some_and(|heard| heard.len() < 500));
    }
}
