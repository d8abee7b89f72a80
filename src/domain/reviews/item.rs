//! A key in a review: its state at the start, the decision, and the outcome. Pure functions.

use super::Item;
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::api_keys::{Details, Status};

closed_set! {
    /// The decision about a key, by its word in forms, addresses, exports and the database.
    pub enum Decision {
        /// The key stays as it is.
        Keep = "keep" "Keep",
        /// The key should be allowed less.
        Reduce = "reduce" "Reduce",
        /// The key should get a new secret.
        Rotate = "rotate" "Rotate",
        /// The key should be disabled for a while.
        Disable = "disable" "Disable",
        /// The key should be revoked.
        Revoke = "revoke" "Revoke",
    }
}
text_column!(Decision);

/// The decision that was made about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord {
    pub decision: Decision,
    /// The reason; may be empty.
    pub note: String,
    pub at: Timestamp,
    /// The id of the member who decided; `None` for the command line.
    pub by_id: Option<String>,
    /// The member's name at that time.
    pub by: String,
}

/// How far a key has come in a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Undecided,
    /// Nobody decided, and no decision is needed because the key is no longer active.
    NoLongerActive,
    /// The key is kept, so there is nothing to carry out.
    Kept,
    /// The decision still needs to be carried out.
    Open,
    /// The decision was carried out, with the time if it is known.
    Done(Option<Timestamp>),
    /// The decision need not be carried out because the key is no longer active.
    Moot,
}

impl Item {
    /// A key's state at the start of a review. The keys are listed a little later, and may have been
    /// used in between.
    pub(super) fn of(details: &Details, started_at: Timestamp) -> Self {
        let key = &details.key;
        Self {
            key_id: key.id,
            name: key.name.as_str().to_owned(),
            environment: key.environment,
            role: details.role.name.clone(),
            scopes: scopes(details),
            created_at: key.created_at,
            created_by: key.created_by.clone(),
            expires_at: key.expires_at,
            last_used_at: key.last_used_at.map(|at| at.min(started_at)),
            decided: None,
        }
    }

    /// The item's stage at `at`, worked out from the current state of the key.
    pub fn stage(&self, now: Option<&Details>, at: Timestamp) -> Stage {
        let key = now.map(|details| &details.key);
        // A disabled key can be enabled again.
        let is_active =
            key.is_some_and(|key| matches!(key.status(at), Status::Active | Status::Disabled));
        let (Some(decided), Some(details)) = (&self.decided, now) else {
            return if is_active { Stage::Undecided } else { Stage::NoLongerActive };
        };
        let key = &details.key;
        let later = |at: Timestamp| at > decided.at;
        let done = match decided.decision {
            Decision::Keep => return Stage::Kept,
            Decision::Revoke => key.revoked_at.map(Some),
            Decision::Disable => key.disabling.at.map(Some),
            Decision::Rotate => later(key.secret_created_at).then_some(Some(key.secret_created_at)),
            Decision::Reduce => match key.edited_at.filter(|at| later(*at)) {
                Some(at) => Some(Some(at)),
                // The role may have been narrowed.
                None => (scopes(details) < self.scopes).then_some(None),
            },
        };
        match done {
            Some(at) => Stage::Done(at),
            None if is_active => Stage::Open,
            None => Stage::Moot,
        }
    }
}

fn scopes(details: &Details) -> i64 {
    i64::try_from(details.effective_scopes().len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "item_tests.rs"]
mod tests;
