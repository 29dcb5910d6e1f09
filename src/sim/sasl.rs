//! The client's login in XOAUTH2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::secret::Secret;

/// A mailbox's address and the token for it.
#[derive(Debug)]
pub(super) struct Login {
    /// The mailbox.
    pub user: String,
    /// The access token.
    pub token: Secret,
}

/// Reads the base64 of `user=` address `^A` `auth=Bearer ` token `^A^A`; `None` where it is anything else.
pub(super) fn xoauth2(text: &str) -> Option<Login> {
    let bytes = BASE64.decode(text.trim()).ok()?;
    let text = Secret::new(String::from_utf8(bytes).ok()?);
    let mut fields = text.expose().strip_suffix("\x01\x01")?.split('\x01');
    let (user, auth) = (fields.next()?.strip_prefix("user=")?, fields.next()?.strip_prefix("auth=")?);
    let (scheme, token) = auth.split_once(' ')?;
    let complete = fields.next().is_none() && scheme.eq_ignore_ascii_case("Bearer") && !user.is_empty() && !token.is_empty();
    complete.then(|| Login { user: user.to_owned(), token: Secret::new(token) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsoft_s_own_example_is_read() {
        let login = xoauth2(
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==",
        )
        .expect("well-formed");
        assert_eq!(login.user, "test@contoso.onmicrosoft.com");
        assert_eq!(login.token.expose(), "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "=",
            "dXNlcg==",
            "user=a\x01auth=Bearer x\x01",
            "user=\x01auth=Bearer x\x01\x01",
            "user=a\x01auth=Basic x\x01\x01",
        ] {
            assert!(xoauth2(text).is_none(), "{text:?}");
            assert!(xoauth2(&BASE64.encode(text)).is_none(), "{text:?}");
        }
    }
}
