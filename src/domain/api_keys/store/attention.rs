//! The SQL of keys that need attention because of something outside the key.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{ApiKey, StoredSecret};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::{api_key_secrets, api_keys};
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::KeyId;
use crate::domain::settings::Settings;

/// Stores a key's flags, and the resulting time from which the key needs attention.
pub(in crate::domain::api_keys) fn set_flags(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    settings: &Settings,
) -> Result<()> {
    diesel::update(api_keys::table.find(&key.id))
        .set((
            api_keys::noted_at.eq(key.flagged_at),
            api_keys::reviewed_at.eq(key.snoozed_at),
            api_keys::attention_at.eq(key.attention_at(settings)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::api_keys) fn flagged(
    connection: &mut Connection,
    limit: i64,
) -> Result<Vec<KeyId>> {
    Ok(api_keys::table
        .filter(api_keys::noted_at.is_not_null())
        .order((api_keys::noted_at, api_keys::id))
        .limit(limit)
        .select(api_keys::id)
        .load(connection)?)
}

pub(in crate::domain::api_keys) fn inactive_but_flagged(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::noted_at.le(now))
        .filter(
            api_keys::revoked_at
                .is_not_null()
                .or((api_keys::expires_at + 0).le(now))
                .or(api_keys::disabled_at.is_not_null()),
        )
        .order((api_keys::noted_at.desc(), api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

/// Keys that are not revoked and expire after `after` and by `until`, first to expire first.
pub(in crate::domain::api_keys) fn expiring(
    connection: &mut Connection,
    after: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(after))
        .filter(api_keys::expires_at.le(until))
        .order((api_keys::expires_at, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .load(connection)?)
}

pub(in crate::domain::api_keys) fn no_longer_used(
    connection: &mut Connection,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyId>> {
    Ok(api_keys::table
        .filter(api_keys::revoked_at.is_null())
        // Keys that were never used have 0 here.
        .filter(api_keys::last_used_at.gt(0).and(api_keys::last_used_at.le(before)))
        // Adding 0 keeps the database from using an index on this column instead of the order's
        // index.
        .filter((api_keys::expires_at + 0).gt(now))
        .order((api_keys::last_used_at, api_keys::id))
        .limit(limit)
        .select(api_keys::id)
        .load(connection)?)
}

pub(in crate::domain::api_keys) fn overlapping(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeyId>> {
    Ok(api_key_secrets::table
        .filter(api_key_secrets::superseded_at.gt(now))
        .limit(limit)
        .select(api_key_secrets::key_id)
        .load(connection)?)
}

/// The secrets of the given keys, each newest first.
pub(in crate::domain::api_keys) fn secrets_of(
    connection: &mut Connection,
    ids: &[&str],
) -> Result<BTreeMap<KeyId, Vec<StoredSecret>>> {
    let rows: Vec<(KeyId, StoredSecret)> = api_key_secrets::table
        .filter(api_key_secrets::key_id.eq_any(ids))
        .order(api_key_secrets::number.desc())
        .select((api_key_secrets::key_id, StoredSecret::as_select()))
        .load(connection)?;
    let mut secrets: BTreeMap<KeyId, Vec<StoredSecret>> = BTreeMap::new();
    for (id, secret) in rows {
        secrets.entry(id).or_default().push(secret);
    }
    Ok(secrets)
}

pub(in crate::domain::api_keys) fn needing_attention_among(
    connection: &mut Connection,
    ids: &[&str],
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    let is_due = api_keys::attention_at
        .le(now)
        .and(api_keys::revoked_at.is_null())
        .and(api_keys::expires_at.gt(now));
    let found: Vec<String> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .filter(is_due.or(api_keys::noted_at.le(now).assume_not_null()))
        .select(api_keys::id)
        .load(connection)?;
    Ok(found.into_iter().collect())
}
