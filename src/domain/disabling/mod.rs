//! Disabling keys for a while: who may, until when, and what happens then.
//!
//! Uses members, `api_keys`, usage and leaks.

mod draft;
mod due;

pub use draft::{Draft, Until};
pub use due::run_due;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Event};
use crate::domain::api_keys::{self, ApiKey, Details, FollowUp, KeyId, Status};
use crate::domain::leaks;
use crate::domain::members::{self, MemberId, Permission};
use crate::domain::usage::Outcome;
use crate::domain::usage::denials::{self, DenialGroup};

/// How many entries about a key are searched for the latest about disabling it.
const SEARCHED: i64 = 200;
/// How long a key must not have been used to count as unused, in milliseconds.
pub const UNUSED_AFTER: i64 = 90 * DAY;

/// Whether a key was not used for [`UNUSED_AFTER`].
pub fn is_unused(key: &ApiKey, now: Timestamp) -> bool {
    now.since(key.last_used_at.unwrap_or(key.created_at)) >= UNUSED_AFTER
}

/// Disables a key that works.
///
/// # Errors
/// [`Error::Conflict`] if the key no longer works or somebody else has just disabled it,
/// [`Error::Invalid`] if the draft is invalid or a key in use is disabled without confirmation,
/// [`Error::PermissionMissing`] if the key is to be revoked later by somebody who may not revoke
/// keys, [`Error::NotFound`] if there is no such key.
pub fn disable(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    draft: &Draft,
    context: &Context,
) -> Result<ApiKey> {
    let Details { key, .. } = api_keys::find(tx, id)?.ok_or(Error::NotFound)?;
    if key.status(context.now) != Status::Active {
        return Err(Error::Conflict);
    }
    let has_open_leak = !leaks::open_of_key(tx, id)?.is_empty();
    let suspension = draft.check(&key, has_open_leak, context.now).map_err(Error::Invalid)?;
    let revokes = matches!(suspension.scheduled, Some((FollowUp::Revoke, _)));
    if revokes && !draft.may_revoke {
        return Err(Permission::DeleteKeys.missing());
    }
    api_keys::disable(tx, &key, &suspension, context)
}

/// Enables a disabled key. `version` is the one that the form was shown for, if it says so, and
/// `may_revoke` is whether the member may revoke keys too.
///
/// # Errors
/// [`Error::Conflict`] if the key is not disabled or has changed, or if its leaked secret was not
/// replaced yet,
/// [`Error::PermissionMissing`] if its leak is still open and the member may not revoke keys,
/// [`Error::NotFound`] if there is no such key.
pub fn enable(
    tx: &mut Transaction<'_>,
    id: &KeyId,
    version: Option<i64>,
    may_revoke: bool,
    context: &Context,
) -> Result<ApiKey> {
    let Details { key, .. } = api_keys::find(tx, id)?.ok_or(Error::NotFound)?;
    if !key.is_disabled() || version.is_some_and(|version| version != key.version) {
        return Err(Error::Conflict);
    }
    match obstacle(tx, id, may_revoke, context.now)? {
        Some(Obstacle::LeakedSecret) => return Err(Error::Conflict),
        Some(Obstacle::Permission) => {
            return Err(Permission::DeleteKeys.missing());
        }
        None => {}
    }
    api_keys::enable(tx, &key, None, context)
}

/// Why a disabled key cannot be enabled, while a leak of it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A secret that may have leaked would work again.
    LeakedSecret,
    /// It takes a member who may revoke keys.
    Permission,
}

/// Why a disabled key cannot be enabled now by a member who may revoke keys or not.
pub fn obstacle(
    connection: &mut Connection,
    id: &KeyId,
    may_revoke: bool,
    now: Timestamp,
) -> Result<Option<Obstacle>> {
    let open = leaks::open_of_key(connection, id)?;
    for leak in &open {
        if leaks::may_still_work(connection, leak, now)? {
            return Ok(Some(Obstacle::LeakedSecret));
        }
    }
    Ok((!open.is_empty() && !may_revoke).then_some(Obstacle::Permission))
}

/// The name of the member who disabled a key, and who scheduled what follows.
pub fn disabled_by(connection: &mut Connection, key: &ApiKey) -> Result<String> {
    let by = key.disabling.by.clone().map(MemberId::stored);
    if let Some(id) = by
        && let Some(member) = members::find(connection, &id)?
    {
        return Ok(member.name.as_str().to_owned());
    }
    // The member was removed; the activity still has the name.
    let entries = activity::about(connection, key.id.as_str(), SEARCHED)?;
    let disabled = entries.into_iter().find(|entry| entry.event == Event::KeyDisabled.as_str());
    Ok(disabled.map_or("A former member".into(), |entry| entry.actor_name))
}

/// The requests with a disabled key since it was disabled.
pub fn requests_since(connection: &mut Connection, key: &ApiKey) -> Result<Option<DenialGroup>> {
    let Some(since) = key.disabling.at else { return Ok(None) };
    let groups = denials::groups(connection, &key.id, since)?;
    Ok(groups.into_iter().find(|group| group.latest.reason == Outcome::KeyDisabled))
}
