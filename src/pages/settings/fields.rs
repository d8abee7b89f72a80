//! The submitted form of the mail server.

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::domain::mail::{self, Security, Server};
use crate::web::form::SecretFields;

/// The mail server. The password can be set, but is never shown.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "as the fields of the form are called")]
pub(super) struct MailFields {
    pub mail_host: String,
    pub mail_port: String,
    pub mail_security: String,
    pub mail_username: String,
    pub mail_password: Zeroizing<String>,
    pub mail_sender: String,
}

impl SecretFields for MailFields {
    const AS_TYPED: &'static [&'static str] = &["mail_password"];
}

impl MailFields {
    pub(super) fn of(server: Option<&Server>) -> Self {
        let Some(server) = server else {
            let security = Security::StartTls.as_str().into();
            return Self { mail_port: "587".into(), mail_security: security, ..Self::default() };
        };
        Self {
            mail_host: server.host.clone(),
            mail_port: server.port.to_string(),
            mail_security: server.security.as_str().into(),
            mail_username: server.username.clone(),
            mail_password: Zeroizing::default(),
            mail_sender: server.sender.clone(),
        }
    }

    pub(super) fn draft(&self) -> mail::Draft {
        let new = self.clone();
        mail::Draft {
            host: new.mail_host,
            port: new.mail_port,
            security: new.mail_security,
            username: new.mail_username,
            password: new.mail_password,
            sender: new.mail_sender,
        }
    }
}
