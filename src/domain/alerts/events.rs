//! Sends notifications about activity entries: to webhooks, and, for leaks, sign-ins from new
//! networks and sign-ins by break-glass members, to people.
//!
//! The activity is the outbox. An entry is written in the same transaction as the change that it
//! records, and the number of the last processed entry is stored in the same transaction as the
//! messages. So every entry is processed, and its messages are queued exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Letters, notify, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Event, Filter, RecordedEntry};
use crate::domain::api_keys::{self, Details, KeyId};
use crate::domain::webhooks::{self, EventType};

/// The name under which the number of the last processed entry is stored.
const PROGRESS: &str = "told";
/// How many entries are processed in one transaction.
const BATCH: i64 = 100;

/// How many entries [`queue_past`] reads.
const MAX_PAST: i64 = 1_000;

/// Processes all new entries. If there are none, this costs two look-ups.
pub fn notify(db: &Db, letters: &Arc<dyn Letters>, now: Timestamp) -> Result<()> {
    loop {
        let (processed, last) = db.read_in_background(|c| {
            Ok((store::progress(c, PROGRESS)?.unwrap_or_default(), activity::last_number(c)?))
        })?;
        if processed >= last {
            return Ok(());
        }
        let letters = Arc::clone(letters);
        db.write_in_background(move |tx| process_batch(tx, &*letters, now))?;
    }
}

fn process_batch(tx: &mut Transaction<'_>, letters: &dyn Letters, now: Timestamp) -> Result<()> {
    let processed = store::progress(tx, PROGRESS)?.unwrap_or_default();
    let entries = activity::range(tx, &Filter::default(), (processed + 1, processed + BATCH))?;
    for entry in &entries {
        process_entry(tx, letters, entry, now)?;
    }
    let last = entries.last().map_or(processed, |entry| entry.number);
    store::set_progress(tx, PROGRESS, last)
}

/// Queues the messages to webhooks about the latest entries, back to `since`, and counts every entry
/// as processed, so that nobody is notified of what happened in the sample organisation.
pub fn queue_past(tx: &mut Transaction<'_>, since: Timestamp, now: Timestamp) -> Result<()> {
    let last = activity::last_number(tx)?;
    let latest = (last - MAX_PAST + 1, last);
    for entry in activity::range(tx, &Filter::default(), latest)? {
        if entry.at >= since {
            queue_message(tx, &entry, now)?;
        }
    }
    store::set_progress(tx, PROGRESS, last)
}

fn process_entry(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    entry: &RecordedEntry,
    now: Timestamp,
) -> Result<()> {
    match Event::parse(&entry.event) {
        Some(Event::NewNetwork) => {
            return notify::of_new_network(tx, letters, entry, &cause(entry), now);
        }
        Some(Event::BreakGlassSignIn) => {
            return notify::of_break_glass(tx, letters, entry, &cause(entry), now);
        }
        _ => {}
    }
    let Some((EventType::KeyLeaked, id)) = queue_message(tx, entry, now)? else { return Ok(()) };
    // The other super managers are notified at once, whatever their alert preferences are.
    let message = letters.leaked(id.as_str(), entry)?;
    notify::to_managers(tx, entry.actor_id.as_deref(), &message, &cause(entry), now)
}

/// Queues the messages to webhooks about an entry. Returns its event and key if it is about one.
fn queue_message(
    tx: &mut Transaction<'_>,
    entry: &RecordedEntry,
    now: Timestamp,
) -> Result<Option<(EventType, KeyId)>> {
    let event = match Event::parse(&entry.event) {
        Some(Event::KeyCreated) => EventType::KeyCreated,
        Some(Event::KeyEdited) => EventType::KeyEdited,
        Some(Event::KeyRotated) => EventType::KeyRotated,
        Some(Event::KeyRevoked) => EventType::KeyRevoked,
        Some(Event::KeyDisabled) => EventType::KeyDisabled,
        Some(Event::KeyEnabled) => EventType::KeyEnabled,
        Some(Event::KeyLeaked) => EventType::KeyLeaked,
        _ => return Ok(None),
    };
    let Some(id) = entry.subject_id.as_deref().and_then(KeyId::parse) else { return Ok(None) };
    if let Some(mut data) = key(tx, &id, now)? {
        data["actor"] = json!({ "kind": entry.actor_kind, "name": entry.actor_name });
        data["activity"] = json!(entry.number);
        webhooks::enqueue(tx, event, &cause(entry), &data, entry.at)?;
    }
    Ok(Some((event, id)))
}

fn cause(entry: &RecordedEntry) -> String {
    format!("activity:{}", entry.number)
}

/// A key as webhooks describe it: what the key's page shows, and no secrets.
pub(super) fn key(
    connection: &mut Connection,
    id: &KeyId,
    now: Timestamp,
) -> Result<Option<Value>> {
    let Some(details) = api_keys::find(connection, id)? else { return Ok(None) };
    let scopes = details.effective_scopes();
    let Details { key, role, ip_whitelist, labels, .. } = details;
    let labels: BTreeMap<&str, &str> = labels.iter().collect();
    let addresses: Vec<String> = ip_whitelist.addresses().iter().map(ToString::to_string).collect();
    Ok(Some(json!({
        "key": {
            "id": key.id.as_str(),
            "name": key.name.as_str(),
            "environment": key.environment.as_str(),
            "role": role.slug,
            "scopes": scopes,
            "ip_whitelist": addresses,
            "owner": key.owner.as_str(),
            "external_id": key.external_id.as_str(),
            "labels": labels,
            "status": key.status(now).as_str(),
            "created_at": key.created_at.rfc_3339(),
            "expires_at": key.expires_at.rfc_3339(),
            "last_used_at": key.last_used_at.map(Timestamp::rfc_3339),
            "revoked_at": key.revoked_at.map(Timestamp::rfc_3339),
        }
    })))
}
