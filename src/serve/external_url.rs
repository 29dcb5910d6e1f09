//! `--web.external-url`: where others reach our pages, be it through a reverse proxy.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// An address of the pages as others know it: scheme, host and a path, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUrl {
    is_secure: bool,
    authority: String,
    host: String,
    path: String,
}

impl ExternalUrl {
    /// Reports whether its scheme is https.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns its host, with the port where it has one.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns its host without a port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns its path without a slash at the end.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for ExternalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address of pages; write it as https://monitoring.example/m365-probe");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.query().is_some() || text.contains('#') || authority.host().is_empty() {
            return Err(wrong());
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { is_secure, authority: authority.to_string(), host: authority.host().to_owned(), path })
    }
}

/// Writes it without a slash at the end, as links continue it.
impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_url_is_written_without_a_slash_at_the_end_and_a_wrong_one_refused() {
        for (text, written) in [
            ("https://m365.example/", "https://m365.example"),
            ("http://m365.example:8080/probe/", "http://m365.example:8080/probe"),
            ("http://[2001:db8::1]:10365", "http://[2001:db8::1]:10365"),
        ] {
            assert_eq!(text.parse::<ExternalUrl>().map(|url| url.to_string()), Ok(written.to_owned()));
        }
        for text in ["", "m365.example", "/probe", "ftp://m365.example", "https://m365.example/?a=b", "https://u:p@m365.example"]
        {
            let problem = text.parse::<ExternalUrl>().expect_err(text);
            assert!(problem.starts_with(&format!("`{text}` is no address of pages; ")), "{problem}");
        }
    }
}
