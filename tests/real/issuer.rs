//! The token endpoint: npm's oauth2-mock-server behind TLS, made strict in `issuer.mjs`.

use std::fs::File;
use std::path::{Path, PathBuf};

use m365_probe::sim::ClientCertificate;
use openssl::rsa::Rsa;
use serde_json::json;

use crate::authority::Identity;
use crate::daemon::Daemon;
use crate::needs::{self, Part};
use crate::port;
use crate::scratch::Scratch;

pub const PART: Part =
    Part { name: "oauth2-mock-server", files: &["node_modules/oauth2-mock-server/package.json"], as_root: false };

pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub const CLIENT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
pub const SECRET: &str = "marked-secret~Q8.lab";
pub const AUDIENCE: &str = "https://outlook.office365.com";
pub const KEY_ID: &str = "lab";
pub const OBJECT_ID: &str = "99999999-8888-7777-6666-555555555555";
pub const ROLES: [&str; 4] = ["POP.AccessAsApp", "IMAP.AccessAsApp", "SMTP.SendAsApp", "full_access_as_app"];

/// The key that signs tokens, which servers that verify them have without asking the issuer, and the application's certificate.
#[derive(Debug)]
pub struct SigningKey {
    private: PathBuf,
    public: Vec<u8>,
    /// The certificate that is registered with the application.
    pub registered: ClientCertificate,
}

impl SigningKey {
    pub fn new(scratch: &Scratch) -> Self {
        let key = Rsa::generate(2048).expect("make a key");
        let private = scratch.secret("signing.pem", &String::from_utf8_lossy(&key.private_key_to_pem().expect("encode")));
        let registered = ClientCertificate::shared().expect("make a certificate");
        Self { private, public: key.public_key_to_pem().expect("encode"), registered }
    }

    pub fn private(&self) -> &Path {
        &self.private
    }

    pub fn public_pem(&self) -> &[u8] {
        &self.public
    }
}

#[derive(Debug)]
pub struct Issuer {
    pub port: u16,
    _daemon: Daemon,
}

impl Issuer {
    /// Starts an issuer whose tokens live for `lifetime` seconds; a negative one makes tokens that have expired.
    pub fn start(scratch: &Scratch, key: &SigningKey, identity: &Identity, lifetime: i64) -> Self {
        let port = port::free();
        let certificate = scratch.file(&format!("issuer-{port}.registered.pem"), &key.registered.certificate);
        let lab = json!({
            "port": port, "tls_key": identity.key, "tls_certificate": identity.certificate,
            "signing_key": key.private, "key_id": KEY_ID, "lifetime": lifetime,
            "certificate": certificate, "tenant": TENANT, "client": CLIENT, "secret": SECRET, "object_id": OBJECT_ID,
            "roles": ROLES,
        });
        let configuration = scratch.file(&format!("issuer-{port}.json"), lab.to_string());
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/issuer.mjs");
        let daemon = node(&module, &configuration, &scratch.path().join(format!("issuer-{port}.log")));
        Self { port, _daemon: daemon.listening(port) }
    }

    pub fn url(&self) -> String {
        format!("https://login.microsoftonline.com:{}", self.port)
    }
}

/// Starts `module` with the path of its configuration as the only argument.
pub fn node(module: &Path, configuration: &Path, log: &Path) -> Daemon {
    // Node looks for a module's imports beside the module; one read from standard input has the working directory.
    let module = File::open(module).expect("open the module");
    let arguments = ["--input-type=module".as_ref(), "-".as_ref(), configuration.as_os_str()];
    Daemon::start("node", |node| node.args(arguments).current_dir(needs::cache()).stdin(module), log)
}
