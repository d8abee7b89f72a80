//! The outcome of a request, by the codes that appear in responses and counts.

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;

closed_set! {
    /// The outcome of a request, by its code in responses, tables and metrics.
    pub enum Outcome {
        Pass = "pass",
        /// It had no key.
        MissingKey = "missing_key",
        /// It had something that is not a secret key.
        MalformedKey = "malformed_key",
        /// It had a secret key that does not exist.
        InvalidKey = "invalid_key",
        /// The key had expired.
        KeyExpired = "key_expired",
        /// The key was revoked.
        KeyRevoked = "key_revoked",
        /// The key was disabled.
        KeyDisabled = "key_disabled",
        /// The secret was superseded by a newer one of the same key.
        SecretSuperseded = "secret_superseded",
        /// The key did not have a required scope.
        ScopeMissing = "scope_missing",
        /// The key may not be used from the client's address.
        AddressNotAllowed = "address_not_allowed",
        /// The key is for another environment.
        EnvironmentMismatch = "environment_mismatch",
    }
}
text_column!(Outcome);
