//! Somebody who manages members can always sign in.

use super::{Member, store, ways_in};
use crate::base::error::{Error, Result};
use crate::db::Transaction;

/// Whether `member` is the last one who can sign in and manage members.
pub(super) fn is_last_manager(tx: &mut Transaction<'_>, member: &Member) -> Result<bool> {
    let managers = store::managers(tx)?;
    Ok(matches!(managers.as_slice(), [(last, _)] if *last == member.id))
}

/// Returns an error if `member` is the last one who can sign in and manage members.
pub(super) fn check_another_manager_remains(
    tx: &mut Transaction<'_>,
    member: &Member,
) -> Result<()> {
    if !is_last_manager(tx, member)? {
        return Ok(());
    }
    let name = member.name.as_str();
    let message = format!(
        "{name} is the last member who can manage members. Let somebody else manage them first"
    );
    Err(Error::invalid("", message))
}

/// Returns an error if somebody must be able to sign in as `member`: nobody else manages members, or
/// nobody else could sign in with a password while passwords are off.
pub(super) fn check_dispensable(tx: &mut Transaction<'_>, member: &Member) -> Result<()> {
    check_another_manager_remains(tx, member)?;
    ways_in::check_another_break_glass_remains(tx, member)
}
