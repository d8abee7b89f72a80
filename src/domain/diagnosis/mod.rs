//! Explains why a request was denied, given its id, a Key ID or a secret key, and what the key may
//! do now.
//!
//! Reads what other modules store, and stores nothing itself. The facts are determined here; the
//! pages put them into words.

mod cause;
mod key;
mod question;

pub use cause::{Cause, MissingScope, Retry};
pub use key::{CurrentKey, DenialDiagnosis, KeyDiagnosis};
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
pub const LOOKBACK_DAYS: i64 = 30;

/// What is known about a denied request.
#[derive(Debug)]
pub struct RequestDiagnosis {
    pub denied: Denial,
    /// Why it was denied.
    pub cause: Cause,
    /// What would happen if it were sent again now.
    pub retry: Retry,
    /// The key whose secret it had, as the key is now.
    pub key: Option<CurrentKey>,
    /// The secret, as verification sees it.
    pub record: Option<Record>,
    /// The number of requests that were denied for the same reason: of a key, within the last
    /// [`LOOKBACK_DAYS`] days; without a known key, at the same time.
    pub count: i64,
}

/// What is known about a secret key.
#[derive(Debug)]
pub struct SecretDiagnosis {
    /// The secret key, as verification sees it.
    pub record: Record,
    /// Why no request with it is allowed; `None` if it works.
    pub inactive: Option<Outcome>,
    pub key_diagnosis: KeyDiagnosis,
}

/// The denied request with this id; `None` if it is not stored.
pub fn diagnose_request(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<RequestDiagnosis>> {
    let Some(denied) = denials::find(connection, id)? else { return Ok(None) };
    let key = match &denied.key_id {
        Some(id) => CurrentKey::find(connection, id)?,
        None => None,
    };
    let secret = denied.key_id.zip(denied.secret);
    let record = match secret.map(|(key_id, number)| Secret { key_id, number }) {
        Some(secret) => verification::find_by_number(connection, secret)?,
        None => None,
    };
    let cause = Cause::of(&denied, key.as_ref());
    let retry = record.as_ref().map_or(Retry::SameResult, |record| Retry::of(&denied, record, now));
    let count = count_similar(connection, &denied, now)?;
    Ok(Some(RequestDiagnosis { denied, cause, retry, key, record, count }))
}

fn count_similar(connection: &mut Connection, denied: &Denial, now: Timestamp) -> Result<i64> {
    let Some(id) = &denied.key_id else { return Ok(denied.count) };
    let groups = denials::groups(connection, id, now.plus(-LOOKBACK_DAYS * DAY))?;
    let is_alike = |last: &Denial| last.reason == denied.reason && last.detail == denied.detail;
    let group = groups.iter().find(|group| is_alike(&group.latest));
    Ok(group.map_or(denied.count, |group| group.count))
}

/// The key with this id and its denied requests within the last [`LOOKBACK_DAYS`] days; `None` if
/// there is no such key.
pub fn diagnose_key(
    connection: &mut Connection,
    id: &KeyId,
    now: Timestamp,
) -> Result<Option<KeyDiagnosis>> {
    let Some(key) = CurrentKey::find(connection, id)? else { return Ok(None) };
    let groups = denials::groups(connection, id, now.plus(-LOOKBACK_DAYS * DAY))?;
    let mut key_diagnosis = KeyDiagnosis {
        key,
        groups: Vec::new(),
        more: groups.len().saturating_sub(KeyDiagnosis::MAX_GROUPS),
    };
    for group in groups.into_iter().take(KeyDiagnosis::MAX_GROUPS) {
        let secret = group.latest.secret.map(|number| Secret { key_id: *id, number });
        let record = match secret {
            Some(secret) => verification::find_by_number(connection, secret)?,
            None => None,
        };
        key_diagnosis.groups.push(DenialDiagnosis::new(
            group,
            &key_diagnosis.key,
            record.as_ref(),
            now,
        ));
    }
    Ok(Some(key_diagnosis))
}

/// The secret key `secret`; `None` if it does not exist.
pub fn diagnose_secret(
    connection: &mut Connection,
    secret: &SecretKey,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Option<SecretDiagnosis>> {
    let Some(record) = verification::find(connection, secret, keyring)? else { return Ok(None) };
    let key_diagnosis = diagnose_key(connection, &record.secret.key_id, now)?;
    let inactive = cause::inactive_outcome(&record, now);
    Ok(key_diagnosis.map(|key_diagnosis| SecretDiagnosis { record, inactive, key_diagnosis }))
}
