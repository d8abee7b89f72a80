//! The report of a leak, and the notes on it.

use crate::base::closed_set::closed_set;
use crate::db::types::{id, text_column};

/// The largest number of notes on a report.
pub const MAX_NOTES: i64 = 500;

id! {
    /// Identifies the report of a leak: `leak_` and 12 digits of Crockford's base32.
    LeakId, "leak_", CROCKFORD, 12
}

closed_set! {
    /// What was done at once about a leak, by its name in forms, in the database and in the
    /// activity.
    pub enum Action {
        /// The key was revoked.
        Revoke = "revoke",
        /// The key was disabled until somebody enables it.
        Disable = "disable",
        /// The key was given a new secret, and the old one was ended.
        Rotate = "rotate",
        /// The old secret of a rotation was ended before its overlap was due to end.
        Stop = "stop",
        /// Nothing: the secret key no longer worked, or others will decide.
        Nothing = "none",
    }
}
text_column!(Action);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_reports_are_read_as_such() {
        let id = LeakId::random().expect("random");
        assert_eq!(LeakId::parse(id.as_str()), Some(id));
        for text in ["", "leak_", "leak_0123456789a", "leak_0123456789AB0", "key_0123456789AB"] {
            assert_eq!(LeakId::parse(text), None, "{text}");
        }
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
        }
    }
}
