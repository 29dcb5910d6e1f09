//! The client secret as a credential.

use super::{Explained, Proof, Reading, SecretSource, Unreadable};
use crate::outcome::Fault;
use crate::reason::Reason;
use crate::secret::{Secret, SecretFlaw};

/// The parameter that holds it (RFC 6749, section 2.3.1).
const PARAMETER: &str = "client_secret";

/// Reads it.
pub(super) fn present(source: &SecretSource) -> Reading {
    let proof = source.read().map(|secret| Proof::new(PARAMETER, secret));
    Reading { certificate: None, proof: proof.map_err(Unreadable::fault) }
}

/// Names the flaw of a secret that Entra does not know, where it has one. Where only something around the secret's Value is wrong,
/// this machine is to be mended, and no new secret is needed.
pub(super) fn explain(fault: Fault, proof: &Proof) -> Explained {
    let (_, sent) = &proof.parameter;
    let flaw = Some(sent).filter(|_| fault.reason == Reason::ClientSecretWrong).and_then(SecretFlaw::find);
    let Some(flaw) = flaw else { return Explained { fault, shown: None } };
    let reason = if flaw.is_around_the_value() { Reason::ClientSecretMalformed } else { fault.reason };
    Explained { fault: Fault { reason, ..fault }, shown: Some(format!("the client secret {flaw}")) }
}

/// Returns the first three characters of a secret, which Graph shows of each.
pub(super) fn mark(secret: &Secret) -> Secret {
    Secret::new(secret.expose().chars().take(3).collect::<String>())
}
