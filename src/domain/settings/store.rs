//! The SQL of the settings: one row.

use diesel::prelude::*;

use super::Settings;
use crate::base::error::Result;
use crate::db::schema::settings;
use crate::db::{Connection, Transaction};

#[derive(Queryable, Selectable)]
#[diesel(table_name = settings)]
struct Row {
    organisation: String,
    secret_prefix: String,
    maximum_lifetime_days: i32,
    default_lifetime_days: i32,
    active_key_limit: i64,
    rotation_days_production: i32,
    rotation_days_staging: i32,
    rotation_days_development: i32,
    session_idle_minutes: i32,
    session_hours: i32,
    hourly_counts_days: i32,
    daily_counts_days: i32,
    denials_days: i32,
    review_days: i32,
    version: i64,
}

pub(super) fn get(connection: &mut Connection) -> Result<Settings> {
    let row: Row = settings::table.select(Row::as_select()).first(connection)?;
    Ok(Settings {
        organisation: row.organisation,
        secret_prefix: row.secret_prefix,
        maximum_lifetime_days: row.maximum_lifetime_days,
        default_lifetime_days: row.default_lifetime_days,
        active_key_limit: row.active_key_limit,
        rotation_days: [
            row.rotation_days_production,
            row.rotation_days_staging,
            row.rotation_days_development,
        ],
        session_idle_minutes: row.session_idle_minutes,
        session_hours: row.session_hours,
        hourly_counts_days: row.hourly_counts_days,
        daily_counts_days: row.daily_counts_days,
        denials_days: row.denials_days,
        review_days: row.review_days,
        version: row.version,
    })
}

pub(super) fn master_key_check(connection: &mut Connection) -> Result<Option<String>> {
    Ok(settings::table.select(settings::master_key_check).first(connection).optional()?)
}

macro_rules! values {
    ($settings:ident) => {{
        let [production, staging, development] = $settings.rotation_days;
        (
            settings::organisation.eq(&$settings.organisation),
            settings::secret_prefix.eq(&$settings.secret_prefix),
            settings::maximum_lifetime_days.eq($settings.maximum_lifetime_days),
            settings::default_lifetime_days.eq($settings.default_lifetime_days),
            settings::active_key_limit.eq($settings.active_key_limit),
            settings::rotation_days_production.eq(production),
            settings::rotation_days_staging.eq(staging),
            settings::rotation_days_development.eq(development),
            settings::session_idle_minutes.eq($settings.session_idle_minutes),
            settings::session_hours.eq($settings.session_hours),
            settings::hourly_counts_days.eq($settings.hourly_counts_days),
            settings::daily_counts_days.eq($settings.daily_counts_days),
            settings::denials_days.eq($settings.denials_days),
            settings::review_days.eq($settings.review_days),
            settings::version.eq($settings.version),
        )
    }};
}

pub(super) fn insert(tx: &mut Transaction<'_>, new: &Settings, check: &str) -> Result<()> {
    diesel::insert_into(settings::table)
        .values((settings::id.eq(1), values!(new), settings::master_key_check.eq(check)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn update(tx: &mut Transaction<'_>, new: &Settings) -> Result<()> {
    diesel::update(settings::table).set(values!(new)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn names_folded(connection: &mut Connection) -> Result<i64> {
    Ok(settings::table.select(settings::names_folded).first(connection)?)
}

pub(super) fn set_names_folded(tx: &mut Transaction<'_>, folding: i64) -> Result<()> {
    diesel::update(settings::table).set(settings::names_folded.eq(folding)).execute(&mut **tx)?;
    Ok(())
}
