//! Passkeys as second factors.

use super::{
    Change, ChangeKind, current, end_without_factors, note_change, passkeys, replace_codes,
};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::members::MemberId;
use crate::domain::sign_in::passkeys::{Answer, PasskeyId, RelyingParty};

/// A passkey that was added.
#[must_use]
pub struct AddedPasskey {
    pub change: Change,
    pub name: String,
    /// The new recovery codes, if it is the member's first second factor.
    pub recovery_codes: Vec<String>,
}

/// Adds the passkey in `answer`.
///
/// # Errors
/// Those of [`passkeys::register`].
pub fn add_passkey(
    tx: &mut Transaction<'_>,
    relying_party: &RelyingParty,
    member: &MemberId,
    name: &str,
    answer: &Answer,
    context: &Context,
) -> Result<AddedPasskey> {
    let member = current(tx, member)?;
    let is_first = member.two_step_since.is_none();
    let name = passkeys::register(tx, relying_party, &member, name, answer, context)?;
    let recovery_codes =
        if is_first { replace_codes(tx, &member.id, context)? } else { Vec::new() };
    note_change(tx, &member, context)?;
    let change = Change { member, kind: ChangeKind::PasskeyAdded };
    Ok(AddedPasskey { change, name, recovery_codes })
}

/// Removes a passkey of the member. Returns its name, too; `None` if they have no such passkey.
///
/// # Errors
/// [`Error::Invalid`](crate::base::error::Error::Invalid) when the organisation requires a second factor
/// and this is the last one.
pub fn remove_passkey(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    id: &PasskeyId,
    context: &Context,
) -> Result<Option<(Change, String)>> {
    let member = current(tx, member)?;
    let Some(name) = passkeys::remove(tx, &member, id, context)? else { return Ok(None) };
    end_without_factors(tx, &member, context)?;
    note_change(tx, &member, context)?;
    Ok(Some((Change { member, kind: ChangeKind::PasskeyRemoved }, name)))
}
