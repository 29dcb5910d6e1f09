//! A first configuration, written from a few answers: what `config init` makes.

use std::fmt::Write as _;

/// The answers of which a first configuration is made.
#[derive(Clone, Debug, Default)]
pub struct StartingFile {
    /// The tenant's name; without one it is made of the tenant's domain or the first mailbox's.
    pub name: Option<String>,
    /// The directory id, or a verified domain.
    pub tenant_id: String,
    /// The application id.
    pub client_id: String,
    /// The keys of the credential with their values; of a file, its absolute path.
    pub credential: Vec<(&'static str, String)>,
    /// Addresses of mailboxes.
    pub mailboxes: Vec<String>,
    /// The checks of each mailbox; none for the usual ones.
    pub checks: Vec<String>,
}

impl StartingFile {
    /// Returns the configuration as YAML.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# Configuration of m365-probe. `m365-probe config example` shows every key, `config check FILE` tells every mistake.\n\
             tenants:\n  - name: {}\n    tenant_id: {}\n    client_id: {}\n    credential:\n",
            scalar(&self.name()),
            scalar(&self.tenant_id),
            scalar(&self.client_id)
        );
        for (key, value) in &self.credential {
            let _ = writeln!(text, "      {key}: {}", scalar(value));
        }
        if !self.mailboxes.is_empty() {
            text.push_str("    mailboxes:\n");
        }
        for address in &self.mailboxes {
            let _ = writeln!(text, "      - address: {}", scalar(address));
            if !self.checks.is_empty() {
                let _ = writeln!(text, "        checks: [{}]", self.checks.join(", "));
            }
        }
        text
    }

    fn name(&self) -> String {
        let of_mailbox = || self.mailboxes.first().and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
        let domain = Some(&*self.tenant_id).filter(|id| id.contains('.')).or_else(of_mailbox);
        let of_domain =
            || domain.and_then(|domain| domain.split('.').next()).filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        self.name.clone().or_else(of_domain).unwrap_or_else(|| "tenant".to_owned())
    }
}

/// Returns `text` as YAML reads it back: plain where that cannot be taken for anything else, otherwise in double quotes.
fn scalar(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_@./+".contains(c);
    let begins_safe = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    let is_word = text.contains(['-', '@', '/']) || text.len() > 5 && text.contains(|c: char| c.is_ascii_alphabetic());
    if begins_safe && is_word && text.chars().all(is_safe) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_hostile_answers_is_read_back_as_they_were_given() {
        for answer in ["a: b", "# x", "true", "1e5", "null", "it's \"so\"", "[x]", "-", "contoso.example", "x\ny: z", "grüße"] {
            let value: String = serde_saphyr::from_str(&scalar(answer)).expect(answer);
            assert_eq!(value, answer);
        }
    }

    #[test]
    fn name_is_that_of_the_domain_of_tenant_or_mailbox() {
        let file = |tenant_id: &str, mailbox: &str| StartingFile {
            tenant_id: tenant_id.to_owned(),
            mailboxes: vec![mailbox.to_owned()],
            ..StartingFile::default()
        };
        assert_eq!(file("contoso.onmicrosoft.com", "a@b.example").name(), "contoso");
        assert_eq!(file("11111111-2222-3333-4444-555555555555", "a@fabrikam.example").name(), "fabrikam");
        assert_eq!(file("x", "nothing").name(), "tenant");
    }
}
