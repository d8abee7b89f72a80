//! The groups of keys that need attention, most urgent first.

use super::list::ConcernedKey;
use crate::domain::attention::Reason;

/// Keys that need attention for the same kind of reason.
pub(in crate::pages::api_keys) struct Group {
    pub id: &'static str,
    pub title: &'static str,
    pub keys: Vec<ConcernedKey>,
}

/// The id and the title of each group, in order.
const GROUPS: [(&str, &str); 6] = [
    ("inactive", "Inactive keys still in use"),
    ("problems", "Problems"),
    ("expiring", "Expiring soon"),
    ("rotation", "Rotation"),
    ("other", "Other"),
    ("unused", "Unused"),
];

/// The position in [`GROUPS`] of keys whose most urgent reason is `reason`.
const fn position(reason: &Reason) -> usize {
    match reason {
        Reason::InactiveSecretUsed { .. } => 0,
        Reason::ScheduleSkipped
        | Reason::SecretStored
        | Reason::IntrospectionEnded
        | Reason::DeniedOften { .. } => 1,
        Reason::Expiring(_) => 2,
        Reason::FormerMasterKey | Reason::RotationDue | Reason::OverlapCanEnd => 3,
        Reason::NameTaken | Reason::CreatorLeft => 4,
        Reason::NeverUsed | Reason::Unused => 5,
    }
}

/// The keys in groups, each with the most urgent reason; groups without keys are left out.
pub(super) fn groups<'a>(keys: impl Iterator<Item = (&'a Reason, ConcernedKey)>) -> Vec<Group> {
    let mut groups = GROUPS.map(|(id, title)| Group { id, title, keys: Vec::new() });
    for (reason, key) in keys {
        groups[position(reason)].keys.push(key);
    }
    groups.into_iter().filter(|group| !group.keys.is_empty()).collect()
}
