//! The facts about a key on its page.

use super::query::Filters;
use super::words::{ago, in_days};
use crate::base::clock::{Timestamp, short_date};
use crate::domain::api_keys::{Details, Status};
use crate::pages::Viewer;
use crate::web::time_view::TimeView;

pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
    /// The time in the words of `value`.
    pub at: Option<TimeView>,
    pub address: Option<String>,
    /// The table of the keys that have this in common.
    pub href: Option<String>,
}

pub(super) fn of(viewer: &Viewer, details: &Details, creator: Option<String>) -> Vec<Fact> {
    let (key, now) = (&details.key, viewer.now);
    let day = |at: Timestamp| short_date(at.date());
    let by = creator.map(|name| format!(" by {name}")).unwrap_or_default();
    let last = key.expires_at.last_day();
    let due = key.rotation_due_at(&viewer.settings).date();
    let used = key.last_used_at.map_or("Never".into(), |at| ago(at, now));
    let mut facts = vec![
        fact("Role", details.role.name.clone(), None),
        fact("Environment", key.environment.label().into(), None),
        fact("Created", format!("{}{by}", day(key.created_at)), Some(key.created_at)),
        Fact {
            address: key.last_used_address.clone(),
            ..fact("Last used", used, key.last_used_at)
        },
        fact(
            "Expires",
            format!("{}, {}", short_date(last), in_days(last, now)),
            Some(key.expires_at),
        ),
    ];
    // A key that expires before needs no rotation.
    if key.status(now) == Status::Active && due <= last {
        facts.push(fact("Rotate by", format!("{}, {}", short_date(due), in_days(due, now)), None));
    }
    facts.extend(ownership(details));
    if let Some(at) = key.edited_at {
        facts.push(fact("Last edited", day(at), Some(at)));
    }
    if let Some(at) = key.revoked_at {
        facts.push(fact("Revoked", day(at), Some(at)));
    }
    facts
}

/// Whose key it is, with links to the other keys of the same owner and with the same labels.
fn ownership(details: &Details) -> Vec<Fact> {
    let key = &details.key;
    let linked = |label, value: &str, filters: Filters| Fact {
        href: Some(filters.href()),
        ..fact(label, value.to_owned(), None)
    };
    let mut facts = Vec::new();
    let owner = key.owner.as_str();
    if !owner.is_empty() {
        let filters = Filters { owner: owner.to_owned(), ..Filters::default() };
        facts.push(linked("Owner", owner, filters));
    }
    if !key.external_id.as_str().is_empty() {
        facts.push(fact("External ID", key.external_id.as_str().into(), None));
    }
    for (name, value) in details.labels.iter() {
        let label = format!("{name}={value}");
        let filters = Filters { label: label.clone(), ..Filters::default() };
        facts.push(linked("Label", &label, filters));
    }
    facts
}

fn fact(label: &'static str, value: String, at: Option<Timestamp>) -> Fact {
    let at = at.map(|at| TimeView::new(value.clone(), at));
    Fact { label, value, at, address: None, href: None }
}
