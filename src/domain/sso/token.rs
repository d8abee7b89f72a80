//! The rules by which signed tokens of the provider are verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IssuerUrl};

use crate::base::clock::{SECOND, Timestamp};

/// How far the provider's clock may differ, in milliseconds.
const MAX_SKEW: i64 = 60 * SECOND;

/// The algorithms that are accepted. `none` and those with a shared secret never are: the first
/// proves nothing, and a key that the provider publishes must not be taken for a secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 3] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Checks `iss`, `aud`, `exp`, `iat` and the signature.
pub(super) fn verifier(
    issuer: &str,
    client_id: &str,
    keys: CoreJsonWebKeySet,
    now: Timestamp,
) -> Result<CoreIdTokenVerifier<'static>, String> {
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| error.to_string())?;
    let time = DateTime::from_timestamp_millis(now.millis()).ok_or("the clock is wrong")?;
    let client_id = ClientId::new(client_id.to_owned());
    Ok(CoreIdTokenVerifier::new_public_client(client_id, issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || time)
        .set_issue_time_verifier_fn(move |issued_at| check_issue_time(issued_at, time)))
}

fn check_issue_time(issued_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), String> {
    let skew = now.timestamp_millis().saturating_sub(issued_at.timestamp_millis());
    if (-MAX_SKEW..=MAX_SKEW).contains(&skew) {
        Ok(())
    } else {
        Err(format!("iat differs from the time here by {} seconds", skew / SECOND))
    }
}

/// The id of the key that signed a token, as its header says. Only used to decide whether the keys
/// must be fetched again.
pub(super) fn key_id(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
    header.get("kid")?.as_str().map(str::to_owned)
}
