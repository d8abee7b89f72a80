//! Sends notifications about activity entries: to webhooks, and, for leaks, to people.
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

fn process_entry(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    entry: &RecordedEntry,
    now: Timestamp,
) -> Result<()> {
    let event = match Event::parse(&entry.event) {
        Some(Event::KeyCreated) => EventType::KeyCreated,
        Some(Event::KeyEdited) => EventType::KeyEdited,
        Some(Event::KeyRotated) => EventType::KeyRotated,
        Some(Event::KeyRevoked) => EventType::KeyRevoked,
        Some(Event::KeyDisabled) => EventType::KeyDisabled,
        Some(Event::KeyEnabled) => EventType::KeyEnabled,
        Some(Event::KeyLeaked) => EventType::KeyLeaked,
        _ => return Ok(()),
    };
    let Some(id) = entry.subject_id.as_deref().and_then(KeyId::parse) else { return Ok(()) };
    let cause = format!("activity:{}", entry.number);
    if let Some(mut data) = key(tx, &id, now)? {
        data["actor"] = json!({ "kind": entry.actor_kind, "name": entry.actor_name });
        data["activity"] = json!(entry.number);
        webhooks::enqueue(tx, event, &cause, &data, entry.at)?;
    }
    if event == EventType::KeyLeaked {
        // The other super managers are notified at once, whatever their alert preferences are.
        let message = letters.leaked(id.as_str(), entry)?;
        notify::to_managers(tx, entry.actor_id.as_deref(), &message, &cause, now)?;
    }
    Ok(())
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
