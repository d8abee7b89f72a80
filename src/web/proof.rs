//! What a form contains to prove who submits it.

use std::fmt;

use zeroize::Zeroizing;

use super::form::single;

/// The fields with which a member proves who they are, as they were typed. Empty if the form does not
/// contain them.
#[derive(Clone, Default)]
pub struct ProofFields {
    pub password: Zeroizing<String>,
    pub code: Zeroizing<String>,
    /// The answer of a passkey, and the state of its ceremony.
    pub assertion: String,
    pub assertion_state: String,
    /// Whether the member wants to prove it at the provider of single sign-on.
    pub at_provider: bool,
}

impl ProofFields {
    pub fn is_empty(&self) -> bool {
        let has_any = !self.password.is_empty() || !self.code.is_empty() || self.at_provider;
        !has_any && self.assertion.is_empty()
    }
}

impl fmt::Debug for ProofFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofFields(…)")
    }
}

/// The fields in `body` with which a member proves who they are.
pub(super) fn proof(body: &str) -> ProofFields {
    let field = |name| single(body, name).unwrap_or_default();
    ProofFields {
        password: Zeroizing::new(field("confirm_password")),
        code: Zeroizing::new(field("confirm_code")),
        assertion: field("confirm_assertion"),
        assertion_state: field("confirm_assertion_state"),
        at_provider: single(body, "confirm_at_provider").is_some(),
    }
}
