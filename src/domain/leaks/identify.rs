//! Finds the keys to which the secret keys in a text belong.

use std::collections::BTreeMap;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, KeyId, SecretKey};
use crate::domain::verification::{self, Record};

/// A secret key that was found.
#[derive(Clone, Debug)]
pub enum ScannedSecret {
    /// It belongs to a key.
    Known {
        key: Box<ApiKey>,
        /// The number of the key's secret.
        number: i64,
        /// Whether this secret works.
        state: SecretState,
    },
    /// It is well formed but does not exist. Contains its start, for example `lk_prod`.
    Unknown(String),
}

/// The state of a secret of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretState {
    Current,
    /// The previous secret, which works until this time.
    Old(Timestamp),
    /// A newer secret has superseded it.
    Superseded,
}

/// Finds the keys to which `secrets`, at most [`super::MAX_SECRETS`], belong.
pub fn identify(
    connection: &mut Connection,
    secrets: &[SecretKey],
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Vec<ScannedSecret>> {
    let mut records = Vec::new();
    for secret in secrets {
        records.push((secret.start(), verification::find(connection, secret, keyring)?));
    }
    let known = records.iter().filter_map(|(_, record)| record.as_ref());
    let ids: Vec<&str> = known.map(|record| record.secret.key_id.as_str()).collect();
    let keys: BTreeMap<KeyId, ApiKey> =
        api_keys::by_ids(connection, &ids)?.into_iter().map(|key| (key.id, key)).collect();
    let found = records.iter().map(|(start, record)| {
        let known = record.as_ref().zip(record.as_ref().and_then(|r| keys.get(&r.secret.key_id)));
        known.map_or_else(
            || ScannedSecret::Unknown((*start).to_owned()),
            |(record, key)| ScannedSecret::Known {
                key: Box::new(key.clone()),
                number: record.secret.number,
                state: state(record, now),
            },
        )
    });
    Ok(found.collect())
}

fn state(record: &Record, now: Timestamp) -> SecretState {
    match record.superseded_at {
        None => SecretState::Current,
        Some(end) if now < end.min(record.secret_expires_at) => SecretState::Old(end),
        Some(_) => SecretState::Superseded,
    }
}
