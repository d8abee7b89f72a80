//! Members who may sign in with a password when nobody else may, for the day on which the provider
//! does not work.

use super::change::record;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::{Change, Context};
use crate::domain::members::MemberId;
use crate::domain::members::mail_server::{self, Notification};
use crate::domain::members::ways_in::{self, MAX_BREAK_GLASS};

/// Makes exactly these members the break-glass members.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::Invalid`] when a
/// member cannot be one, there are too many, or passwords are off and nobody would be left.
pub fn choose(
    tx: &mut Transaction<'_>,
    ids: &[MemberId],
    context: &Context,
) -> Result<Option<Notification>> {
    mail_server::check_every_permission(tx, context)?;
    let invalid = |message: &str| Err(Error::invalid("break_glass", message));
    if ids.len() > MAX_BREAK_GLASS {
        return invalid("Choose at most three members");
    }
    let candidates = ways_in::possible_break_glass(tx)?;
    if !ids.iter().all(|id| candidates.iter().any(|member| member.id == *id)) {
        return invalid("Choose active members with a password and two-step verification");
    }
    let (from, to) = ways_in::set_break_glass(tx, ids)?;
    if ways_in::passwords_are_off(tx)? && !ways_in::has_ready_break_glass(tx, None)? {
        return invalid("Passwords are off, so choose at least one member");
    }
    ways_in::check_a_manager_remains(tx)?;
    if from == to {
        return Ok(None);
    }
    let field = "Break-glass members".into();
    let change = Change { field, from: from.join(", "), to: to.join(", ") };
    record(tx, std::slice::from_ref(&change), context)?;
    mail_server::notification_of(tx, vec![change], context)
}
