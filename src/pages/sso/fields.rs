//! The submitted form of the provider.

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::domain::sso::Draft;
use crate::web::form::SecretFields;

/// The provider. The client secret can be set, but is never shown.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Zeroizing<String>,
    pub scopes: String,
    pub groups_claim: String,
    pub button: String,
    pub new_members: String,
    pub passwords: String,
    pub sign_out_at_provider: String,
    /// The version of the settings that the form started from; 0 without a provider.
    pub version: String,
}

impl SecretFields for Fields {
    const AS_TYPED: &'static [&'static str] = &["client_secret"];
}

impl Fields {
    pub(super) fn draft(&self) -> Draft {
        let new = self.clone();
        Draft {
            issuer: new.issuer,
            client_id: new.client_id,
            client_secret: new.client_secret,
            scopes: new.scopes,
            groups_claim: new.groups_claim,
            button: new.button,
            new_members: new.new_members,
            passwords: new.passwords,
            sign_out_at_provider: new.sign_out_at_provider,
        }
    }
}
