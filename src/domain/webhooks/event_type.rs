//! The types of events that webhooks report: a closed set.

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;

/// The event of a test message, which is sent to the tested endpoint no matter which events it
/// receives.
pub(super) const TEST: &str = "webhook.test";

closed_set! {
    /// A type of event that an endpoint may receive, by its name in messages, forms and the
    /// database.
    pub enum EventType {
        /// An API key was created.
        KeyCreated = "api_key.created" "A key was created",
        /// An API key was edited.
        KeyEdited = "api_key.edited" "A key was edited",
        /// An API key was given a new secret.
        KeyRotated = "api_key.rotated" "A key was rotated",
        /// An API key was revoked.
        KeyRevoked = "api_key.revoked" "A key was revoked",
        /// An API key was disabled.
        KeyDisabled = "api_key.disabled" "A key was disabled",
        /// A disabled API key was enabled.
        KeyEnabled = "api_key.enabled" "A key was enabled",
        /// An API key expires soon.
        KeyExpiring = "api_key.expiring" "A key expires soon",
        /// An API key has expired.
        KeyExpired = "api_key.expired" "A key has expired",
        /// A secret key was found where it must not be.
        KeyLeaked = "api_key.leaked" "A secret key was reported as leaked",
        /// An alert was opened.
        AlertOpened = "alert.opened" "An alert was opened",
        /// An alert was closed.
        AlertClosed = "alert.closed" "An alert was closed",
    }
}
text_column!(EventType);
