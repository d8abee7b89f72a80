//! Explains why a request was denied, given its id, a Key ID or a secret key, and what the key may
//! do now.
//!
//! Reads what other modules store, and stores nothing itself. The facts are determined here; the
//! pages put them into words.

mod cause;
mod key;
mod question;

pub use cause::{Cause, MissingScope, Retry};
pub use key::{KeyNow, Kind, OfKey};
pub use question::Question;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Connection;
use crate::domain::api_keys::{KeyId, SecretKey};
use crate::domain::usage::denials::{self, Denial};
use crate::domain::usage::{Outcome, Secret};
use crate::domain::verification::{self, Record};

/// How many days of denied requests of a key are searched.
pub const LOOK_BACK: i64 = 30;

/// What is known about a denied request.
#[derive(Debug)]
pub struct OfRequest {
    pub denied: Denial,
    /// Why it was denied.
    pub cause: Cause,
    /// What would happen if it were sent again now.
    pub again: Retry,
    /// The key whose secret it had, as the key is now.
    pub key: Option<KeyNow>,
    /// The secret, as verification sees it.
    pub record: Option<Record>,
    /// The number of requests that were denied for the same reason: of a key, within the last
    /// [`LOOK_BACK`] days; without a known key, at the same time.
    pub alike: i64,
}

/// What is known about a secret key.
#[derive(Debug)]
pub struct OfSecret {
    /// The secret key, as verification sees it.
    pub record: Record,
    /// Why no request with it is allowed; `None` if it works.
    pub dead: Option<Outcome>,
    pub of_key: OfKey,
}

/// The denied request with this id; `None` if it is not stored.
pub fn of_request(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<OfRequest>> {
    let Some(denied) = denials::find(connection, id)? else { return Ok(None) };
    let key = match &denied.key_id {
        Some(id) => KeyNow::find(connection, id)?,
        None => None,
    };
    let secret = denied.key_id.zip(denied.secret);
    let record = match secret.map(|(key_id, number)| Secret { key_id, number }) {
        Some(secret) => verification::numbered(connection, secret)?,
        None => None,
    };
    let cause = Cause::of(&denied, key.as_ref());
    let again = record.as_ref().map_or(Retry::SameResult, |record| Retry::of(&denied, record, now));
    let alike = alike(connection, &denied, now)?;
    Ok(Some(OfRequest { denied, cause, again, key, record, alike }))
}

fn alike(connection: &mut Connection, denied: &Denial, now: Timestamp) -> Result<i64> {
    let Some(id) = &denied.key_id else { return Ok(denied.count) };
    let kinds = denials::alike(connection, id, now.plus(-LOOK_BACK * DAY))?;
    let is_alike = |last: &Denial| last.reason == denied.reason && last.detail == denied.detail;
    let kind = kinds.iter().find(|kind| is_alike(&kind.latest));
    Ok(kind.map_or(denied.count, |kind| kind.count))
}

/// The key with this id and its denied requests within the last [`LOOK_BACK`] days; `None` if there
/// is no such key.
pub fn of_key(connection: &mut Connection, id: &KeyId, now: Timestamp) -> Result<Option<OfKey>> {
    let Some(key) = KeyNow::find(connection, id)? else { return Ok(None) };
    let alike = denials::alike(connection, id, now.plus(-LOOK_BACK * DAY))?;
    let mut of_key =
        OfKey { key, kinds: Vec::new(), more: alike.len().saturating_sub(OfKey::MOST) };
    for alike in alike.into_iter().take(OfKey::MOST) {
        let secret = alike.latest.secret.map(|number| Secret { key_id: *id, number });
        let record = match secret {
            Some(secret) => verification::numbered(connection, secret)?,
            None => None,
        };
        of_key.kinds.push(Kind::new(alike, &of_key.key, record.as_ref(), now));
    }
    Ok(Some(of_key))
}

/// The secret key `secret`; `None` if it does not exist.
pub fn of_secret(
    connection: &mut Connection,
    secret: &SecretKey,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Option<OfSecret>> {
    let Some(record) = verification::find(connection, secret, keyring)? else { return Ok(None) };
    let of_key = of_key(connection, &record.secret.key_id, now)?;
    let dead = cause::dead(&record, now);
    Ok(of_key.map(|of_key| OfSecret { record, dead, of_key }))
}
