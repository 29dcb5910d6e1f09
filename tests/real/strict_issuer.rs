//! A token endpoint that authenticates the application by a certificate itself: npm's oidc-provider behind TLS.

use std::path::Path;

use serde_json::json;

use crate::authority::NAMES;
use crate::daemon::Daemon;
use crate::issuer::{self, AUDIENCE, CLIENT, OBJECT_ID, ROLES, TENANT};
use crate::lab::Lab;
use crate::needs::Part;
use crate::port;

pub const PART: Part = Part { name: "oidc-provider", files: &["node_modules/oidc-provider/package.json"], as_root: false };

#[derive(Debug)]
pub struct StrictIssuer {
    port: u16,
    daemon: Daemon,
}

impl StrictIssuer {
    /// Starts it with the certificate that is registered in `lab`; Dovecot there takes its tokens.
    pub fn start(lab: &Lab) -> Self {
        let (scratch, port) = (&lab.scratch, port::free());
        let identity = lab.authority.identity(scratch, &format!("strict-{port}"), NAMES, 30);
        let certificate = scratch.file(&format!("strict-{port}.registered.pem"), &lab.key.registered.certificate);
        let settings = json!({
            "port": port, "tls_key": identity.key, "tls_certificate": identity.certificate,
            "signing_key": lab.key.private(), "key_id": issuer::KEY_ID, "certificate": certificate,
            "tenant": TENANT, "client": CLIENT, "audience": AUDIENCE, "object_id": OBJECT_ID, "roles": ROLES,
        });
        let settings = scratch.file(&format!("strict-{port}.json"), settings.to_string());
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/strict_issuer.mjs");
        let daemon = issuer::node(&module, &settings, &scratch.path().join(format!("strict-{port}.log")));
        Self { port, daemon: daemon.listening(port) }
    }

    pub fn url(&self) -> String {
        format!("https://login.microsoftonline.com:{}", self.port)
    }

    /// Returns its own words for what it refused.
    pub fn log(&self) -> String {
        self.daemon.log()
    }
}
