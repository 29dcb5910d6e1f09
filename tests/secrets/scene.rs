//! Marked secrets, configurations that use them, and the search for them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use m365_probe::sim::ClientCertificate;

use crate::echo::{self, Authority, Login};
use crate::round_trip::Graph;

/// A client secret with characters that a form encodes.
pub const CLIENT_SECRET: &str = "mark8Q~client+secret/of=the&application-0123456789";
pub const PROXY_PASSWORD: &str = "marked-proxy-password-4711";

/// Returns the token that a hostile issuer grants: its claims quote the client secret.
pub fn token() -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256","kid":"marked"}"#);
    let claims = format!(r#"{{"iss":"{CLIENT_SECRET}","aud":"https://outlook.office365.com","roles":["{CLIENT_SECRET}"]}}"#);
    format!("{header}.{}.c2lnbmF0dXJlLW9mLWEtbWFya2VkLXRva2Vu", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

pub fn payload() -> String {
    BASE64_STANDARD.encode(format!("user=box@contoso.example\u{1}auth=Bearer {}\u{1}\u{1}", token()))
}

/// Pieces of secrets, in lower case, that no output may hold.
pub struct Marks(Vec<String>);

impl Marks {
    /// Collects the pieces of `secrets`, plain, encoded for a form and in base64, 24 characters each; and the beginning of every
    /// token and payload.
    pub fn from_secrets(secrets: &[&str]) -> Self {
        let mut pieces = vec!["eyj0exai".to_owned(), "ey0exai".to_owned(), "dxnlcj1".to_owned()];
        for secret in secrets {
            let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let mut forms = vec![(*secret).to_owned(), encoded];
            for skipped in 0..3 {
                let whole = &secret.as_bytes()[skipped..];
                forms.push(BASE64_STANDARD_NO_PAD.encode(&whole[..whole.len() / 3 * 3]));
            }
            for form in forms {
                let form = form.to_ascii_lowercase();
                let length = form.len().min(24);
                pieces.extend((0..=form.len() - length).step_by(4).map(|start| form[start..start + length].to_owned()));
            }
        }
        Self(pieces)
    }

    #[track_caller]
    pub fn assert_absent(&self, text: &str, run: &[&str]) {
        let lower = text.to_ascii_lowercase();
        let found: Vec<_> = self.0.iter().filter(|piece| lower.contains(piece.as_str())).collect();
        assert!(found.is_empty(), "{run:?} shows {found:?} in:\n{text}");
    }
}

/// A directory with a secret and an authority.
pub struct Scene {
    directory: PathBuf,
    authority: Authority,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Scene {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("m365-secrets-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let authority = Authority::new();
        std::fs::write(directory.join("echo.pem"), authority.pem()).unwrap();
        std::fs::write(directory.join("echo.secret"), CLIENT_SECRET).unwrap();
        std::fs::write(directory.join("proxy.password"), PROXY_PASSWORD).unwrap();
        Self { directory, authority }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A configuration whose every server echoes.
    pub fn hostile(&self, login: Login) -> PathBuf {
        let by = &self.authority;
        self.config(by.login(login), ["+OK ", "* OK ", "220 "].map(|hello| by.mail(hello)), by.ews(), "", "token")
    }

    /// A configuration whose mail servers know the client secret though no conversation with them has it.
    pub fn knowing(&self) -> PathBuf {
        let by = &self.authority;
        self.config(
            by.login(Login::Grants),
            ["-ERR", "* BYE", "554 5.7.1"].map(|refusal| by.knowing(refusal)),
            by.ews(),
            "",
            "token, reach",
        )
    }

    /// A configuration of a round trip by a Graph that echoes.
    pub fn round_trip(&self, login: Login, graph: Graph) -> PathBuf {
        let path = self.config(self.authority.login(login), [995, 993, 465], 443, "", "token");
        let port = self.authority.graph(graph);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("    scope: ", &format!("    graph: https://localhost:{port}\n    scope: "));
        let text = text.replace("[pop3, imap, smtp, ews]", "[{ roundtrip: { send_by: graph, by: graph } }]");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The same for an application that signs in with a certificate, whose key stands beside it.
    pub fn hostile_to_a_certificate(&self, login: Login, certificate: &ClientCertificate) -> PathBuf {
        let pair = format!("{}{}", certificate.certificate, certificate.key.expose());
        self.hostile_to(login, "certificate_file", &pair)
    }

    /// The same for an application whose credential is `text` in the file that `key` names.
    pub fn hostile_to(&self, login: Login, key: &str, text: &str) -> PathBuf {
        let file = self.directory.join("echo.credential");
        std::fs::write(&file, text).unwrap();
        self.hostile_with(login, &format!("{key}: {}", file.display()))
    }

    /// The same for an application with this `credential`, a mapping in YAML.
    pub fn hostile_with(&self, login: Login, credential: &str) -> PathBuf {
        let path = self.hostile(login);
        let configuration = std::fs::read_to_string(&path).unwrap();
        let (before, after) = configuration.split_once("client_secret_file: ").unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        std::fs::write(&path, format!("{before}{credential}\n{after}")).unwrap();
        path
    }

    /// A configuration whose proxy echoes.
    pub fn behind_hostile_proxy(&self) -> PathBuf {
        let password = self.directory.join("proxy.password");
        let proxy = format!(
            "  proxy: http://localhost:{}\n  proxy_user: user\n  proxy_password_file: {}\n",
            echo::proxy(),
            password.display()
        );
        self.config(443, [995, 993, 465], 443, &proxy, "token")
    }

    fn config(&self, login: u16, [pop3, imap, smtp]: [u16; 3], ews: u16, network: &str, checks: &str) -> PathBuf {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let text = format!(
            "defaults: {{ interval: 1h, timeout: 20s }}\nnetwork:\n  ca_file: {}\n{network}clouds:\n  echoing:\n    \
             login: https://localhost:{login}\n    pop3: pop3s://localhost:{pop3}\n    imap: imaps://localhost:{imap}\n    \
             smtp: smtps://localhost:{smtp}\n    ews: https://localhost:{ews}/EWS/Exchange.asmx\n    \
             scope: https://outlook.office365.com/.default\ntenants:\n  - name: contoso\n    cloud: echoing\n    \
             tenant_id: contoso.example\n    client_id: 11111111-2222-3333-4444-555555555555\n    credential:\n      \
             client_secret_file: {}\n    checks: [{checks}]\n    mailboxes:\n      - address: box@contoso.example\n        \
             name: box\n        checks: [pop3, imap, smtp, ews]\n",
            at("echo.pem"),
            at("echo.secret")
        );
        let path = self.directory.join("echo.yml");
        std::fs::write(&path, text).unwrap();
        path
    }
}
