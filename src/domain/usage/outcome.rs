//! What became of a request that bore a key, or none: the codes that stand in answers and counts.

use crate::base::closed_set::closed_set;
use crate::db::types::text_column;

closed_set! {
    /// What became of a request, by the code that stands in answers, tables and metrics.
    pub enum Outcome {
        Pass = "pass",
        /// It bore no key.
        MissingKey = "missing_key",
        /// It bore something that is no secret key.
        MalformedKey = "malformed_key",
        /// It bore a secret key that does not exist.
        InvalidKey = "invalid_key",
        /// The key's time was over.
        KeyExpired = "key_expired",
        /// The key was revoked.
        KeyRevoked = "key_revoked",
        /// Another secret of the key stood in for this one.
        SecretSuperseded = "secret_superseded",
        /// The key lacked a scope.
        ScopeMissing = "scope_missing",
        /// The key may not be used from there.
        AddressNotAllowed = "address_not_allowed",
        /// The key is for another environment.
        EnvironmentMismatch = "environment_mismatch",
    }
}
text_column!(Outcome);
