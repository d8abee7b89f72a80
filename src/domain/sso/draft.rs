//! The provider as a person enters it, and the checks that turn it into one.

use url::Url;
use zeroize::Zeroizing;

use super::provider::{NewMembers, Provider};
use crate::base::error::Invalid;
use crate::base::outgoing::Policy;
use crate::base::text::{self, TypedText};
use crate::domain::members::ways_in::Passwords;

/// The longest URL, secret and list of scopes, in characters.
const MAX_LENGTH: usize = 500;
/// The longest text of the button, in characters.
const MAX_BUTTON_LENGTH: usize = 40;
/// The scopes, the claim and the button of a new provider.
pub const SCOPES: &str = "openid email profile groups";
pub const GROUPS_CLAIM: &str = "groups";
pub const BUTTON: &str = "Sign In with Single Sign-On";

/// The form of the provider as submitted.
#[derive(Clone, Default)]
pub struct Draft {
    /// The provider's URL; empty to turn single sign-on off.
    pub issuer: String,
    pub client_id: String,
    /// The client secret; empty to keep the stored one.
    pub client_secret: Zeroizing<String>,
    pub scopes: String,
    pub groups_claim: String,
    pub button: String,
    /// The name of a [`NewMembers`].
    pub new_members: String,
    /// The name of a [`Passwords`].
    pub passwords: String,
    /// `yes` or empty.
    pub sign_out_at_provider: String,
}

impl Draft {
    /// The form for `provider`, or for a new one. The secret is never shown.
    pub fn of(provider: Option<&Provider>) -> Self {
        let Some(provider) = provider else {
            return Self {
                scopes: SCOPES.into(),
                groups_claim: GROUPS_CLAIM.into(),
                button: BUTTON.into(),
                new_members: NewMembers::default().as_str().into(),
                passwords: Passwords::default().as_str().into(),
                ..Self::default()
            };
        };
        Self {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret: Zeroizing::default(),
            scopes: provider.scopes.clone(),
            groups_claim: provider.groups_claim.clone(),
            button: provider.button.clone(),
            new_members: provider.new_members.as_str().into(),
            passwords: provider.passwords.as_str().into(),
            sign_out_at_provider: if provider.sign_out_at_provider { "yes" } else { "" }.into(),
        }
    }

    /// Checks the form; `None` turns single sign-on off.
    pub(super) fn check(
        &self,
        before: Option<&Provider>,
        policy: &Policy,
    ) -> Result<Option<Provider>, Invalid> {
        if self.issuer.trim().is_empty() {
            return Ok(None);
        }
        let mut invalid = Invalid::default();
        let stored = |value: fn(&Provider) -> &String| before.map_or("", |known| value(known));
        let typed = TypedText::replacing(&self.issuer, stored(|known| &known.issuer));
        let issuer = invalid.collect("issuer", issuer(typed, policy));
        let typed = TypedText::replacing(&self.client_id, stored(|known| &known.client_id));
        let client_id = invalid.collect("client_id", required(typed, "Client ID", MAX_LENGTH));
        let secret = self.secret(issuer.as_ref(), client_id.as_ref(), before);
        let client_secret = invalid.collect("client_secret", secret);
        let scopes = invalid.collect("scopes", scopes(&self.scopes));
        let typed = TypedText::replacing(&self.groups_claim, stored(|known| &known.groups_claim));
        let claim = required(typed, "Groups claim", MAX_LENGTH);
        let groups_claim = invalid.collect("groups_claim", claim);
        let typed = TypedText::replacing(&self.button, stored(|known| &known.button));
        let button = invalid.collect("button", required(typed, "Button", MAX_BUTTON_LENGTH));
        let choice = NewMembers::parse(&self.new_members).ok_or("Choose who may become a member");
        let new_members = invalid.collect("new_members", choice.map_err(str::to_owned));
        let choice = Passwords::parse(&self.passwords).ok_or("Choose who may use a password");
        let passwords = invalid.collect("passwords", choice.map_err(str::to_owned));
        if !invalid.is_empty() {
            return Err(invalid);
        }
        Ok(Some(Provider {
            issuer: issuer.unwrap_or_default(),
            client_id: client_id.unwrap_or_default(),
            client_secret: client_secret.unwrap_or_default(),
            scopes: scopes.unwrap_or_default(),
            groups_claim: groups_claim.unwrap_or_default(),
            button: button.unwrap_or_default(),
            new_members: new_members.unwrap_or_default(),
            passwords: passwords.unwrap_or_default(),
            sign_out_at_provider: self.sign_out_at_provider == "yes",
            version: before.map_or(1, |before| before.version + 1),
            mappings: before.map(|before| before.mappings.clone()).unwrap_or_default(),
        }))
    }

    /// The stored secret is only kept for the provider and the client that it was entered for.
    fn secret(
        &self,
        issuer: Option<&String>,
        client_id: Option<&String>,
        before: Option<&Provider>,
    ) -> Result<Zeroizing<String>, String> {
        let typed = text::without_bom(&self.client_secret).trim();
        if typed.chars().count() > MAX_LENGTH {
            return Err(format!("Client secret must be {MAX_LENGTH} characters or fewer"));
        }
        if typed.chars().any(char::is_control) {
            return Err("Client secret must not contain control characters".into());
        }
        if !typed.is_empty() {
            return Ok(Zeroizing::new(typed.to_owned()));
        }
        match before {
            None => Err("Enter the client secret".into()),
            Some(before)
                if issuer.is_none_or(|issuer| *issuer == before.issuer)
                    && client_id.is_none_or(|id| *id == before.client_id) =>
            {
                Ok(before.client_secret.clone())
            }
            Some(_) => Err("Enter the client secret again: it is kept for the provider and the \
                            client as they were"
                .into()),
        }
    }
}

fn required(typed: TypedText<'_>, what: &str, longest: usize) -> Result<String, String> {
    let value = text::one_line(typed, what, longest)?;
    if value.is_empty() { Err(format!("{what} must not be empty")) } else { Ok(value) }
}

fn issuer(typed: TypedText<'_>, policy: &Policy) -> Result<String, String> {
    const EXAMPLE: &str = "Enter the issuer’s URL, for example https://login.example.com";
    let issuer = text::one_line(typed, "Issuer", MAX_LENGTH)?;
    let url = Url::parse(&issuer).map_err(|_| EXAMPLE)?;
    match url.scheme() {
        "https" => {}
        // As for webhooks, only networks that the configuration names are reached without TLS.
        "http" if policy.allows_http() => {}
        _ => return Err("Issuer must start with https://".into()),
    }
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if url.host().is_none() || !is_bare {
        return Err("Issuer must be a URL without a user name, a query and a fragment".into());
    }
    let suffix = "/.well-known/openid-configuration";
    Ok(issuer.strip_suffix(suffix).map_or(issuer.clone(), str::to_owned))
}

fn scopes(typed: &str) -> Result<String, String> {
    let scopes = text::one_line(typed, "Scopes", MAX_LENGTH)?;
    let scopes: Vec<&str> = scopes.split_whitespace().collect();
    if !scopes.contains(&"openid") {
        return Err("Scopes must contain openid".into());
    }
    // RFC 6749, 3.3.
    let is_plain = |c: char| matches!(c, '!' | '#'..='[' | ']'..='~');
    if !scopes.iter().all(|scope| scope.chars().all(is_plain)) {
        return Err("Scopes must be names, separated by spaces".into());
    }
    Ok(scopes.join(" "))
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
