//! Keeping several keys at once: those that are in use and whose roles are not wide.

use super::{Decision, Item, RequestedDecision, ReviewId, SavedDecisions, decide, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::roles::{self, Coverage, Role};
use crate::domain::scopes;

/// A key that was used in this many days is in use.
pub const IN_USE_DAYS: i64 = 30;
/// How many keys are kept at once, so that other writers do not wait long.
pub const MAX_KEPT: i64 = 200;
/// The maximum length of a note, in characters.
pub const MAX_NOTE_LENGTH: usize = 500;

/// The undecided keys that are in use and have no wide role, at most [`MAX_KEPT`], by name.
pub fn keepable(connection: &mut Connection, id: &ReviewId, now: Timestamp) -> Result<Vec<Item>> {
    let roles = roles::all(connection)?;
    let wide = roles.iter().filter(|role| is_wide(role, &roles));
    let wide: Vec<&str> = wide.map(|role| role.id.as_str()).collect();
    store::keepable(connection, id, &wide, now.plus(-IN_USE_DAYS * DAY), now, MAX_KEPT)
}

/// Decides to keep those [`keepable`] keys whose ids are in `shown`, each with the same note. A key
/// that a member has not seen is not decided for them.
///
/// # Errors
/// [`Error::Invalid`] when the note is not valid; otherwise as [`decide`].
pub fn keep(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    shown: &[String],
    note: &str,
    context: &Context,
) -> Result<SavedDecisions> {
    let note = text::one_line(note, "Note", MAX_NOTE_LENGTH)
        .map_err(|message| Error::invalid("note", message))?;
    let mut kept = keepable(tx, id, context.now)?;
    kept.retain(|item| shown.iter().any(|id| id == item.key_id.as_str()));
    let kept = kept.into_iter().map(|item| RequestedDecision {
        key_id: item.key_id,
        decision: Decision::Keep,
        note: note.clone(),
        seen: None,
    });
    decide(tx, id, &kept.collect::<Vec<_>>(), context)
}

/// Whether a role covers everything that "Read and write" covers, or lets a key ask about others.
fn is_wide(role: &Role, all: &[Role]) -> bool {
    let usual = all.iter().find(|role| role.coverage == Coverage::ReadAndWrite);
    role.scopes.contains(scopes::INTROSPECT)
        || usual.is_some_and(|usual| role.scopes.is_superset(&usual.scopes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_wide_if_it_can_write_everything_or_ask_about_other_keys() {
        let role = |coverage, scopes: &[&str]| {
            let scopes = scopes.iter().map(ToString::to_string).collect();
            Role { coverage, ..Role::custom("role_1", "one", "One", "", scopes) }
        };
        let usual = role(Coverage::ReadAndWrite, &["orders:read", "orders:write"]);
        let wide = |scopes: &[&str]| {
            is_wide(&role(Coverage::Chosen, scopes), std::slice::from_ref(&usual))
        };
        assert!(is_wide(&usual, std::slice::from_ref(&usual)));
        assert!(wide(&["orders:read", "orders:write", "orders:approve"]));
        assert!(wide(&["latchkey:introspect"]));
        assert!(!wide(&["orders:read", "orders:approve"]));
        assert!(!wide(&["orders:write"]));
    }
}
