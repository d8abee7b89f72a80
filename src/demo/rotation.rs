//! The key that was rotated three days ago, and whose old secret has not been used since.

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::api_keys::{self, Details, Rotation};
use crate::domain::members::Member;

use super::visits;

pub(super) const ROTATED: &str = "Freight quotes – pilot";
/// How many days ago it was rotated.
const AGO: i64 = 3;

pub(super) fn at(now: Timestamp) -> Timestamp {
    now.plus(-AGO * DAY)
}

/// Rotates the key, if it is among `keys`. The new secret is discarded, like all secrets of the
/// sample.
pub(super) fn rotate(
    tx: &mut Transaction<'_>,
    keys: &[Details],
    members: &[Member],
    keyring: &Keyring,
    now: Timestamp,
) -> Result<()> {
    let found = keys.iter().find(|details| details.key.name.as_str() == ROTATED);
    let (Some(details), Some(member)) = (found, members.first()) else { return Ok(()) };
    let at = at(now);
    let context = Context::command_line(keyring.clone(), at);
    let context = Context { origin: visits::desk(0), ..context };
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    let rotation =
        Rotation { overlap: "7d".into(), lifetime: "90".into(), since: at, ..Rotation::default() };
    api_keys::rotate(tx, &details.key.id, &rotation, &context).map(drop)
}
