//! Checks the syntax of names: GUIDs, domains and hosts, e-mail addresses, variables.

use crate::sanitize;

/// Reports whether `text` is a GUID: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reports whether `text` is a domain: at least two labels of letters, digits, underscores and inner hyphens.
pub(super) fn is_domain(text: &str) -> bool {
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_host_label)
}

/// Reports whether `text` is a DNS name of one label or more, as it can stand in a URL or be pinned.
pub(super) fn is_host_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_host_label)
}

/// Returns how a domain with letters beyond ASCII is written in DNS: `xn--bcher-kva.example` for `bücher.example`.
pub(super) fn domain_in_ascii(text: &str) -> Option<String> {
    let url =
        reqwest::Url::parse(&format!("http://{text}")).ok().filter(|_| !text.is_ascii() && !text.contains(['/', '@', ':']))?;
    url.host_str().filter(|host| is_domain(host) && host.contains("xn--")).map(ToOwned::to_owned)
}

fn is_host_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Reports whether `text` is an address as Exchange gives them out: RFC 5321's dot-string, letters of any script included, and
/// a domain.
pub(super) fn is_mail_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && !local.contains(|c: char| c.is_whitespace() || sanitize::is_misleading(c) || "@\"(),:;<>[\\]".contains(c))
            && !local.split('.').any(str::is_empty)
            && is_domain(domain)
    })
}

/// Reports whether `text` is a variable's name by POSIX, which every shell can set.
pub(super) fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
