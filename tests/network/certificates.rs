//! Certificates that are not Microsoft's: an inspecting device's, and weak ones. Made by the `openssl` program.

use std::path::PathBuf;
use std::process::Command;

use crate::microsoft::HOSTS;
use crate::world::World;

/// The files of a certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Makes an authority with that subject, such as `/O=Contoso/CN=Contoso TLS Inspection`.
pub fn authority(world: &World, file: &str, subject: &str) -> Identity {
    make(world, file, subject, 2048, &[])
}

/// Makes a certificate for all of Microsoft's names with an RSA key of `bits`, issued by `issuer`.
pub fn leaf(world: &World, file: &str, issuer: &Identity, bits: u32) -> Identity {
    let names: Vec<String> = HOSTS.iter().map(|(name, _)| format!("DNS:{name}")).collect();
    let names = format!("subjectAltName={}", names.join(","));
    let (above, key) = (issuer.certificate.display().to_string(), issuer.key.display().to_string());
    let signing = ["-CA", &above, "-CAkey", &key, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", &names];
    make(world, file, "/O=Microsoft Corporation/CN=outlook.com", bits, &signing)
}

fn make(world: &World, file: &str, subject: &str, bits: u32, more: &[&str]) -> Identity {
    let path = |ending: &str| world.scratch.path().join(format!("{file}.{ending}"));
    let identity = Identity { certificate: path("crt"), key: path("key") };
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-sha256", "-days", "30", "-subj", subject, "-newkey", &format!("rsa:{bits}")]);
    openssl.arg("-keyout").arg(&identity.key).arg("-out").arg(&identity.certificate).args(more);
    let output = openssl.output().expect("run openssl");
    assert!(output.status.success(), "{openssl:?}: {}", String::from_utf8_lossy(&output.stderr));
    identity
}
