//! The single values of a web configuration.

use std::path::PathBuf;

use super::tls::{ClientCertificate, TlsVersion};
use crate::config::value::{Format, Value, expect, path};

/// A file with certificates: the server's own with its intermediates, or the clients' CAs.
pub struct CertificateFile(pub PathBuf);

impl Value for CertificateFile {
    const FORMAT: Format = Format::new("a file with a certificate", PATH, "");

    fn parse(text: &str) -> Result<Self, String> {
        path(text).map(Self)
    }
}

/// A file with the server's private key.
pub struct KeyFile(pub PathBuf);

impl Value for KeyFile {
    const FORMAT: Format = Format::new("a file with a private key", PATH, "").sensitive();

    fn parse(text: &str) -> Result<Self, String> {
        path(text).map(Self)
    }
}

const PATH: &str = "a path, relative to this file or absolute";

impl Value for ClientCertificate {
    const FORMAT: Format = Format::new(
        "a way of asking for client certificates",
        "one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        "^[A-Za-z]+$",
    );

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "NoClientCert" => Ok(Self::None),
            "RequestClientCert" => Ok(Self::Requested),
            "RequireAnyClientCert" => Ok(Self::Any),
            "VerifyClientCertIfGiven" => Ok(Self::VerifiedIfGiven),
            "RequireAndVerifyClientCert" => Ok(Self::Verified),
            _ => Err(String::new()),
        }
    }
}

impl Value for TlsVersion {
    const FORMAT: Format = Format::new("a TLS version", "one of TLS10, TLS11, TLS12, TLS13", "^TLS1[0-3]$");

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "TLS10" => Ok(Self::Tls10),
            "TLS11" => Ok(Self::Tls11),
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            _ => Err(String::new()),
        }
    }
}

/// The value of a header.
pub struct FieldValue(pub String);

impl Value for FieldValue {
    const FORMAT: Format = Format::new("a header's value", "printable ASCII on one line", "^[ -~]*$");

    fn parse(text: &str) -> Result<Self, String> {
        let printable = |b: u8| b == b' ' || b.is_ascii_graphic();
        expect(text.bytes().all(printable)).map(|()| Self(text.to_owned()))
    }
}

/// A hash of a password by bcrypt, in the form of OpenBSD: `$2y$10$`, 22 characters of salt, 31 of hash.
pub struct BcryptHash(pub String);

/// The highest cost: more expensive hashes would take seconds for each login.
const MOST: u32 = 15;

impl Value for BcryptHash {
    const FORMAT: Format = Format::new(
        "a bcrypt hash",
        "`htpasswd -nBC 10 NAME` prints one: $2y$, a cost from 04 to 15, $ and 53 characters",
        "^[$]2[abxy][$](0[4-9]|1[0-5])[$][./A-Za-z0-9]{53}$",
    )
    .sensitive();

    fn parse(text: &str) -> Result<Self, String> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| text.strip_prefix(version));
        let (cost, hash) = rest.and_then(|rest| rest.split_once('$')).ok_or("a password itself never stands in this file")?;
        let cost: u32 = cost.parse().ok().filter(|_| cost.len() == 2).ok_or("")?;
        if cost > MOST {
            return Err(format!("a cost of {cost} takes longer than a scrape may; {MOST} is the most"));
        }
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || b"./".contains(&b);
        let whole = cost >= 4 && hash.len() == 53 && hash.bytes().all(alphabet);
        expect(whole).map(|()| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcrypt_hash_is_recognised_by_its_form() {
        let tail = "abcdefghijklmnopqrstuuAbcdefghijklmnopqrstuvwxyzABCDE";
        for (begins, right) in [
            ("$2y$10$", true),
            ("$2a$04$", true),
            ("$2b$15$", true),
            ("$2y$16$", false),
            ("$2y$03$", false),
            ("$2y$9$", false),
            ("$2y$", false),
            ("$1$10$", false),
            ("", false),
        ] {
            assert_eq!(BcryptHash::parse(&format!("{begins}{tail}")).is_ok(), right, "{begins}");
        }
        assert!(BcryptHash::parse(&format!("$2y$10${}", &tail[1..])).is_err());
        assert!(BcryptHash::parse(&format!("$2y$10${}!", &tail[1..])).is_err());
    }
}
