//! The hash chain: the hash of every entry covers the previous entry, and the newest entry is
//! sealed, so that changed, missing and truncated entries are detected. HMAC-SHA-256 with the
//! activity key.

use super::store::Head;
use super::{Context, Entry, RecordedEntry};
use crate::base::keyring::{Keyring, Purpose};
use crate::base::secret_scan::{json_without_secrets, without_secrets};

/// The row for `entry`, linked to the newest existing entry. A row can never be changed, so secret
/// keys are removed from all its texts.
pub(super) fn link(context: &Context, entry: &Entry, head: Option<&Head>) -> RecordedEntry {
    let subject = entry.subject.as_ref();
    let mut row = RecordedEntry {
        number: head.map_or(1, |head| head.number + 1),
        at: context.now,
        event: entry.event.as_str().to_owned(),
        actor_kind: context.actor.kind().to_owned(),
        actor_id: context.actor.id().map(str::to_owned),
        actor_name: without_secrets(context.actor.name()).into_owned(),
        address: context.origin.address.map(|address| address.to_string()),
        user_agent: context.origin.user_agent.clone(),
        request_id: context.origin.request_id.clone(),
        subject_kind: subject.map(|subject| subject.kind.to_owned()),
        subject_id: subject.map(|subject| subject.id.clone()),
        subject_name: subject.map(|subject| without_secrets(&subject.name).into_owned()),
        details: json_without_secrets(&entry.details).to_string(),
        hash: Vec::new(),
    };
    row.hash = hash(&context.keyring, &row, head.map_or(&[], |head| &head.hash));
    row
}

/// The hash that `row` must have when the previous entry has the hash `before`.
pub(super) fn hash(keyring: &Keyring, row: &RecordedEntry, before: &[u8]) -> Vec<u8> {
    // JSON separates neighbouring texts, whatever they contain, and null differs from an empty
    // text.
    let content = serde_json::json!([
        row.number,
        row.at.millis(),
        row.event,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.address,
        row.user_agent,
        row.request_id,
        row.subject_kind,
        row.subject_id,
        row.subject_name,
        row.details,
    ]);
    let content = content.to_string();
    keyring.activity_mac(row.number, &[b"entry", before, content.as_bytes()]).to_vec()
}

/// The seal that proves that entry `number` with `hash` is the newest.
pub(super) fn seal(keyring: &Keyring, number: i64, hash: &[u8]) -> Vec<u8> {
    keyring.mac(Purpose::Activity, &[b"head", &number.to_be_bytes(), hash]).to_vec()
}
