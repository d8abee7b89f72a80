//! What stands in the activity, told to programs and, of leaks, to people.
//!
//! The activity is the outbox: an entry is written with what it records, and how far it was told is
//! kept with the messages that were made of it. So each entry is told, and its messages are made once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Letters, store, tell};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Event, Filter, Recorded};
use crate::domain::api_keys::{self, Details, KeyId};
use crate::domain::webhooks::{self, EventType};

/// The name of how far the activity was told, by the number of the entry.
const TOLD: &str = "told";
/// How many entries are told in one transaction.
const BATCH: i64 = 100;

/// Tells of every entry since the last that was told. Where there is none it costs two look-ups.
pub fn tell(db: &Db, letters: &Arc<dyn Letters>, now: Timestamp) -> Result<()> {
    loop {
        let (told, last) = db.read_in_background(|c| {
            Ok((store::progress(c, TOLD)?.unwrap_or_default(), activity::last_number(c)?))
        })?;
        if told >= last {
            return Ok(());
        }
        let letters = Arc::clone(letters);
        db.write_in_background(move |tx| batch(tx, &*letters, now))?;
    }
}

fn batch(tx: &mut Transaction<'_>, letters: &dyn Letters, now: Timestamp) -> Result<()> {
    let told = store::progress(tx, TOLD)?.unwrap_or_default();
    let entries = activity::range(tx, &Filter::default(), (told + 1, told + BATCH))?;
    for entry in &entries {
        one(tx, letters, entry, now)?;
    }
    let last = entries.last().map_or(told, |entry| entry.number);
    store::set_progress(tx, TOLD, last)
}

fn one(
    tx: &mut Transaction<'_>,
    letters: &dyn Letters,
    entry: &Recorded,
    now: Timestamp,
) -> Result<()> {
    let event = match Event::parse(&entry.event) {
        Some(Event::KeyCreated) => EventType::KeyCreated,
        Some(Event::KeyEdited) => EventType::KeyEdited,
        Some(Event::KeyRotated) => EventType::KeyRotated,
        Some(Event::KeyRevoked) => EventType::KeyRevoked,
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
        // The other super managers are told at once, whatever they prefer for alerts.
        let message = letters.leaked(id.as_str(), entry)?;
        tell::to_managers(tx, entry.actor_id.as_deref(), &message, &cause, now)?;
    }
    Ok(())
}

/// A key as webhooks tell it: what its page says, and nothing of its secrets.
pub(super) fn key(
    connection: &mut Connection,
    id: &KeyId,
    now: Timestamp,
) -> Result<Option<Value>> {
    let Some(details) = api_keys::find(connection, id)? else { return Ok(None) };
    let scopes = details.effective_scopes();
    let Details { key, role, ip_whitelist, .. } = details;
    let addresses: Vec<String> = ip_whitelist.addresses().iter().map(ToString::to_string).collect();
    Ok(Some(json!({
        "key": {
            "id": key.id.as_str(),
            "name": key.name.as_str(),
            "environment": key.environment.as_str(),
            "role": role.slug,
            "scopes": scopes,
            "ip_whitelist": addresses,
            "status": key.status(now).as_str(),
            "created_at": key.created_at.rfc_3339(),
            "expires_at": key.expires_at.rfc_3339(),
            "last_used_at": key.last_used_at.map(Timestamp::rfc_3339),
            "revoked_at": key.revoked_at.map(Timestamp::rfc_3339),
        }
    })))
}
