//! The activity entries about keys.

use super::{ApiKey, Details, StoredSecret};
use crate::base::clock::{Timestamp, long_date};
use crate::domain::activity::{Change, Entry, Event, Subject};

pub(super) fn created(details: &Details) -> Entry {
    let recorded = serde_json::json!({ "version": 1, "changes": between(None, details) });
    Entry::about(Event::KeyCreated, subject(&details.key)).with(recorded)
}

pub(super) fn edited(key: &ApiKey, changes: &[Change]) -> Entry {
    let recorded = serde_json::json!({ "version": key.version, "changes": changes });
    Entry::about(Event::KeyEdited, subject(key)).with(recorded)
}

pub(super) fn rotated(key: &ApiKey, old_ends_at: Timestamp) -> Entry {
    let recorded = serde_json::json!({
        "version": key.version,
        "expires_at": key.expires_at.millis(),
        "old_secret_ends_at": old_ends_at.millis(),
    });
    Entry::about(Event::KeyRotated, subject(key)).with(recorded)
}

pub(super) fn secret_stopped(key: &ApiKey, old: &StoredSecret) -> Entry {
    let recorded = serde_json::json!({
        "secret": old.number,
        "would_have_ended_at": old.ends_at().millis(),
        "last_used_at": old.last_used_at.map(Timestamp::millis),
    });
    Entry::about(Event::SecretStopped, subject(key)).with(recorded)
}

pub(super) fn revoked(key: &ApiKey) -> Entry {
    let recorded = serde_json::json!({ "last_used_at": key.last_used_at.map(Timestamp::millis) });
    Entry::about(Event::KeyRevoked, subject(key)).with(recorded)
}

pub(super) fn revoked_as_scheduled(key: &ApiKey, scheduled_by: &str) -> Entry {
    let recorded = serde_json::json!({
        "last_used_at": key.last_used_at.map(Timestamp::millis),
        "scheduled_by": scheduled_by,
    });
    Entry::about(Event::KeyRevoked, subject(key)).with(recorded)
}

pub(super) fn disabled(key: &ApiKey) -> Entry {
    let recorded = serde_json::json!({
        "version": key.version,
        "reason": key.disabling.reason,
        "until": key.disabling.until.map(Timestamp::millis),
        "then": key.disabling.then.map(|then| then.as_str()),
    });
    Entry::about(Event::KeyDisabled, subject(key)).with(recorded)
}

pub(super) fn enabled(key: &ApiKey, scheduled_by: Option<&str>) -> Entry {
    let recorded = serde_json::json!({
        "version": key.version + 1,
        "disabled_at": key.disabling.at.map(Timestamp::millis),
        "scheduled_by": scheduled_by,
    });
    Entry::about(Event::KeyEnabled, subject(key)).with(recorded)
}

pub(super) fn schedule_skipped(key: &ApiKey, why: &str) -> Entry {
    let recorded = serde_json::json!({ "version": key.version + 1, "why": why });
    Entry::about(Event::ScheduleSkipped, subject(key)).with(recorded)
}

pub(super) fn snoozed(key: &ApiKey, note: &str) -> Entry {
    Entry::about(Event::KeySnoozed, subject(key)).with(serde_json::json!({ "note": note }))
}

fn subject(key: &ApiKey) -> Subject {
    Subject { kind: "api_key", id: key.id.as_str().to_owned(), name: key.name.as_str().to_owned() }
}

/// The changed values, with the labels of the form. Without `before`, all values that were filled
/// in.
pub(super) fn between(before: Option<&Details>, after: &Details) -> Vec<Change> {
    type Field = (&'static str, fn(&Details) -> String);
    const FIELDS: [Field; 10] = [
        ("Key Name", |d| d.key.name.as_str().to_owned()),
        ("Environment", |d| d.key.environment.label().to_owned()),
        ("Role", |d| d.role.name.clone()),
        ("Expires at", |d| long_date(d.key.expires_at.last_day())),
        ("Scopes", |d| {
            if d.key.all_role_scopes {
                return "Everything the role allows".to_owned();
            }
            d.selected.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        }),
        ("IP whitelist", |d| d.ip_whitelist.to_string().replace('\n', ", ")),
        ("Notes", |d| d.key.notes.clone()),
        ("Owner", |d| d.key.owner.as_str().to_owned()),
        ("External ID", |d| d.key.external_id.as_str().to_owned()),
        ("Labels", |d| d.labels.to_string().replace('\n', ", ")),
    ];
    FIELDS
        .iter()
        .map(|(field, value)| Change {
            field: (*field).to_owned(),
            from: before.map(value).unwrap_or_default(),
            to: value(after),
        })
        .filter(|change| change.from != change.to)
        .collect()
}
