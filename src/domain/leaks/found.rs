//! Whose the secret keys are that were found in a text.

use std::collections::BTreeMap;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey, KeyId, SecretKey};
use crate::domain::verification::{self, Record};

/// A secret key that was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// It is a key's.
    Known {
        key: Box<ApiKey>,
        /// Which of its secrets.
        number: i64,
        /// Whether that one works.
        standing: Standing,
    },
    /// It is well formed, and none that exists: how it begins, as `lk_prod`.
    Unknown(String),
}

/// Which of a key's secrets one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Current,
    /// The one before, which works until then.
    Old(Timestamp),
    /// One that another stands in for.
    Superseded,
}

/// Whose each of `secrets`, [`super::MOST`] at most, is.
pub fn identify(
    connection: &mut Connection,
    secrets: &[SecretKey],
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Vec<Found>> {
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
            || Found::Unknown((*start).to_owned()),
            |(record, key)| Found::Known {
                key: Box::new(key.clone()),
                number: record.secret.number,
                standing: standing(record, now),
            },
        )
    });
    Ok(found.collect())
}

fn standing(record: &Record, now: Timestamp) -> Standing {
    match record.superseded_at {
        None => Standing::Current,
        Some(end) if now < end.min(record.secret_expires_at) => Standing::Old(end),
        Some(_) => Standing::Superseded,
    }
}
