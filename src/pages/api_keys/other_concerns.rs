//! Items other than keys that need attention: a due review, and other text that contains a secret
//! key.

use super::attention::{Action, Task};
use crate::base::clock::short_date;
use crate::base::text::thousands;
use crate::domain::attention::{OtherConcern, Problem};
use crate::domain::members::Permission;
use crate::domain::reviews::Due;
use crate::pages::Viewer;

/// What to do about a secret key that is stored as text.
pub(super) const STORED: &str = "Take it out, and rotate the key it belongs to";
/// What to do about a name that another item has too.
pub(super) const NAME_TAKEN: &str =
    "Names that differ only in case or spacing count as the same. Rename one of the two";
/// What to do about an address that another member has too.
const ADDRESS_TAKEN: &str = "Remove the member who no longer needs access";

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
        subject: String::new(),
    }
}

pub(super) fn concern(viewer: &Viewer, found: &OtherConcern) -> Task {
    let OtherConcern { what, problem, href, permission } = found;
    let (icon, class, why, detail) = match problem {
        Problem::ContainsSecret => ("triangle-alert", "why-red", "holds a secret key", STORED),
        Problem::NameTaken => ("info", "why-amber", "has the same name as another one", NAME_TAKEN),
        Problem::AddressTaken => {
            ("info", "why-amber", "has the same email address as another one", ADDRESS_TAKEN)
        }
    };
    let action = Action { label: "Edit", href: href.clone(), is_danger: false };
    Task {
        icon,
        class,
        why: format!("{what} {why}"),
        detail: detail.into(),
        since: String::new(),
        since_at: String::new(),
        action: viewer.may(*permission).then_some(action),
        subject: what.clone(),
    }
}
