//! The provider ends the sessions of a member (OpenID Connect Back-Channel Logout 1.0).
//!
//! The request has no session and no form token: the logout token says who sends it. It is signed
//! like an ID token, and the event in it keeps an ID token from being taken for one.

use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{JsonWebTokenType, Nonce};
use sha2::{Digest as _, Sha256};

use super::keys::{Discovery, words};
use super::protocol::{Failure, Token, check_party};
use super::provider::Provider;
use super::{store, token};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::hex;
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::ways_in;
use crate::domain::sign_in::sessions;

/// The event of a logout token (2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The types of tokens that are accepted, in the form in which they are compared.
const TYPES: [&str; 2] = ["logout+jwt", "JWT"];

/// A verified logout token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    subject: String,
    /// The hash of its `jti`, by which a second use is noticed.
    hash: String,
    expires_at: Timestamp,
}

/// Verifies a logout token (2.6).
pub(super) fn verify(
    discovery: &Discovery,
    provider: &Provider,
    text: &str,
    now: Timestamp,
) -> std::result::Result<LogoutToken, Failure> {
    let unverified = |why: &str| Failure::Unverified(why.to_owned());
    let token: Token = text.parse().map_err(|_| unverified("the logout token cannot be read"))?;
    let kid = token::key_id(text);
    let keys = discovery.keys(&provider.issuer, kid.as_deref(), now);
    verify_with(&token, provider, keys.map_err(Failure::Unreachable)?, now)
}

fn verify_with(
    token: &Token,
    provider: &Provider,
    keys: CoreJsonWebKeySet,
    now: Timestamp,
) -> std::result::Result<LogoutToken, Failure> {
    let unverified = |why: &str| Failure::Unverified(why.to_owned());
    let verifier = token::verifier(&provider.issuer, &provider.client_id, keys, now);
    let types = TYPES.iter().map(|name| JsonWebTokenType::new((*name).to_owned()).normalize());
    let types = types.collect::<std::result::Result<Vec<_>, _>>();
    let types = types.map_err(|error| Failure::Unverified(error.to_string()))?;
    let verifier = verifier.map_err(Failure::Unverified)?.set_allowed_jose_types(types);
    let no_nonce = |nonce: Option<&Nonce>| match nonce {
        Some(_) => Err("a logout token has no nonce".to_owned()),
        None => Ok(()),
    };
    let claims = token.claims(&verifier, no_nonce);
    let claims = claims.map_err(|error| Failure::Unverified(words(&error)))?;
    check_party(claims, &provider.client_id)?;
    let others = &claims.additional_claims().0;
    if !others
        .get("events")
        .is_some_and(|events| events.get(EVENT).is_some_and(serde_json::Value::is_object))
    {
        return Err(unverified("events does not name a logout"));
    }
    let jti = others.get("jti").and_then(|jti| jti.as_str()).filter(|jti| !jti.is_empty());
    let jti = jti.ok_or_else(|| unverified("it has no jti"))?;
    Ok(LogoutToken {
        subject: claims.subject().as_str().to_owned(),
        hash: hex(&Sha256::digest(format!("{}\n{jti}", provider.issuer))),
        expires_at: Timestamp::from_millis(claims.expiration().timestamp_millis()),
    })
}

/// Ends every session of the member whom the token names. Returns whether the token was not used
/// before.
pub fn end_sessions(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    token: &LogoutToken,
    context: &Context,
) -> Result<bool> {
    let is_current = provider.current(tx, &context.keyring)?.is_some();
    if !is_current || !store::use_logout_token(tx, &token.hash, token.expires_at)? {
        return Ok(false);
    }
    if let Some(member) = ways_in::by_identity(tx, &provider.issuer, &token.subject)? {
        sessions::end_all_of(tx, &member.id)?;
        let entry = Entry::about(Event::SessionsEndedByProvider, member.subject());
        activity::record(tx, context, &entry)?;
    }
    Ok(true)
}
