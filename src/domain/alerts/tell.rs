//! Telling people and programs of alerts, in the transaction that opens and closes them.

use super::evaluate::Moved;
use super::{Alert, Email, Preferences, store};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Recorded;
use crate::domain::mail::{self, Message};
use crate::domain::members::{self, Member, Permission};
use crate::domain::settings;
use crate::domain::webhooks::{self, EventType};

/// At which hour of the day, UTC, alerts are told together.
const DIGEST_HOUR: i64 = 8;
/// How many alerts a digest tells of.
const TOLD: i64 = 100;
/// The name of how far digests have got, by the day.
const DIGEST: &str = "digest";

/// Finds the words for what people are told; each message is to nobody yet.
pub trait Letters: Send + Sync {
    /// Alerts that opened, or got more urgent.
    fn opened(&self, alerts: &[&Alert], organisation: &str) -> Result<Message>;

    /// What is open, and what closed, once a day.
    fn digest(&self, open: &[Alert], closed: &[Alert], organisation: &str) -> Result<Message>;

    /// A key that was reported as leaked, as `entry` records.
    fn leaked(&self, key_id: &str, entry: &Recorded) -> Result<Message>;
}

/// Tells of alerts that moved, and once a day of all, as people prefer.
pub(super) fn alerts(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    moved: &Moved,
    preferences: &Preferences,
    now: Timestamp,
) -> Result<()> {
    for alert in &moved.opened {
        let cause = format!("{}:opened", alert.id);
        webhooks::enqueue(tx, EventType::AlertOpened, &cause, &data(alert), now)?;
    }
    for alert in &moved.closed {
        let cause = format!("{}:closed", alert.id);
        webhooks::enqueue(tx, EventType::AlertClosed, &cause, &data(alert), now)?;
    }
    match preferences.email {
        Email::Off => Ok(()),
        Email::AtOnce => at_once(tx, letters, moved, now),
        Email::Daily => daily(tx, letters, now),
    }
}

/// One message of all that opened or got more urgent.
fn at_once(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    moved: &Moved,
    now: Timestamp,
) -> Result<()> {
    let alerts: Vec<&Alert> = moved.opened.iter().chain(&moved.risen).collect();
    if alerts.is_empty() {
        return Ok(());
    }
    let organisation = settings::get(tx)?.organisation;
    let message = letters.opened(&alerts, &organisation)?;
    let cause = format!("alerts:{}", now.millis());
    to_managers(tx, None, &message, &cause, now)?;
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    store::mailed(tx, &ids, now)
}

/// Once a day what is open, and what closed since the day before; nothing on a day without either.
fn daily(tx: &mut Transaction<'_>, letters: &dyn Letters, now: Timestamp) -> Result<()> {
    let day = now.plus(-DIGEST_HOUR * HOUR).day();
    match store::progress(tx, DIGEST)? {
        Some(last) if last >= day => return Ok(()),
        // Just turned on: the first comes on the next day.
        None => return store::set_progress(tx, DIGEST, day),
        Some(_) => store::set_progress(tx, DIGEST, day)?,
    }
    let open = store::open(tx, TOLD)?;
    let mut closed = store::moved(tx, now.plus(-DAY), TOLD)?;
    closed.retain(|alert| alert.closed_at.is_some());
    if open.is_empty() && closed.is_empty() {
        return Ok(());
    }
    let organisation = settings::get(tx)?.organisation;
    let message = letters.digest(&open, &closed, &organisation)?;
    to_managers(tx, None, &message, &format!("digest:{day}"), now)
}

/// Queues a message to everybody who watches over keys, but for `except`.
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

/// The super managers who may see keys.
fn managers(connection: &mut Connection) -> Result<Vec<Member>> {
    let mut managers = members::list(connection)?;
    managers.retain(|member| member.is_active() && member.may(Permission::ViewKeys));
    Ok(managers)
}

/// An alert as webhooks tell it.
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
