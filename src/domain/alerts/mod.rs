//! Alerts, and their notifications to people and programs. The rules find causes. Each cause has
//! one alert, which opens when the cause begins and closes when it has ended.
//!
//! One node at a time evaluates the rules and turns what happened into messages. Uses everything to
//! the left; nothing waits for it.

mod evaluate;
pub mod events;
mod expiries;
mod finding;
mod notify;
mod rule;
mod rules;
mod store;

pub use finding::Finding;
pub use notify::Letters;
pub use rule::Rule;
pub use store::Alert;

use std::sync::Arc;

use crate::base::clock::{DAY, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::error::{Error, Result};
use crate::db::keyset::{Cursor, Page};
use crate::db::types::text_column;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event};
use crate::domain::api_keys;
use crate::domain::{attention, settings};

/// The largest number of open alerts that is counted and shown.
pub const MAX_COUNTED: i64 = 200;
/// How long closed alerts are kept, in milliseconds.
const RETENTION: i64 = 90 * DAY;
/// How many closed alerts are deleted in one transaction.
const BATCH: usize = 1000;

closed_set! {
    /// When alerts are sent by email.
    #[derive(Default)]
    pub enum Email {
        #[default]
        AtOnce = "at_once" "At once",
        /// All together, once a day.
        Daily = "daily" "Once a day",
        Off = "off" "Never",
    }
}
text_column!(Email);

/// Which rules are on, and when alerts are sent by email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// The rules that are on.
    pub on: Vec<Rule>,
    /// When alerts are sent by email.
    pub email: Email,
}

/// The open alerts, newest first, at most [`MAX_COUNTED`], without those whose cause is listed with
/// a key that needs attention.
pub fn open(connection: &mut Connection, now: Timestamp) -> Result<Vec<Alert>> {
    let mut open = store::open(connection, MAX_COUNTED)?;
    let keys: Vec<_> =
        open.iter().map(|alert| listed_key(alert.rule, alert.key_id.as_deref())).collect();
    let mut is_left = not_listed(connection, &keys, now)?.into_iter();
    open.retain(|_| is_left.next().unwrap_or(true));
    Ok(open)
}

/// The number of alerts that [`open`] returns.
pub fn count_open(connection: &mut Connection, now: Timestamp) -> Result<i64> {
    let open = store::rules_and_keys_of_open(connection, MAX_COUNTED)?;
    let keys: Vec<_> = open.iter().map(|(rule, key)| listed_key(*rule, key.as_deref())).collect();
    let left = not_listed(connection, &keys, now)?.into_iter().filter(|is_left| *is_left).count();
    Ok(i64::try_from(left).unwrap_or(i64::MAX))
}

/// The key of an alert, if the causes of its rule are listed with keys that need attention.
fn listed_key(rule: Option<Rule>, key: Option<&str>) -> Option<&str> {
    key.filter(|_| rule.is_some_and(Rule::is_listed_with_key))
}

/// For each alert, whether its cause is not listed with a key that needs attention.
fn not_listed(
    connection: &mut Connection,
    keys: &[Option<&str>],
    now: Timestamp,
) -> Result<Vec<bool>> {
    let ids: Vec<&str> = keys.iter().copied().flatten().collect();
    let listed = api_keys::needing_attention_among(connection, &ids, now)?;
    Ok(keys.iter().map(|key| key.is_none_or(|key| !listed.contains(key))).collect())
}

/// A page of closed alerts, most recently closed first.
pub fn closed(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page<Alert>> {
    let walk = |walk: &_| store::closed(connection, walk);
    Page::load(cursor, walk, |alert| (alert.closed_at.unwrap_or_default(), alert.id.clone()))
}

/// Which rules are on, and when alerts are sent by email.
pub fn preferences(connection: &mut Connection) -> Result<Preferences> {
    let off = store::disabled_rules(connection)?;
    let on = Rule::ALL.into_iter().filter(|rule| !off.contains(rule)).collect();
    Ok(Preferences { on, email: store::email(connection)? })
}

/// Changes which rules are on and when alerts are sent by email. Alerts of a rule that is turned
/// off will close.
///
/// # Errors
/// [`Error::Invalid`] if `email` is not a known setting.
pub fn set_preferences(
    tx: &mut Transaction<'_>,
    on: &[Rule],
    email: &str,
    context: &Context,
) -> Result<()> {
    let email = Email::parse(email);
    let email = email.ok_or_else(|| Error::invalid("email", "Choose when email is sent"))?;
    let before = preferences(tx)?;
    let mut changes: Vec<Change> = Vec::new();
    let state = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    for rule in Rule::ALL {
        let (from, to) = (before.on.contains(&rule), on.contains(&rule));
        if from != to {
            let (from, to) = (state(from), state(to));
            changes.push(Change { field: rule.label().into(), from, to });
        }
    }
    if before.email != email {
        let (from, to) = (before.email.label().to_lowercase(), email.label().to_lowercase());
        changes.push(Change { field: "Email".into(), from, to });
    }
    if changes.is_empty() {
        return Ok(());
    }
    let off: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !on.contains(rule)).collect();
    store::set_disabled_rules(tx, &off)?;
    store::set_email(tx, email)?;
    let details = serde_json::json!({ "changes": changes });
    let entry = Entry::about(Event::AlertsChanged, settings::subject()).with(details);
    activity::record(tx, context, &entry)
}

/// Writes an alert of the past, which nobody is notified of, for the sample organisation.
pub fn import(tx: &mut Transaction<'_>, found: &Finding, closed_at: Timestamp) -> Result<()> {
    let id = evaluate::new_id()?;
    store::insert(tx, &id, found, found.since)?;
    store::close(tx, &id, closed_at)
}

/// Deletes alerts that closed long ago, in batches.
pub async fn purge(db: &Db, now: Timestamp) -> Result<()> {
    db.write_in_batches(move |tx| Ok(store::purge(tx, now.plus(-RETENTION), BATCH)? == BATCH)).await
}

/// Runs once: processes new activity entries, refreshes the attention flags of keys, and evaluates
/// the rules.
pub fn run_once(db: &Db, letters: &Arc<dyn Letters>, now: Timestamp) -> Result<()> {
    events::notify(db, letters, now)?;
    attention::refresh_flags(db, now)?;
    evaluate::evaluate(db, letters, now)
}
