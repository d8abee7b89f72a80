//! The SQL of alerts and their settings.

use diesel::prelude::*;

use super::{Email, Finding, Rule};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{alert_rules_off, alert_settings, alerts, progress};
use crate::db::types::IfKnown;
use crate::db::{Connection, Transaction};

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alerts)]
pub struct Alert {
    /// `alt_` and 16 letters or digits.
    pub id: String,
    /// The rule that opened it; `None` if this version does not know the rule.
    #[diesel(deserialize_as = IfKnown<Rule>)]
    pub rule: Option<Rule>,
    /// Identifies the alert among the alerts of its rule.
    pub cause: String,
    /// The key that the alert is about.
    pub key_id: Option<String>,
    pub title: String,
    /// Further details.
    pub detail: String,
    /// The urgency within the rule.
    pub level: i64,
    /// When the cause began.
    pub since: Timestamp,
    pub opened_at: Timestamp,
    /// When the cause was last found.
    pub seen_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// When it was last sent by email.
    pub mailed_at: Option<Timestamp>,
}

/// Open alerts, newest first, at most `limit`.
pub(super) fn open(connection: &mut Connection, limit: i64) -> Result<Vec<Alert>> {
    Ok(alerts::table
        .filter(alerts::closed_at.is_null())
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .limit(limit)
        .select(Alert::as_select())
        .load(connection)?)
}

/// The rule and the key of each alert that [`open`] returns.
pub(super) fn rules_and_keys_of_open(
    connection: &mut Connection,
    limit: i64,
) -> Result<Vec<(Option<Rule>, Option<String>)>> {
    let open: Vec<(IfKnown<Rule>, Option<String>)> = alerts::table
        .filter(alerts::closed_at.is_null())
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .limit(limit)
        .select((alerts::rule, alerts::key_id))
        .load(connection)?;
    Ok(open.into_iter().map(|(rule, key)| (rule.0, key)).collect())
}

/// Closed alerts, most recently closed first.
pub(super) fn closed(connection: &mut Connection, walk: &Walk<Timestamp>) -> Result<Vec<Alert>> {
    let query = alerts::table.filter(alerts::closed_at.is_not_null()).select(Alert::as_select());
    Ok(keyset!(query.into_boxed(), walk, desc(alerts::closed_at, alerts::id)).load(connection)?)
}

/// Alerts that were opened or closed since `since`, newest first, at most `limit`.
pub(super) fn changed_since(
    connection: &mut Connection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Alert>> {
    Ok(alerts::table
        .filter(alerts::opened_at.ge(since).or(alerts::closed_at.ge(since).assume_not_null()))
        .order((alerts::opened_at.desc(), alerts::id.desc()))
        .limit(limit)
        .select(Alert::as_select())
        .load(connection)?)
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    id: &str,
    found: &Finding,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(alerts::table)
        .values((
            alerts::id.eq(id),
            alerts::rule.eq(found.rule),
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

/// Updates an open alert to the current state of its cause.
pub(super) fn update(
    tx: &mut Transaction<'_>,
    id: &str,
    found: &Finding,
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

/// Records that alerts were sent by email.
pub(super) fn set_mailed(tx: &mut Transaction<'_>, ids: &[&str], now: Timestamp) -> Result<()> {
    diesel::update(alerts::table.filter(alerts::id.eq_any(ids)))
        .set(alerts::mailed_at.eq(now))
        .execute(&mut **tx)?;
    Ok(())
}

/// Deletes alerts that closed before `before`, at most `limit`. Returns how many were deleted.
pub(super) fn purge(tx: &mut Transaction<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let old: Vec<String> = alerts::table
        .filter(alerts::closed_at.lt(before))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(alerts::id)
        .load(&mut **tx)?;
    Ok(diesel::delete(alerts::table.filter(alerts::id.eq_any(old))).execute(&mut **tx)?)
}

pub(super) fn disabled_rules(connection: &mut Connection) -> Result<Vec<Rule>> {
    let off: Vec<IfKnown<Rule>> =
        alert_rules_off::table.select(alert_rules_off::rule).load(connection)?;
    Ok(off.into_iter().filter_map(Option::from).collect())
}

pub(super) fn set_disabled_rules(tx: &mut Transaction<'_>, off: &[Rule]) -> Result<()> {
    diesel::delete(alert_rules_off::table).execute(&mut **tx)?;
    for rule in off {
        diesel::insert_into(alert_rules_off::table)
            .values(alert_rules_off::rule.eq(rule))
            .execute(&mut **tx)?;
    }
    Ok(())
}

pub(super) fn email(connection: &mut Connection) -> Result<Email> {
    let IfKnown(email) = alert_settings::table.select(alert_settings::email).first(connection)?;
    Ok(email.unwrap_or_default())
}

pub(super) fn set_email(tx: &mut Transaction<'_>, email: Email) -> Result<()> {
    diesel::update(alert_settings::table)
        .set(alert_settings::email.eq(email))
        .execute(&mut **tx)?;
    Ok(())
}

/// How far the task with this name has progressed.
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
