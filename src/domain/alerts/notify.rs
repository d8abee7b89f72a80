//! Notifies people and programs of alerts, in the transaction that opens or closes the alerts.

use super::evaluate::Transitions;
use super::{Alert, Email, Preferences, store};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::RecordedEntry;
use crate::domain::mail::{self, Message};
use crate::domain::members::{self, Member, MemberId, Permission};
use crate::domain::settings;
use crate::domain::webhooks::{self, EventType};

/// The hour of the day, in UTC, when the daily digest is sent.
const DIGEST_HOUR: i64 = 8;
/// How many alerts a digest can contain.
const MAX_ALERTS: i64 = 100;
/// The name under which the day of the last digest is stored.
const DIGEST: &str = "digest";

/// Writes the text of messages. The messages do not have a recipient yet.
pub trait Letters: Send + Sync {
    /// The message about alerts that were opened or became more urgent.
    fn opened(&self, alerts: &[&Alert], organisation: &str) -> Result<Message>;

    /// The daily message about open and recently closed alerts.
    fn digest(&self, open: &[Alert], closed: &[Alert], organisation: &str) -> Result<Message>;

    /// The message about a key that was reported as leaked, as recorded in `entry`.
    fn leaked(&self, key_id: &str, entry: &RecordedEntry) -> Result<Message>;

    /// The message to a member about their sign-in from a new network, as recorded in `entry`.
    fn new_network(&self, organisation: &str, entry: &RecordedEntry) -> Result<Message>;

    /// The message about a break-glass member who signed in while passwords were off, as recorded in
    /// `entry`.
    fn break_glass(&self, organisation: &str, entry: &RecordedEntry) -> Result<Message>;
}

/// Queues the messages about alerts that changed, and the daily digest, according to the
/// preferences.
pub(super) fn alerts(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    transitions: &Transitions,
    preferences: &Preferences,
    now: Timestamp,
) -> Result<()> {
    for alert in &transitions.opened {
        let cause = format!("{}:opened", alert.id);
        webhooks::enqueue(tx, EventType::AlertOpened, &cause, &data(alert), now)?;
    }
    for alert in &transitions.closed {
        let cause = format!("{}:closed", alert.id);
        webhooks::enqueue(tx, EventType::AlertClosed, &cause, &data(alert), now)?;
    }
    match preferences.email {
        Email::Off => Ok(()),
        Email::AtOnce => at_once(tx, letters, transitions, now),
        Email::Daily => daily(tx, letters, now),
    }
}

/// Queues one message about all alerts that were opened or became more urgent.
fn at_once(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    transitions: &Transitions,
    now: Timestamp,
) -> Result<()> {
    let alerts: Vec<&Alert> = transitions.opened.iter().chain(&transitions.escalated).collect();
    if alerts.is_empty() {
        return Ok(());
    }
    let organisation = settings::get(tx)?.organisation;
    let message = letters.opened(&alerts, &organisation)?;
    let cause = format!("alerts:{}", now.millis());
    to_managers(tx, None, &message, &cause, now)?;
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    store::set_mailed(tx, &ids, now)
}

/// Queues the daily digest of open alerts and of those that closed since the day before. Without
/// any such alerts, nothing is sent.
fn daily(tx: &mut Transaction<'_>, letters: &dyn Letters, now: Timestamp) -> Result<()> {
    let day = now.plus(-DIGEST_HOUR * HOUR).day();
    match store::progress(tx, DIGEST)? {
        Some(last) if last >= day => return Ok(()),
        // The digest was just turned on, so the first one is sent on the next day.
        None => return store::set_progress(tx, DIGEST, day),
        Some(_) => store::set_progress(tx, DIGEST, day)?,
    }
    let open = store::open(tx, MAX_ALERTS)?;
    let mut closed = store::changed_since(tx, now.plus(-DAY), MAX_ALERTS)?;
    closed.retain(|alert| alert.closed_at.is_some());
    if open.is_empty() && closed.is_empty() {
        return Ok(());
    }
    let organisation = settings::get(tx)?.organisation;
    let message = letters.digest(&open, &closed, &organisation)?;
    to_managers(tx, None, &message, &format!("digest:{day}"), now)
}

/// Queues a message to every manager of keys except `except`.
pub(super) fn to_managers(
    tx: &mut Transaction<'_>,
    except: Option<&str>,
    message: &Message,
    cause: &str,
    now: Timestamp,
) -> Result<()> {
    for member in managers(tx)? {
        if except != Some(member.id.as_str()) {
            let message = Message { to: member.email.as_str().into(), ..message.clone() };
            mail::queue(tx, &message, cause, now)?;
        }
    }
    Ok(())
}

/// Queues a message to every super manager about the sign-in by a break-glass member, whatever the
/// alert preferences are.
pub(super) fn of_break_glass(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    entry: &RecordedEntry,
    cause: &str,
    now: Timestamp,
) -> Result<()> {
    let message = letters.break_glass(&settings::get(tx)?.organisation, entry)?;
    for member in members::list(tx)? {
        if member.is_active() && member.is_super_manager() {
            let message = Message { to: member.email.as_str().into(), ..message.clone() };
            mail::queue(tx, &message, cause, now)?;
        }
    }
    Ok(())
}

/// Queues a message to the member who signed in from a network that is new for them, whatever the
/// alert preferences are.
pub(super) fn of_new_network(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    entry: &RecordedEntry,
    cause: &str,
    now: Timestamp,
) -> Result<()> {
    let id = entry.subject_id.clone().map(MemberId::stored);
    let member = id.map(|id| members::find(tx, &id)).transpose()?.flatten();
    let Some(member) = member else { return Ok(()) };
    let message = letters.new_network(&settings::get(tx)?.organisation, entry)?;
    let message = Message { to: member.email.as_str().into(), ..message };
    mail::queue(tx, &message, cause, now)
}

/// The active members who have the permission to see keys.
fn managers(connection: &mut Connection) -> Result<Vec<Member>> {
    let mut managers = members::list(connection)?;
    managers.retain(|member| member.is_active() && member.may(Permission::ViewKeys));
    Ok(managers)
}

/// An alert as webhooks describe it.
fn data(alert: &Alert) -> serde_json::Value {
    serde_json::json!({
        "alert": {
            "id": alert.id,
            "rule": alert.rule.map(|rule| rule.as_str()),
            "key_id": alert.key_id,
            "title": alert.title,
            "detail": alert.detail,
            "since": alert.since.rfc_3339(),
            "opened_at": alert.opened_at.rfc_3339(),
            "closed_at": alert.closed_at.map(Timestamp::rfc_3339),
        }
    })
}
