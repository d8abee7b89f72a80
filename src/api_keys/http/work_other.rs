//! What needs attention and is not a key: a review that is due, and other text with a secret key in it.

use super::work::{Action, Task};
use crate::attention::StoredSecret;
use crate::clock::short_date;
use crate::members::Permission;
use crate::members::http::Viewer;
use crate::reviews::Due;
use crate::text::thousands;

/// What to do about a secret key that is stored as text.
pub(super) const STORED: &str = "Take it out, and rotate the key it belongs to";

pub(super) fn review(viewer: &Viewer, due: &Due) -> Task {
    let (why, detail, since, label, href) = match due {
        Due::Open(review, progress) => (
            "A review is under way",
            format!(
                "{} of {} keys decided",
                thousands(progress.decided.unsigned_abs()),
                thousands(progress.needed.unsigned_abs())
            ),
            review.started_at,
            "Go On",
            format!("/reviews/{}", review.id.as_str()),
        ),
        Due::Since(since) => (
            "A review of all keys is due",
            "Decide on every active key: keep, reduce, rotate or revoke it".into(),
            *since,
            "Review Keys",
            "/reviews".into(),
        ),
    };
    Task {
        icon: "circle-check",
        class: "why-blue",
        why: why.into(),
        detail,
        since: short_date(since.date()),
        since_at: since.rfc_3339(),
        action: viewer.may(Permission::UpdateKeys).then_some(Action {
            label,
            href,
            is_danger: false,
        }),
        of: String::new(),
    }
}

pub(super) fn stored(viewer: &Viewer, secret: &StoredSecret) -> Task {
    let action = Action { label: "Edit", href: secret.href.clone(), is_danger: false };
    Task {
        icon: "triangle-alert",
        class: "why-red",
        why: format!("{} holds a secret key", secret.what),
        detail: STORED.into(),
        since: String::new(),
        since_at: String::new(),
        action: viewer.may(secret.permission).then_some(action),
        of: secret.what.clone(),
    }
}
