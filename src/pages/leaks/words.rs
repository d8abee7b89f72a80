//! The words for a leak and for its key on pages.

use crate::base::clock::Timestamp;
use crate::domain::api_keys::{ApiKey, Status};
use crate::domain::leaks::{Action, Leak};

/// A badge for templates.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    pub class: &'static str,
    /// The icon in the sprite; empty for a dot.
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

    /// Whether a key works.
    pub(super) fn of_key(key: &ApiKey, now: Timestamp) -> Self {
        match key.status(now) {
            Status::Active => Self { class: "badge-active", icon: "", text: "Active" },
            Status::Expired => {
                Self { class: "badge-expired", icon: "circle-minus", text: "Expired" }
            }
            Status::Disabled => {
                Self { class: "badge-expired", icon: "circle-pause", text: "Disabled" }
            }
            Status::Revoked => Self { class: "badge-revoked", icon: "ban", text: "Revoked" },
        }
    }
}

/// The action taken when the leak was reported.
pub(super) const fn done(action: Action) -> &'static str {
    match action {
        Action::Revoke => "Key revoked",
        Action::Disable => "Key disabled",
        Action::Rotate => "Key rotated, old secret stopped",
        Action::Stop => "Old secret stopped",
        Action::Nothing => "Nothing turned off",
    }
}
