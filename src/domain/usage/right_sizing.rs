//! Which of a key's scopes nobody asks for. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::{DAY, Timestamp};

/// For how many days a scope must not have been asked for.
pub const UNASKED_DAYS: i64 = 90;
/// For how many days a key must have stood as it stands before anything is said of it.
const LEAST_DAYS: i64 = 14;

/// What is known of the scopes that a key's requests ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// All are asked for, or it is too early to tell.
    Nothing,
    /// The key is in use, and none of its requests names a scope.
    Untold,
    /// These were not asked for; all the time since the key exists when that is not
    /// [`UNASKED_DAYS`] ago.
    Scopes {
        names: Vec<String>,
        /// Whether the key is younger than [`UNASKED_DAYS`].
        is_young: bool,
    },
}

/// What nobody asks for of the scopes that a key has. `stands_since` is when the key was created or
/// last edited, `asked` on which day each scope was last asked for.
pub fn unasked(
    has: &BTreeSet<String>,
    asked: &BTreeMap<String, Timestamp>,
    (created_at, stands_since): (Timestamp, Timestamp),
    last_used_at: Option<Timestamp>,
    now: Timestamp,
) -> Unasked {
    let begin = now.plus(-UNASKED_DAYS * DAY);
    let is_early = now.since(stands_since) < LEAST_DAYS * DAY;
    if is_early || last_used_at.is_none_or(|at| at < begin) {
        return Unasked::Nothing;
    }
    // A day counts from its start, so one that began before the 90 days counts too.
    let is_recent = |day: &Timestamp| *day > begin.plus(-DAY);
    if !asked.values().any(is_recent) {
        return Unasked::Untold;
    }
    let names: Vec<String> =
        has.iter().filter(|scope| !asked.get(*scope).is_some_and(is_recent)).cloned().collect();
    if names.is_empty() {
        return Unasked::Nothing;
    }
    Unasked::Scopes { names, is_young: created_at > begin }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn days_ago(days: i64) -> Timestamp {
        NOW.plus(-days * DAY)
    }

    fn of(asked: &[(&str, i64)], created: i64, edited: i64, used: Option<i64>) -> Unasked {
        let has = ["orders:read", "orders:write"].map(str::to_owned).into_iter().collect();
        let asked = asked.iter().map(|(scope, days)| ((*scope).to_owned(), days_ago(*days)));
        let since = (days_ago(created), days_ago(edited));
        unasked(&has, &asked.collect(), since, used.map(days_ago), NOW)
    }

    #[test]
    fn what_was_not_asked_for_in_ninety_days_is_named() {
        let write = |is_young| Unasked::Scopes { names: vec!["orders:write".into()], is_young };
        assert_eq!(of(&[("orders:read", 0)], 200, 200, Some(0)), write(false));
        assert_eq!(of(&[("orders:read", 0)], 30, 30, Some(0)), write(true));
        assert_eq!(
            of(&[("orders:read", 0), ("orders:write", 91)], 200, 200, Some(0)),
            write(false)
        );
        assert_eq!(
            of(&[("orders:read", 0), ("orders:write", 90)], 200, 200, Some(0)),
            Unasked::Nothing
        );
    }

    #[test]
    fn nothing_is_said_too_early_or_of_a_key_that_is_not_in_use() {
        assert_eq!(of(&[("orders:read", 0)], 13, 13, Some(0)), Unasked::Nothing);
        assert_eq!(of(&[("orders:read", 0)], 200, 3, Some(0)), Unasked::Nothing);
        assert_eq!(of(&[], 200, 200, None), Unasked::Nothing);
        assert_eq!(of(&[("orders:read", 100)], 200, 200, Some(100)), Unasked::Nothing);
    }

    #[test]
    fn where_requests_name_no_scope_nothing_can_be_told() {
        assert_eq!(of(&[], 200, 200, Some(0)), Unasked::Untold);
    }
}
