//! What became of a request that bore a key, or none: the codes that stand in answers and counts.

use crate::base::word::word;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// What became of a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Outcome { $($(#[$doc])* $variant,)* }

        impl Outcome {
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$variant),*];

            /// The code that stands in answers, tables and metrics.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The outcome with that code.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|outcome| outcome.code() == code)
            }
        }
    };
}

outcomes! {
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

word!(Outcome, |outcome| outcome.code(), Self::parse);
