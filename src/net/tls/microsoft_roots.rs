//! The roots that the chains of Microsoft's hosts lead to. They serve as a reference, and are not trusted for being here.
//!
//! A name proves nothing: a device may call its own authority `DigiCert Inc`. Only a signature does.

use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509StoreContext, X509StoreContextRef};

/// The roots of DigiCert and of Microsoft, as Microsoft lists them for its services; Exchange Online needs the first since 2026.
/// <https://learn.microsoft.com/en-us/azure/security/fundamentals/azure-ca-details>
const ROOTS: &str = include_str!("microsoft_roots.pem");

/// Parses the roots, Exchange Online's first.
pub fn roots() -> Vec<X509> {
    X509::stack_from_pem(ROOTS.as_bytes()).unwrap_or_default()
}

/// Reports whether signatures lead from `chain`, the server's own certificate first, to one of `roots`. Dates are not checked.
pub fn lead_to(roots: &[X509], chain: &[X509]) -> bool {
    leads(roots, chain).unwrap_or(false)
}

fn leads(roots: &[X509], chain: &[X509]) -> Result<bool, ErrorStack> {
    let Some((own, above)) = chain.split_first() else { return Ok(false) };
    let mut store = X509StoreBuilder::new()?;
    store.set_flags(X509VerifyFlags::NO_CHECK_TIME)?;
    for root in roots {
        store.add_cert(root.clone())?;
    }
    let mut presented = Stack::new()?;
    for certificate in above {
        presented.push(certificate.clone())?;
    }
    X509StoreContext::new()?.init(&store.build(), own, &presented, X509StoreContextRef::verify_cert)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprint that DigiCert publishes.
    const GLOBAL_ROOT_G2: &str = "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f";

    #[test]
    fn microsoft_roots_have_their_published_fingerprint_and_lead_to_themselves() {
        let roots = roots();
        assert_eq!(roots.len(), ROOTS.matches("# ").count());
        let fingerprint: String =
            openssl::sha::sha256(&roots[0].to_der().expect("DER")).map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(fingerprint, GLOBAL_ROOT_G2);
        for root in &roots {
            assert!(lead_to(&roots, std::slice::from_ref(root)));
            assert!(!lead_to(&[], std::slice::from_ref(root)));
        }
        assert!(!lead_to(&roots, &[]));
    }
}
