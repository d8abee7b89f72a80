//! The two forms of the page, as they arrive.

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::domain::mail::{self, Security, Server};
use crate::domain::settings::{Draft, Settings};
use crate::web::form::SecretFields;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub organisation: String,
    pub secret_prefix: String,
    pub maximum_lifetime_days: String,
    pub default_lifetime_days: String,
    pub active_key_limit: String,
    pub rotation_days_production: String,
    pub rotation_days_staging: String,
    pub rotation_days_development: String,
    pub session_idle_minutes: String,
    pub session_hours: String,
    pub hourly_counts_days: String,
    pub daily_counts_days: String,
    pub denials_days: String,
    pub review_days: String,
    /// The version that the change started from.
    pub version: String,
}

impl Fields {
    pub(super) fn of(settings: &Settings) -> Self {
        let draft = Draft::of(settings);
        let [production, staging, development] = draft.rotation_days;
        Self {
            organisation: draft.organisation,
            secret_prefix: draft.secret_prefix,
            maximum_lifetime_days: draft.maximum_lifetime_days,
            default_lifetime_days: draft.default_lifetime_days,
            active_key_limit: draft.active_key_limit,
            rotation_days_production: production,
            rotation_days_staging: staging,
            rotation_days_development: development,
            session_idle_minutes: draft.session_idle_minutes,
            session_hours: draft.session_hours,
            hourly_counts_days: draft.hourly_counts_days,
            daily_counts_days: draft.daily_counts_days,
            denials_days: draft.denials_days,
            review_days: draft.review_days,
            version: settings.version.to_string(),
        }
    }

    pub(super) fn draft(&self) -> Draft {
        let new = self.clone();
        Draft {
            organisation: new.organisation,
            secret_prefix: new.secret_prefix,
            maximum_lifetime_days: new.maximum_lifetime_days,
            default_lifetime_days: new.default_lifetime_days,
            active_key_limit: new.active_key_limit,
            rotation_days: [
                new.rotation_days_production,
                new.rotation_days_staging,
                new.rotation_days_development,
            ],
            session_idle_minutes: new.session_idle_minutes,
            session_hours: new.session_hours,
            hourly_counts_days: new.hourly_counts_days,
            daily_counts_days: new.daily_counts_days,
            denials_days: new.denials_days,
            review_days: new.review_days,
        }
    }
}

/// The mail server. The password is taken in and never given out.
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
