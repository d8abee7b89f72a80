//! The report of a leak, and the notes on it.

use crate::base::clock::Timestamp;
use crate::db::types::id;
use crate::domain::api_keys::KeyId;

/// How many notes a report takes.
pub const MOST_NOTES: i64 = 500;

id! {
    /// Identifies the report of a leak: `leak_` and 12 digits of Crockford's base32.
    LeakId, "leak_", CROCKFORD, 12
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $slug:literal,)*) => {
        /// What was done at once about a leak.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            pub const ALL: [Self; [$($slug),*].len()] = [$(Self::$variant),*];

            /// Its word in forms, in the database and in the activity.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)* }
            }

            /// The action with that word.
            pub fn parse(slug: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|action| action.slug() == slug)
            }
        }
    };
}

actions! {
    /// The key was revoked.
    Revoke = "revoke",
    /// The key was given a new secret, and the old one stopped.
    Rotate = "rotate",
    /// The old secret of a rotation was stopped before its time.
    Stop = "stop",
    /// Nothing: it was turned off already, or others are to decide.
    Nothing = "none",
}

/// The report of a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    pub id: LeakId,
    pub key_id: KeyId,
    /// Which of its secrets, if somebody said so: the number of a kept secret.
    pub secret: Option<i64>,
    /// When it was reported.
    pub reported_at: Timestamp,
    /// The id of the member who did; none from the command line.
    pub reported_by: Option<String>,
    /// Their name at the time.
    pub reporter: String,
    /// Since when it may have been out.
    pub since: Timestamp,
    /// Where it was found, in words; may be empty.
    pub found: String,
    /// What was done at once.
    pub action: Action,
    /// When the report was closed, and by whom.
    pub closed: Option<(Timestamp, String)>,
}

/// A note on the report of a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it was written.
    pub at: Timestamp,
    /// The name, at the time, of who wrote it.
    pub author: String,
    pub text: String,
}

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
            assert_eq!(Action::parse(action.slug()), Some(action));
        }
    }
}
