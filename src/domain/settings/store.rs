//! The SQL of the settings: one row.

use diesel::prelude::*;

use crate::base::error::Result;
use crate::db::schema::settings;
use crate::db::{Connection, Transaction};

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = settings)]
pub struct Settings {
    /// The organisation's name; empty before set-up.
    pub organisation: String,
    /// What new secret keys start with: 2 to 8 lower-case letters or digits.
    pub secret_prefix: String,
    /// The longest lifetime of a key, in days; 365 at most.
    pub maximum_lifetime_days: i32,
    /// The lifetime that the form proposes, in days.
    pub default_lifetime_days: i32,
    /// How many keys may be active at once.
    pub active_key_limit: i64,
    /// After how many days a key's rotation is due.
    pub rotation_days_production: i32,
    pub rotation_days_staging: i32,
    pub rotation_days_development: i32,
    /// After how many minutes without a request a session ends.
    pub session_idle_minutes: i32,
    /// After how many hours a session ends in any case.
    pub session_hours: i32,
    /// For how many days counts by the hour are kept, and the addresses that keys were used from.
    pub hourly_counts_days: i32,
    /// The same of counts by the day; no shorter.
    pub daily_counts_days: i32,
    /// The same of refused requests.
    pub denials_days: i32,
    /// After how many days a review of all keys is due; 0: never.
    pub review_days: i32,
    pub version: i64,
}

pub(super) fn get(connection: &mut Connection) -> Result<Settings> {
    Ok(settings::table.select(Settings::as_select()).first(connection)?)
}

pub(super) fn master_key_check(connection: &mut Connection) -> Result<Option<String>> {
    Ok(settings::table.select(settings::master_key_check).first(connection).optional()?)
}

pub(super) fn insert(tx: &mut Transaction<'_>, new: &Settings, check: &str) -> Result<()> {
    diesel::insert_into(settings::table)
        .values((settings::id.eq(1), new, settings::master_key_check.eq(check)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn update(tx: &mut Transaction<'_>, new: &Settings) -> Result<()> {
    diesel::update(settings::table).set(new).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn names_folded(connection: &mut Connection) -> Result<i64> {
    Ok(settings::table.select(settings::names_folded).first(connection)?)
}

pub(super) fn set_names_folded(tx: &mut Transaction<'_>, folding: i64) -> Result<()> {
    diesel::update(settings::table).set(settings::names_folded.eq(folding)).execute(&mut **tx)?;
    Ok(())
}
