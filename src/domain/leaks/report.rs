//! Reports a leak, which disables the secret key in the same transaction, and records what follows.

use super::draft::{self, ValidDraft};
use super::{Action, Draft, Leak, LeakId, MAX_NOTES, Note, store};
use crate::base::clock::iso_date;
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event, Subject};
use crate::domain::api_keys::{
    self, ApiKey, Details, KeyId, Overlap, Rotation, SecretKey, Status, Suspension,
    last_expiry_date,
};
use crate::domain::members::Permission;
use crate::domain::settings;

/// Why a key is disabled whose secret key leaked.
const REASON: &str = "Its secret key may have leaked";

/// A leak that was reported.
#[derive(Debug)]
pub struct LeakReport {
    pub leak: Leak,
    /// The key before the report.
    pub key: ApiKey,
    /// The key and its new secret key, if it was rotated. This is the only time that the new secret
    /// key is in memory.
    pub rotated: Option<(Details, SecretKey)>,
}

/// Reports a leak of a key with the report id `id`, and takes the action of the draft at once. If
/// the key is no longer active, no action is taken.
///
/// # Errors
/// [`Error::Invalid`] if the draft is invalid or a key in use is to be revoked without
/// confirmation, [`Error::Conflict`] if a key that is to be rotated was changed since the form was
/// shown, [`Error::NotFound`] if there is no such key.
pub fn report(
    tx: &mut Transaction<'_>,
    id: LeakId,
    key_id: &KeyId,
    draft: &Draft,
    context: &Context,
) -> Result<LeakReport> {
    let Details { key, .. } = api_keys::find(tx, key_id)?.ok_or(Error::NotFound)?;
    let secrets = api_keys::secrets(tx, key_id)?;
    let mut invalid = Invalid::default();
    let is_active = key.status(context.now) == Status::Active;
    if is_active && matches!(draft.action(), Some(Action::Disable | Action::Revoke)) {
        invalid.collect("confirm", api_keys::check_confirmation(&key, &draft.confirm, context.now));
    }
    let checked = invalid.and(draft.check(&key, &secrets, context.now))?;
    let (action, rotated) = take_action(tx, &key, draft, &checked, context)?;
    let leak = Leak {
        id,
        key_id: *key_id,
        secret: checked.secret,
        reported_at: context.now,
        reported_by: context.actor.id().map(str::to_owned),
        reporter: context.actor.name().to_owned(),
        since: checked.since,
        found: checked.found,
        action,
        closed_at: None,
        closer: None,
    };
    store::insert(tx, &leak)?;
    activity::record(tx, context, &reported_entry(&leak, &key))?;
    Ok(LeakReport { leak, key, rotated })
}

/// Takes the immediate action. Returns what was done.
fn take_action(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    draft: &Draft,
    checked: &ValidDraft,
    context: &Context,
) -> Result<(Action, Option<(Details, SecretKey)>)> {
    if key.status(context.now) != Status::Active {
        return Ok((Action::Nothing, None));
    }
    match checked.action {
        Action::Revoke => {
            api_keys::revoke(tx, &key.id, &draft.confirm, context)?;
        }
        Action::Disable => {
            let suspension = Suspension { reason: REASON.into(), scheduled: None };
            api_keys::disable(tx, key, &suspension, context)?;
        }
        Action::Stop => {
            let (_, was_stopped) = api_keys::stop_old_secret(tx, &key.id, context)?;
            return Ok((if was_stopped { Action::Stop } else { Action::Nothing }, None));
        }
        Action::Rotate => {
            let rotation = rotation(tx, key, draft, context)?;
            return Ok((Action::Rotate, Some(api_keys::rotate(tx, &key.id, &rotation, context)?)));
        }
        Action::Nothing => {}
    }
    Ok((checked.action, None))
}

/// A rotation that ends the old secret now. The new expiry is the key's current one, or the latest
/// that is allowed.
fn rotation(
    tx: &mut Transaction<'_>,
    key: &ApiKey,
    draft: &Draft,
    context: &Context,
) -> Result<Rotation> {
    let last = last_expiry_date(&settings::get(tx)?, context.now);
    Ok(Rotation {
        overlap: Overlap::Now.as_str().into(),
        lifetime: "date".into(),
        expires_on: iso_date(key.expires_at.last_day().min(last)),
        version: draft.version,
        since: draft.issued,
    })
}

fn reported_entry(leak: &Leak, key: &ApiKey) -> Entry {
    let subject = Subject {
        kind: "api_key",
        id: key.id.as_str().to_owned(),
        name: key.name.as_str().to_owned(),
    };
    let details = serde_json::json!({
        "leak": leak.id.as_str(),
        "action": leak.action.as_str(),
        "since": leak.since.millis(),
    });
    Entry::about(Event::KeyLeaked, subject).with(details)
}

/// Adds a note to a report, which may be closed.
///
/// # Errors
/// [`Error::Invalid`] if the note is invalid or the report has too many notes, [`Error::NotFound`]
/// if there is no such report.
pub fn note(tx: &mut Transaction<'_>, id: &LeakId, text: &str, context: &Context) -> Result<Note> {
    let leak = store::find(tx, id)?.ok_or(Error::NotFound)?;
    let text = draft::note(text).map_err(|message| Error::invalid("text", message))?;
    if store::count_notes(tx, id)? >= MAX_NOTES {
        let message = format!("There are {MAX_NOTES} notes, which is the most");
        return Err(Error::invalid("text", message));
    }
    let note = Note { at: context.now, author: context.actor.name().to_owned(), text };
    store::insert_note(tx, id, &note, context.actor.id())?;
    let entry = about(tx, Event::LeakNoted, &leak)?;
    activity::record(tx, context, &entry)?;
    Ok(note)
}

/// Closes a report. Returns whether it was open.
///
/// # Errors
/// [`Error::PermissionMissing`] if the key is disabled, a secret that may have leaked was not
/// replaced, and the member may not revoke keys,
/// [`Error::NotFound`] if there is no such report.
pub fn close(
    tx: &mut Transaction<'_>,
    id: &LeakId,
    may_revoke: bool,
    context: &Context,
) -> Result<bool> {
    let leak = store::find(tx, id)?.ok_or(Error::NotFound)?;
    if leak.closed_at.is_some() {
        return Ok(false);
    }
    if !may_revoke && super::keeps_disabled(tx, &leak, context.now)? {
        return Err(Permission::DeleteKeys.missing());
    }
    store::close(tx, id, context.now, context.actor.id(), context.actor.name())?;
    let entry = about(tx, Event::LeakClosed, &leak)?;
    activity::record(tx, context, &entry)?;
    Ok(true)
}

/// An entry about a report. Its subject has the name of the report's key.
fn about(tx: &mut Transaction<'_>, event: Event, leak: &Leak) -> Result<Entry> {
    let key = api_keys::find(tx, &leak.key_id)?.ok_or(Error::NotFound)?.key;
    let subject = Subject {
        kind: "leak",
        id: leak.id.as_str().to_owned(),
        name: key.name.as_str().to_owned(),
    };
    let details = serde_json::json!({ "key": key.id.as_str() });
    Ok(Entry::about(event, subject).with(details))
}
