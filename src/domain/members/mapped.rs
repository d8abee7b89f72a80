//! Access that follows from the groups of a member at the provider of single sign-on.
//!
//! It cannot be edited by hand. The last member who can manage members keeps their access, whatever
//! their groups say.

use super::access::record_with;
use super::remaining::is_last_manager;
use super::{Access, Member, MemberId, Permission, store};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{Context, Event};

/// The result of applying a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The access is as before.
    Unchanged,
    Changed {
        /// Whether the member gained permissions.
        is_raised: bool,
    },
    /// Nobody else could manage members, so the member keeps their access.
    Skipped,
}

/// The groups that decide the member's access; `None` if it is edited by hand.
pub fn groups_of(connection: &mut Connection, id: &MemberId) -> Result<Option<Vec<String>>> {
    let text = store::mapped_groups(connection, id)?;
    text.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()
}

/// Why the access cannot be edited by hand.
pub fn explanation(groups: &[String]) -> String {
    match groups {
        [] => "Single sign-on decides the permissions of this member, and none of their groups \
               gives any. Change their groups at your provider"
            .into(),
        groups => format!(
            "These permissions come from single sign-on, through the group {}. Change the groups \
             at your provider",
            groups.iter().map(|group| text::quoted(group)).collect::<Vec<_>>().join(" and ")
        ),
    }
}

/// Returns an error if the groups of single sign-on decide the member's access.
pub(super) fn check_not_mapped(tx: &mut Transaction<'_>, id: &MemberId) -> Result<()> {
    let Some(groups) = groups_of(tx, id)? else { return Ok(()) };
    Err(Error::invalid("permissions", explanation(&groups)))
}

/// Gives the member the access `after`, which follows from `groups`.
pub fn apply(
    tx: &mut Transaction<'_>,
    member: &Member,
    after: Access,
    groups: &[String],
    context: &Context,
) -> Result<(Member, Applied)> {
    store::set_mapped_groups(tx, &member.id, &serde_json::json!(groups).to_string())?;
    let before = Access::of(member);
    let mut details = serde_json::json!({ "changes": before.changes(after), "groups": groups });
    if before == after {
        return Ok((member.clone(), Applied::Unchanged));
    }
    let loses_members = !after.held().contains(Permission::ManageMembers);
    if loses_members && is_last_manager(tx, member)? {
        details["skipped"] = "the last member who can manage members".into();
        record_with(tx, Event::MemberPermissionsMapped, member, details, context)?;
        return Ok((member.clone(), Applied::Skipped));
    }
    let version = member.version + 1;
    store::set_access(tx, &member.id, after, version)?;
    details["version"] = version.into();
    record_with(tx, Event::MemberPermissionsMapped, member, details, context)?;
    let is_raised = !after.held().without(member.held()).is_empty();
    let Access { super_manager, permissions } = after;
    let member = Member { super_manager, permissions, version, ..member.clone() };
    Ok((member, Applied::Changed { is_raised }))
}

/// Lets the access of every member be edited by hand, when no mapping is left.
pub fn release_all(tx: &mut Transaction<'_>) -> Result<()> {
    store::delete_mapped_groups(tx)
}
