//! What pages say of a leak and of its key.

use crate::base::clock::Timestamp;
use crate::domain::api_keys::{ApiKey, Status};
use crate::domain::leaks::{Action, Leak};

/// A badge as templates draw it.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub class: &'static str,
    /// The sprite's icon; empty for a dot.
    pub icon: &'static str,
    pub text: &'static str,
}

impl Badge {
    /// Whether a report is open.
    pub(super) fn of(leak: &Leak) -> Self {
        match leak.closed_at {
            None => Self { class: "badge-leak", icon: "triangle-alert", text: "Open" },
            Some(_) => Self { class: "", icon: "check", text: "Closed" },
        }
    }

    /// Whether a key can pass.
    pub(super) fn of_key(key: &ApiKey, now: Timestamp) -> Self {
        match key.status(now) {
            Status::Active => Self { class: "badge-active", icon: "", text: "Active" },
            Status::Expired => {
                Self { class: "badge-expired", icon: "circle-minus", text: "Expired" }
            }
            Status::Revoked => Self { class: "badge-revoked", icon: "ban", text: "Revoked" },
        }
    }
}

/// What was done at once.
pub(super) const fn done(action: Action) -> &'static str {
    match action {
        Action::Revoke => "Key revoked",
        Action::Rotate => "Key rotated, old secret stopped",
        Action::Stop => "Old secret stopped",
        Action::Nothing => "Nothing turned off",
    }
}
