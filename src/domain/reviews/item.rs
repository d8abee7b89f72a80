//! A key in a review: what it was like at the start, what was decided, and what came of it. Pure.

use super::Item;
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::db::types::text_column;
use crate::domain::api_keys::{Details, Status};

closed_set! {
    /// What is to become of a key, by its word in forms, addresses, exports and the database.
    pub enum Decision {
        /// It stays as it is.
        Keep = "keep" "Keep",
        /// It is to be allowed less.
        Reduce = "reduce" "Reduce",
        /// It is to get a new secret.
        Rotate = "rotate" "Rotate",
        /// It is to be turned off.
        Revoke = "revoke" "Revoke",
    }
}
text_column!(Decision);

/// What was decided of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What is to become of it.
    pub decision: Decision,
    /// Why; may be empty.
    pub note: String,
    pub at: Timestamp,
    /// The id of the member who decided; none from the command line.
    pub by_id: Option<String>,
    /// Their name at the time.
    pub by: String,
}

/// How far a key is in a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Undecided,
    /// Nobody has decided, and nobody needs to: it is not active any more.
    NoLongerActive,
    /// It is kept: there is nothing to carry out.
    Kept,
    /// The decision is still to be carried out.
    Open,
    /// The decision was carried out; then, if that is known.
    Done(Option<Timestamp>),
    /// The decision need not be carried out: the key is not active any more.
    Moot,
}

impl Item {
    /// What a key is like at the start of a review.
    pub(super) fn of(details: &Details) -> Self {
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
            last_used_at: key.last_used_at,
            decided: None,
        }
    }

    /// How far it is, told from the key as it stands now.
    pub fn stage(&self, now: Option<&Details>, at: Timestamp) -> Stage {
        let key = now.map(|details| &details.key);
        let is_active = key.is_some_and(|key| key.status(at) == Status::Active);
        let (Some(decided), Some(details)) = (&self.decided, now) else {
            return if is_active { Stage::Undecided } else { Stage::NoLongerActive };
        };
        let key = &details.key;
        let later = |at: Timestamp| at > decided.at;
        let done = match decided.decision {
            Decision::Keep => return Stage::Kept,
            Decision::Revoke => key.revoked_at.map(Some),
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
