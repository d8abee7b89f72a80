//! Identifiers: random, never secret.

use crate::base::error::Result;
use crate::base::random;

/// Letters or digits after the prefix.
const LENGTH: usize = 20;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn random() -> Result<Self> {
                Ok(Self(format!("{}{}", $prefix, random::text(random::BASE62, LENGTH)?)))
            }

            /// Reads one that somebody sent; `None` for what cannot be one.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let is_one = rest.len() == LENGTH && rest.bytes().all(|b| b.is_ascii_alphanumeric());
                is_one.then(|| Self(text.to_owned()))
            }

            /// One that the database holds.
            pub(super) fn stored(text: String) -> Self {
                Self(text)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// Names an endpoint: `whk_` and 20 letters or digits.
    EndpointId, "whk_"
}
identifier! {
    /// Names a message, the same to all endpoints and at each attempt: `msg_` and 20 letters or
    /// digits, as Standard Webhooks has it.
    MessageId, "msg_"
}
identifier! {
    /// Names a message on its way to one endpoint: `dlv_` and 20 letters or digits.
    DeliveryId, "dlv_"
}
