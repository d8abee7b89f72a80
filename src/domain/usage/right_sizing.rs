//! Which of a key's scopes are never requested. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::{DAY, Timestamp};

/// For how many days a scope must not have been requested to count as unused.
pub const UNUSED_SCOPE_DAYS: i64 = 90;
/// For how many days a key must have been unchanged before its scopes are judged.
const UNCHANGED_DAYS: i64 = 14;

/// Which of a key's scopes are unused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusedScopes {
    /// All scopes are requested, or it is too early to say.
    Nothing,
    /// The key is in use, but none of its requests names a scope.
    NotReported,
    /// These scopes were not requested in the last [`UNUSED_SCOPE_DAYS`], or since the key was
    /// created if it is younger.
    Scopes {
        names: Vec<String>,
        /// Whether the key was created less than [`UNUSED_SCOPE_DAYS`] ago.
        is_young: bool,
    },
}

/// The unused scopes among those in `has`. `requested` is the day on which each scope was last
/// requested; `unchanged_since` is when the key was created or last edited.
pub fn unused_scopes(
    has: &BTreeSet<String>,
    requested: &BTreeMap<String, Timestamp>,
    (created_at, unchanged_since): (Timestamp, Timestamp),
    last_used_at: Option<Timestamp>,
    now: Timestamp,
) -> UnusedScopes {
    let start = now.plus(-UNUSED_SCOPE_DAYS * DAY);
    let is_early = now.since(unchanged_since) < UNCHANGED_DAYS * DAY;
    if is_early || last_used_at.is_none_or(|at| at < start) {
        return UnusedScopes::Nothing;
    }
    // Days are stored by their start, so the day that began before the 90 days counts too.
    let is_recent = |day: &Timestamp| *day > start.plus(-DAY);
    if !requested.values().any(is_recent) {
        return UnusedScopes::NotReported;
    }
    let names: Vec<String> =
        has.iter().filter(|scope| !requested.get(*scope).is_some_and(is_recent)).cloned().collect();
    if names.is_empty() {
        return UnusedScopes::Nothing;
    }
    UnusedScopes::Scopes { names, is_young: created_at > start }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);

    fn days_ago(days: i64) -> Timestamp {
        NOW.plus(-days * DAY)
    }

    fn of(requested: &[(&str, i64)], created: i64, edited: i64, used: Option<i64>) -> UnusedScopes {
        let has = ["orders:read", "orders:write"].map(str::to_owned).into_iter().collect();
        let requested =
            requested.iter().map(|(scope, days)| ((*scope).to_owned(), days_ago(*days)));
        let since = (days_ago(created), days_ago(edited));
        unused_scopes(&has, &requested.collect(), since, used.map(days_ago), NOW)
    }

    #[test]
    fn scopes_not_requested_in_ninety_days_are_listed() {
        let write =
            |is_young| UnusedScopes::Scopes { names: vec!["orders:write".into()], is_young };
        assert_eq!(of(&[("orders:read", 0)], 200, 200, Some(0)), write(false));
        assert_eq!(of(&[("orders:read", 0)], 30, 30, Some(0)), write(true));
        assert_eq!(
            of(&[("orders:read", 0), ("orders:write", 91)], 200, 200, Some(0)),
            write(false)
        );
        assert_eq!(
            of(&[("orders:read", 0), ("orders:write", 90)], 200, 200, Some(0)),
            UnusedScopes::Nothing
        );
    }

    #[test]
    fn young_and_unused_keys_are_not_judged() {
        assert_eq!(of(&[("orders:read", 0)], 13, 13, Some(0)), UnusedScopes::Nothing);
        assert_eq!(of(&[("orders:read", 0)], 200, 3, Some(0)), UnusedScopes::Nothing);
        assert_eq!(of(&[], 200, 200, None), UnusedScopes::Nothing);
        assert_eq!(of(&[("orders:read", 100)], 200, 200, Some(100)), UnusedScopes::Nothing);
    }

    #[test]
    fn requests_without_scopes_are_not_reported_as_unused() {
        assert_eq!(of(&[], 200, 200, Some(0)), UnusedScopes::NotReported);
    }
}
