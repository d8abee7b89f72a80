//! The form with the mail server, and its checks.

use url::Host;
use zeroize::Zeroizing;

use super::server::{Security, Server, is_loopback};
use crate::base::error::Invalid;
use crate::base::text::{self, TypedText};

/// The longest host name (RFC 1035, 2.3.4), in characters.
const MAX_HOST_LENGTH: usize = 253;
/// The longest user name, password and address, in characters.
const MAX_LENGTH: usize = 254;

/// A mail server as it was entered.
#[derive(Clone, Default)]
pub struct Draft {
    /// The server's name or address; empty to send no email.
    pub host: String,
    pub port: String,
    /// The name of a [`Security`].
    pub security: String,
    /// The user name for the sign-in.
    pub username: String,
    /// The password; empty to keep the stored one.
    pub password: Zeroizing<String>,
    /// The sender's address.
    pub sender: String,
}

impl Draft {
    pub(super) fn check(&self, before: Option<&Server>) -> Result<Option<Server>, Invalid> {
        if self.host.trim().is_empty() {
            return Ok(None);
        }
        let mut invalid = Invalid::default();
        let stored = |value: fn(&Server) -> &String| before.map_or("", |server| value(server));
        let typed = TypedText::replacing(&self.host, stored(|server| &server.host));
        let host = invalid.collect("mail_host", host(typed));
        let port = invalid.collect("mail_port", port(&self.port));
        let security = Security::parse(&self.security).ok_or("Choose an encryption".to_owned());
        let security = invalid.collect("mail_security", security);
        let typed = TypedText::replacing(&self.username, stored(|server| &server.username));
        let username = text::one_line(typed, "User name", MAX_LENGTH);
        let username = invalid.collect("mail_username", username);
        let typed = TypedText::replacing(&self.sender, stored(|server| &server.sender));
        let sender = invalid.collect("mail_sender", address(typed));
        let (Some(host), Some(port), Some(security), Some(username)) =
            (host, port, security, username)
        else {
            return Err(invalid);
        };
        let sender = sender.unwrap_or_default();
        let mut server = Server { host, port, security, username, password: None, sender };
        if security == Security::None && !is_loopback(&server.host) {
            let message = "Without encryption, only this machine itself can be the mail server";
            invalid.add("mail_security", message);
        }
        server.password =
            invalid.collect("mail_password", self.password(&server, before)).flatten();
        if invalid.is_empty() { Ok(Some(server)) } else { Err(invalid) }
    }

    /// The stored password is only kept for the server that it was entered for.
    fn password(
        &self,
        server: &Server,
        before: Option<&Server>,
    ) -> Result<Option<Zeroizing<String>>, String> {
        if server.username.is_empty() {
            return Ok(None);
        }
        let typed = text::without_bom(&self.password);
        if typed.chars().count() > MAX_LENGTH {
            return Err(format!("Password must be {MAX_LENGTH} characters or fewer"));
        }
        if typed.chars().any(char::is_control) {
            return Err("Password must not contain control characters".into());
        }
        if !typed.is_empty() {
            return Ok(Some(Zeroizing::new(typed.to_owned())));
        }
        let known = before.filter(|before| before.password.is_some());
        let known = known.ok_or("Enter the password of that user name")?;
        let is_same = known.host == server.host
            && known.port == server.port
            && known.security == server.security
            && known.username == server.username;
        if is_same {
            Ok(known.password.clone())
        } else {
            Err("Enter the password again: it is kept for the server and user name as they were"
                .into())
        }
    }
}

fn port(text: &str) -> Result<u16, String> {
    let port = text::without_secret(text)?.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "Port must be a number from 1 to 65,535".to_owned())
}

fn host(typed: TypedText<'_>) -> Result<String, String> {
    let host = text::one_line(typed, "Mail server", MAX_HOST_LENGTH)?;
    let known = Host::parse(&host).or_else(|_| Host::parse(&format!("[{host}]")));
    known.map(|host| host.to_string()).map_err(|_| {
        "Mail server must be a name or an address, for example smtp.example.com".to_owned()
    })
}

fn address(typed: TypedText<'_>) -> Result<String, String> {
    let address = text::one_line(typed, "Sender", MAX_LENGTH)?;
    let is_at_a_number = address.rsplit('@').next().is_some_and(|host| host.starts_with('['));
    if text::is_email(&address) && !is_at_a_number {
        Ok(address)
    } else {
        Err("Enter the sender’s email address, for example latchkey@example.com".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft() -> Draft {
        Draft {
            host: "smtp.example.com".into(),
            port: "587".into(),
            security: "starttls".into(),
            username: "latchkey".into(),
            password: Zeroizing::new("hunter2".into()),
            sender: "latchkey@example.com".into(),
        }
    }

    fn invalid_fields(draft: &Draft, before: Option<&Server>) -> Vec<&'static str> {
        let checked = draft.check(before);
        checked.map_or_else(|e| e.0.iter().map(|e| e.field).collect(), |_| Vec::new())
    }

    #[test]
    fn each_field_is_checked() {
        let field = |change: fn(&mut Draft)| {
            let mut draft = draft();
            change(&mut draft);
            invalid_fields(&draft, None)
        };
        assert!(field(|_| ()).is_empty());
        assert_eq!(field(|d| d.host = "a b".into()), ["mail_host"]);
        assert_eq!(field(|d| d.host = "smtp://x".into()), ["mail_host"]);
        assert_eq!(field(|d| d.port = "0".into()), ["mail_port"]);
        assert_eq!(field(|d| d.port = "65536".into()), ["mail_port"]);
        assert_eq!(field(|d| d.security = "ssl".into()), ["mail_security"]);
        assert_eq!(field(|d| d.security = "none".into()), ["mail_security"]);
        assert_eq!(field(|d| d.sender = "x".into()), ["mail_sender"]);
        assert_eq!(field(|d| d.sender = "a@[127.0.0.1]".into()), ["mail_sender"]);
        assert_eq!(field(|d| d.sender = "a@[IPv6:::1]".into()), ["mail_sender"]);
        assert_eq!(field(|d| d.username = "a\u{202e}b".into()), ["mail_username"]);
        assert_eq!(field(|d| d.password = Zeroizing::new("a\r\nb".into())), ["mail_password"]);
        for host in ["localhost", "127.0.0.1", "::1", "[::1]"] {
            let local = Draft { host: host.into(), security: "none".into(), ..draft() };
            assert!(invalid_fields(&local, None).is_empty(), "{host}");
        }
    }

    #[test]
    fn a_stored_password_is_only_kept_for_its_own_server() {
        let known = draft().check(None).expect("a valid draft");
        let without_password = Draft { password: Zeroizing::default(), ..draft() };
        assert!(invalid_fields(&without_password, known.as_ref()).is_empty());
        assert_eq!(invalid_fields(&without_password, None), ["mail_password"]);
        for (host, port, username) in [
            ("mail.example.net", "587", "latchkey"),
            ("smtp.example.com", "588", "latchkey"),
            ("smtp.example.com", "587", "other"),
        ] {
            let (host, port, username) = (host.into(), port.into(), username.into());
            let changed = Draft { host, port, username, ..without_password.clone() };
            assert_eq!(invalid_fields(&changed, known.as_ref()), ["mail_password"]);
        }
    }

    proptest! {
        #[test]
        fn a_host_never_contains_spaces_or_slashes(text in ".*") {
            if let Ok(host) = host(text.as_str().into()) {
                prop_assert!(!host.contains(char::is_whitespace) && !host.contains('/'));
            }
        }
    }
}
