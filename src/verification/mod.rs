//! Whether the bearer of a secret key may pass: what gateways and services ask on every request.
//!
//! Every answer is read from the database, so that nothing passes after the response to a
//! revocation, whatever process or node made it. Uses the nouns of `api_keys`; no
//! feature uses this one.

pub mod http;
mod presented;
mod store;
mod verdict;

pub use presented::Presented;
pub use verdict::{From, Identity, Record, Refusal, Verdict, Wanted, decide};

use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::Result;
use crate::keyring::Keyring;

/// Decides whether a request may pass.
///
/// # Errors
/// When the database cannot be read: then nobody passes.
pub async fn verify(
    db: &Db,
    keyring: &Keyring,
    presented: Presented,
    wanted: Wanted,
    from: From,
    now: Timestamp,
) -> Result<Verdict> {
    let digest = match presented {
        Presented::Nothing => return Ok(Verdict::Refuse(Refusal::MissingKey)),
        Presented::Malformed => return Ok(Verdict::Refuse(Refusal::MalformedKey)),
        Presented::Secret(secret) => secret.digest(keyring),
    };
    let record = db.read(move |connection| store::find(connection, &digest)).await?;
    Ok(record
        .map_or(Verdict::Refuse(Refusal::InvalidKey), |record| decide(&record, &wanted, from, now)))
}
