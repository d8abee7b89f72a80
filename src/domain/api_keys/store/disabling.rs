//! The SQL of disabled keys.

use diesel::prelude::*;

use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::api_keys;
use crate::db::{Connection, Transaction};
use crate::domain::api_keys::{FollowUp, KeyId};
use crate::domain::settings::Settings;

/// Since when and for how long a key is disabled; everything is empty if it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct Disabling {
    #[diesel(column_name = disabled_at)]
    pub at: Option<Timestamp>,
    /// The id of the member who disabled it; `None` from the command line.
    #[diesel(column_name = disabled_by)]
    pub by: Option<String>,
    #[diesel(column_name = disabled_reason)]
    pub reason: String,
    /// When `then` happens. Without `then`, something was due at this time and was skipped.
    #[diesel(column_name = disabled_until)]
    pub until: Option<Timestamp>,
    #[diesel(column_name = disabled_then)]
    pub then: Option<FollowUp>,
    /// Whether a request came with the key since then.
    #[diesel(column_name = disabled_used)]
    pub is_used: bool,
}

pub(in crate::domain::api_keys) fn set_disabling(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    settings: &Settings,
) -> Result<()> {
    let disabling = &key.disabling;
    diesel::update(api_keys::table.find(&key.id))
        .set((
            api_keys::disabled_at.eq(disabling.at),
            api_keys::disabled_by.eq(&disabling.by),
            api_keys::disabled_reason.eq(&disabling.reason),
            api_keys::disabled_until.eq(disabling.until),
            api_keys::disabled_then.eq(disabling.then),
            api_keys::disabled_used.eq(disabling.is_used),
            api_keys::version.eq(key.version),
            api_keys::attention_at.eq(key.attention_at(settings)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The keys that are not revoked and whose schedule is due by `until`, first due first, at most
/// `limit`; with `then`, only those for which that is scheduled.
pub(in crate::domain::api_keys) fn scheduled(
    connection: &mut Connection,
    then: Option<FollowUp>,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let query = api_keys::table
        .filter(api_keys::disabled_then.is_not_null())
        .filter(api_keys::disabled_until.le(until))
        .filter(api_keys::revoked_at.is_null())
        .order((api_keys::disabled_until, api_keys::id))
        .limit(limit)
        .select(ApiKey::as_select())
        .into_boxed();
    let query = match then {
        Some(then) => query.filter(api_keys::disabled_then.eq(then)),
        None => query,
    };
    Ok(query.load(connection)?)
}

/// The keys whose schedule was due and was skipped, at most `limit`.
pub(in crate::domain::api_keys) fn skipped(
    connection: &mut Connection,
    limit: i64,
) -> Result<Vec<KeyId>> {
    Ok(api_keys::table
        .filter(api_keys::disabled_at.is_not_null().and(api_keys::revoked_at.is_null()))
        .filter(api_keys::disabled_until.is_not_null().and(api_keys::disabled_then.is_null()))
        .order((api_keys::disabled_at, api_keys::id))
        .limit(limit)
        .select(api_keys::id)
        .load(connection)?)
}

/// Records that requests came with the disabled keys among `ids`. Returns those for which this is
/// new. For up to a few hundred ids.
pub(in crate::domain::api_keys) fn mark_used(
    tx: &mut Transaction<'_>,
    ids: &[&str],
) -> Result<Vec<KeyId>> {
    let new: Vec<KeyId> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .filter(api_keys::disabled_at.is_not_null().and(api_keys::disabled_used.eq(false)))
        .select(api_keys::id)
        .load(&mut **tx)?;
    if !new.is_empty() {
        diesel::update(api_keys::table.filter(api_keys::id.eq_any(&new)))
            .set(api_keys::disabled_used.eq(true))
            .execute(&mut **tx)?;
    }
    Ok(new)
}
