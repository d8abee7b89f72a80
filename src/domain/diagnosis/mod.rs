//! Why a request was refused: told from its id, a Key ID or a secret key, and from what the key may
//! do now.
//!
//! Reads what others keep and keeps nothing itself. What is the case is worked out here; `http/`
//! says it in words.

mod cause;
mod key;
mod question;

pub use cause::{Again, Cause, Lack};
pub use key::{KeyNow, Kind, OfKey};
pub use question::Question;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Connection;
use crate::domain::api_keys::{KeyId, SecretKey};
use crate::domain::usage::denials::{self, Denied};
use crate::domain::usage::{Outcome, Secret};
use crate::domain::verification::{self, Record};

/// How many days a key's refusals are looked back on.
pub const LOOK_BACK: i64 = 30;

/// What is known of a refused request.
#[derive(Debug)]
pub struct OfRequest {
    pub denied: Denied,
    /// Why it was refused.
    pub cause: Cause,
    /// What would become of it now.
    pub again: Again,
    /// The key whose secret it bore, as it stands now.
    pub key: Option<KeyNow>,
    /// That secret, as verification knows it.
    pub record: Option<Record>,
    /// How many of the key's requests were refused like it within the last days; of a stranger's, at
    /// the same time.
    pub alike: i64,
}

/// What is known of a secret key.
#[derive(Debug)]
pub struct OfSecret {
    /// The secret key, as verification knows it.
    pub record: Record,
    /// Why it does not pass at all; none while it may.
    pub dead: Option<Outcome>,
    pub of_key: OfKey,
}

/// The refused request with this id; none when it is not kept.
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
    let again = record.as_ref().map_or(Again::Alike, |record| Again::of(&denied, record, now));
    let alike = alike(connection, &denied, now)?;
    Ok(Some(OfRequest { denied, cause, again, key, record, alike }))
}

fn alike(connection: &mut Connection, denied: &Denied, now: Timestamp) -> Result<i64> {
    let Some(id) = &denied.key_id else { return Ok(denied.count) };
    let kinds = denials::alike(connection, id, now.plus(-LOOK_BACK * DAY))?;
    let is_alike = |last: &Denied| last.reason == denied.reason && last.detail == denied.detail;
    let kind = kinds.iter().find(|kind| is_alike(&kind.latest));
    Ok(kind.map_or(denied.count, |kind| kind.count))
}

/// The key with this id and its refusals of the last days; none when there is no such key.
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

/// The secret key `secret`; none when it does not exist.
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
