//! The SQL of alerts and their settings.

use diesel::prelude::*;

use super::{Alert, Email, Found, Rule};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{alert_rules_off, alert_settings, alerts, progress};
use crate::db::{Connection, Transaction};

#[derive(Queryable, Selectable)]
#[diesel(table_name = alerts)]
struct Row {
    id: String,
    rule: String,
    cause: String,
    key_id: Option<String>,
    title: String,
    detail: String,
    level: i64,
    since: Timestamp,
    opened_at: Timestamp,
    seen_at: Timestamp,
    closed_at: Option<Timestamp>,
    mailed_at: Option<Timestamp>,
}

impl From<Row> for Alert {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            rule: Rule::parse(&row.rule),
            cause: row.cause,
            key_id: row.key_id,
            title: row.title,
            detail: row.detail,
            level: row.level,
            since: row.since,
            opened_at: row.opened_at,
            seen_at: row.seen_at,
            closed_at: row.closed_at,
            mailed_at: row.mailed_at,
        }
    }
}

/// Open alerts, the newest first, at most `limit`.
pub(super) fn open(connection: &mut Connection, limit: i64) -> Result<Vec<Alert>> {
    let rows: Vec<Row> = alerts::table
        .filter(alerts::closed_at.is_null())
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) fn count_open(connection: &mut Connection, limit: i64) -> Result<i64> {
    let ids: Vec<String> = alerts::table
        .filter(alerts::closed_at.is_null())
        .limit(limit)
        .select(alerts::id)
        .load(connection)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Closed alerts, the last closed first.
pub(super) fn closed(connection: &mut Connection, walk: &Walk<Timestamp>) -> Result<Vec<Alert>> {
    let query = alerts::table.filter(alerts::closed_at.is_not_null()).select(Row::as_select());
    let query = keyset!(query.into_boxed(), walk, desc(alerts::closed_at, alerts::id));
    let rows: Vec<Row> = query.load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Alerts that were opened or closed from `since` on, the newest first, at most `limit`.
pub(super) fn moved(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Alert>> {
    let rows: Vec<Row> = alerts::table
        .filter(alerts::opened_at.ge(since).or(alerts::closed_at.ge(since).assume_not_null()))
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    id: &str,
    found: &Found,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(alerts::table)
        .values((
            alerts::id.eq(id),
            alerts::rule.eq(found.rule.name()),
            alerts::cause.eq(&found.cause),
            alerts::key_id.eq(&found.key_id),
            alerts::title.eq(&found.title),
            alerts::detail.eq(&found.detail),
            alerts::level.eq(found.level),
            alerts::since.eq(found.since),
            alerts::opened_at.eq(now),
            alerts::seen_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Says what an open alert's cause has come to.
pub(super) fn update(
    tx: &mut Transaction<'_>,
    id: &str,
    found: &Found,
    now: Timestamp,
) -> Result<()> {
    diesel::update(alerts::table.find(id))
        .set((
            alerts::title.eq(&found.title),
            alerts::detail.eq(&found.detail),
            alerts::level.eq(found.level),
            alerts::seen_at.eq(now),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn close(tx: &mut Transaction<'_>, id: &str, now: Timestamp) -> Result<()> {
    diesel::update(alerts::table.find(id)).set(alerts::closed_at.eq(now)).execute(&mut **tx)?;
    Ok(())
}

/// Notes that alerts were told by email.
pub(super) fn mailed(tx: &mut Transaction<'_>, ids: &[&str], now: Timestamp) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::id.eq_any(ids)))
        .set(alerts::mailed_at.eq(now))
        .execute(&mut **tx)?;
    Ok(())
}

/// Forgets alerts that closed before `before`, at most `limit`; returns how many.
pub(super) fn forget(tx: &mut Transaction<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let old: Vec<String> = alerts::table
        .filter(alerts::closed_at.lt(before))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(alerts::id)
        .load(&mut **tx)?;
    Ok(diesel::delete(alerts::table.filter(alerts::id.eq_any(old))).execute(&mut **tx)?)
}

pub(super) fn off(connection: &mut Connection) -> Result<Vec<Rule>> {
    let names: Vec<String> =
        alert_rules_off::table.select(alert_rules_off::rule).load(connection)?;
    Ok(names.iter().filter_map(|name| Rule::parse(name)).collect())
}

pub(super) fn set_off(tx: &mut Transaction<'_>, off: &[Rule]) -> Result<()> {
    diesel::delete(alert_rules_off::table).execute(&mut **tx)?;
    for rule in off {
        diesel::insert_into(alert_rules_off::table)
            .values(alert_rules_off::rule.eq(rule.name()))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn email(connection: &mut Connection) -> Result<Email> {
    let name: String = alert_settings::table.select(alert_settings::email).first(connection)?;
    Ok(Email::parse(&name).unwrap_or_default())
}

pub(super) fn set_email(tx: &mut Transaction<'_>, email: Email) -> Result<()> {
    diesel::update(alert_settings::table)
        .set(alert_settings::email.eq(email.name()))
        .execute(&mut **tx)?;
    Ok(())
}

/// How far the work of that name has got.
pub(super) fn progress(connection: &mut Connection, name: &str) -> Result<Option<i64>> {
    let value = progress::table.find(name).select(progress::value);
    Ok(value.first(connection).optional()?)
}

pub(super) fn set_progress(tx: &mut Transaction<'_>, name: &str, value: i64) -> Result<()> {
    let changed = diesel::update(progress::table.find(name))
        .set(progress::value.eq(value))
        .execute(&mut **tx)?;
    if changed == 0 {
        diesel::insert_into(progress::table)
            .values((progress::name.eq(name), progress::value.eq(value)))
            .execute(&mut **tx)?;
    }
    Ok(())
}
