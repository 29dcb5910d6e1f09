//! A private RSA key in PEM that is not encrypted, which is the usual one. OpenSSL's general reader of PEM tries every kind of key in
//! every form, which takes more time than all else that a certificate costs in one request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use secrecy::zeroize::Zeroizing;

/// Tags of DER.
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The algorithm of an RSA key: rsaEncryption, without parameters.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Returns the first private key; `None` where it has another form, which may be readable all the same.
pub(super) fn plain(pem: &[u8]) -> Option<PKey<Private>> {
    let (before, after) = std::str::from_utf8(pem).ok()?.split_once("PRIVATE KEY-----")?;
    let (text, _) = after.split_once("-----END ")?;
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    base64.extend(text.split_ascii_whitespace());
    let der = Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?); // the header of an encrypted one is no base64
    let pkcs1 = if before.ends_with("-----BEGIN RSA ") {
        &der[..]
    } else if before.ends_with("-----BEGIN ") {
        pkcs1_of(&der)?
    } else {
        return None;
    };
    PKey::from_rsa(Rsa::private_key_from_der(pkcs1).ok()?).ok()
}

/// Returns the key in PKCS #1 (RFC 8017, appendix A.1.2) that stands in one in PKCS #8 (RFC 5958, section 2).
fn pkcs1_of(pkcs8: &[u8]) -> Option<&[u8]> {
    let (key, _) = value(pkcs8, SEQUENCE)?;
    let (_, rest) = value(key, INTEGER)?;
    let (algorithm, rest) = value(rest, SEQUENCE)?;
    let (pkcs1, _) = value(rest, OCTET_STRING)?;
    (algorithm == RSA_ENCRYPTION).then_some(pkcs1)
}

/// Splits DER after its first value, which has this tag: returns the content of the value, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [own, length, rest @ ..] = der else { return None };
    // From 128 on the length stands in so many bytes after this one.
    let bytes = length.checked_sub(0x80).map_or(0, usize::from);
    let (long, rest) = rest.split_at_checked(bytes).filter(|_| bytes <= 2)?;
    let length = if bytes == 0 { usize::from(*length) } else { long.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) };
    rest.split_at_checked(length).filter(|_| *own == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Rsa<Private> {
        Rsa::generate(2048).expect("a key")
    }

    #[test]
    fn plain_key_of_both_usual_forms_is_that_which_openssl_reads() {
        let key = key();
        let (pkcs1, pkcs8) = (key.private_key_to_pem().expect("PEM"), PKey::from_rsa(key).expect("a key"));
        let pkcs8 = pkcs8.private_key_to_pem_pkcs8().expect("PEM");
        for pem in [&pkcs1[..], &pkcs8, &[b"Bag Attributes\n".to_vec(), pkcs8.clone(), pkcs1.clone()].concat()] {
            let expected = PKey::private_key_from_pem(pem).expect("a key");
            assert!(plain(pem).expect("a key").public_eq(&expected));
        }
        let crlf = String::from_utf8(pkcs8).expect("text").replace('\n', "\r\n");
        assert!(plain(crlf.as_bytes()).is_some());
    }

    #[test]
    fn plain_of_another_form_and_of_any_cut_is_none() {
        let key = PKey::from_rsa(key()).expect("a key");
        let (cipher, password) = (openssl::symm::Cipher::aes_256_cbc(), b"password");
        let encrypted = key.private_key_to_pem_pkcs8_passphrase(cipher, password).expect("PEM");
        let proc_type = key.rsa().expect("RSA").private_key_to_pem_passphrase(cipher, password).expect("PEM");
        for pem in [&encrypted[..], &proc_type, b"", b"PRIVATE KEY-----", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END "] {
            assert!(plain(pem).is_none());
        }
        let der = key.private_key_to_pkcs8().expect("DER");
        assert!((0..der.len()).all(|length| pkcs1_of(&der[..length]).is_none()));
        assert!(pkcs1_of(&der).is_some());
    }
}
