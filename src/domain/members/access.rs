//! What a member may do, and who may change it.
//!
//! Members can grant only permissions that they hold, and can give access only to an account that
//! holds no more than they do. Removing permissions requires only `member.manage`. The last member
//! who can manage members cannot lose that permission. The author is read again inside the
//! transaction, so that two concurrent requests cannot together do what neither could do separately.
//! ASVS 8.2.1, 8.3.1.

use super::remaining::{check_another_manager_remains, check_dispensable};
use super::{Member, MemberId, Permission, Permissions, State, mapped, store};
use crate::base::error::{Error, Invalid, Result};
use crate::base::text;
use crate::db::Transaction;
use crate::domain::activity::{self, Actor, Change, Context, Entry, Event};
use crate::domain::mail;

/// Whether a member is a super manager, and with which permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub super_manager: bool,
    /// Empty for a member who is not a super manager.
    pub permissions: Permissions,
}

/// A role and permissions as submitted in a form.
#[derive(Clone, Debug, Default)]
pub struct RequestedAccess {
    /// `yes` or empty.
    pub super_manager: String,
    pub permissions: Vec<String>,
}

impl Access {
    /// The member's access. Without the super manager role, permissions do not count.
    pub fn of(member: &Member) -> Self {
        Self { super_manager: member.super_manager, permissions: member.held() }
    }

    pub fn role(self) -> &'static str {
        if self.super_manager { "Super manager" } else { "Member" }
    }

    /// The effective permissions: none without the super manager role.
    pub fn held(self) -> Permissions {
        if self.super_manager { self.permissions } else { Permissions::default() }
    }

    pub(super) fn changes(self, after: Self) -> Vec<Change> {
        let names = |access: Self| access.permissions.names().join(", ");
        let change = |field: &str, from, to| Change { field: field.to_owned(), from, to };
        let both = [
            change("Role", self.role().to_owned(), after.role().to_owned()),
            change("Permissions", names(self), names(after)),
        ];
        both.into_iter().filter(|change| change.from != change.to).collect()
    }
}

impl RequestedAccess {
    /// The access after a change to `before` by an author who holds `held`. The author can neither
    /// grant nor remove a permission that they do not hold.
    pub fn check(&self, before: Access, held: Permissions) -> Result<Access, Invalid> {
        let mut errors = Invalid::default();
        let super_manager = match self.super_manager.as_str() {
            "" => false,
            "yes" => true,
            _ => {
                errors.add("super_manager", "Choose whether this is a super manager");
                false
            }
        };
        let mut permissions = before.permissions.without(held);
        for name in &self.permissions {
            match name.parse::<Permission>() {
                Ok(permission) if held.and(before.permissions).contains(permission) => {
                    permissions = permissions.and(Permissions::from_iter([permission]));
                }
                Ok(permission) => {
                    let message =
                        format!("You cannot give {permission}: you do not have it yourself");
                    errors.add("permissions", message);
                    break;
                }
                Err(_) => {
                    let message = format!("There is no permission “{}”", text::visible(name, 40));
                    errors.add("permissions", message);
                    break;
                }
            }
        }
        if super_manager && permissions.is_empty() && errors.is_empty() {
            errors.add("permissions", "Choose at least one permission");
        }
        let permissions = if super_manager { permissions } else { Permissions::default() };
        if errors.is_empty() { Ok(Access { super_manager, permissions }) } else { Err(errors) }
    }
}

/// Changes a member's role and permissions. Also returns whether the member gained permissions.
///
/// # Errors
/// [`Error::Conflict`] when the member has changed since `version`; [`Error::Invalid`] when the
/// author may not grant a permission, or nobody would be left to manage members.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    requested: &RequestedAccess,
    version: i64,
    context: &Context,
) -> Result<(Member, bool)> {
    let held = held_by(tx, context)?;
    let member = find(tx, id)?;
    if member.version != version {
        return Err(Error::Conflict);
    }
    mapped::check_not_mapped(tx, id)?;
    let before = Access::of(&member);
    let after = requested.check(before, held).map_err(Error::Invalid)?;
    let changes = before.changes(after);
    if changes.is_empty() {
        return Ok((member, false));
    }
    if !after.permissions.contains(Permission::ManageMembers) {
        check_another_manager_remains(tx, &member)?;
    }
    store::set_access(tx, id, after, version + 1)?;
    let details = serde_json::json!({ "version": version + 1, "changes": changes });
    let entry = Entry::about(Event::MemberEdited, member.subject()).with(details);
    activity::record(tx, context, &entry)?;
    let is_raised = !after.permissions.without(before.permissions).is_empty();
    let Access { super_manager, permissions } = after;
    Ok((Member { super_manager, permissions, version: version + 1, ..member }, is_raised))
}

/// Disables a member; `sign_in` then ends their sessions.
///
/// # Errors
/// [`Error::Conflict`] when the member is not active; [`Error::Invalid`] when nobody would be left
/// to manage members.
pub fn disable(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    held_by(tx, context)?;
    let member = find(tx, id)?;
    if !member.is_active() {
        return Err(Error::Conflict);
    }
    check_dispensable(tx, &member)?;
    store::set_disabled(tx, id, Some(context.now))?;
    record(tx, Event::MemberDisabled, member, context)
}

/// Enables a disabled member.
///
/// # Errors
/// [`Error::Conflict`] when the member is not disabled; [`Error::Forbidden`] when the member holds
/// permissions that the author does not have.
pub fn enable(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    let held = held_by(tx, context)?;
    let member = find(tx, id)?;
    if !matches!(member.state, State::Disabled(_)) {
        return Err(Error::Conflict);
    }
    check_permissions_within(&member, held)?;
    store::set_disabled(tx, id, None)?;
    record(tx, Event::MemberEnabled, member, context)
}

/// Removes a member and their sessions and links. Keys and activity entries still name the member.
///
/// # Errors
/// [`Error::Conflict`] when the member has only been invited; [`Error::Invalid`] when nobody would
/// be left to manage members.
pub fn remove(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    held_by(tx, context)?;
    let member = find(tx, id)?;
    if matches!(member.state, State::Invited(_)) {
        return Err(Error::Conflict);
    }
    check_dispensable(tx, &member)?;
    store::delete(tx, id)?;
    mail::withdraw_links(tx, id.as_str(), context.now)?;
    record(tx, Event::MemberRemoved, member, context)
}

/// Returns the member if the author may see a link that sets their password.
///
/// # Errors
/// [`Error::Conflict`] when the member is not active; [`Error::Forbidden`] when the member is the
/// author or holds permissions that the author does not have; [`Error::Invalid`] when nobody would
/// be left to manage members.
pub fn resettable(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    another(tx, id, "Change your own password in your account settings.", context)
}

/// Returns the member if the author may contain them.
///
/// # Errors
/// As for [`resettable`].
pub fn containable(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    let advice = "You cannot contain yourself. Change your password in your account settings.";
    another(tx, id, advice, context)
}

/// The active member with this id. The author must be somebody else, who is denied with `advice`
/// otherwise, and hold every permission of the member.
fn another(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    advice: &str,
    context: &Context,
) -> Result<Member> {
    let held = held_by(tx, context)?;
    let member = find(tx, id)?;
    if context.actor.id() == Some(id.as_str()) {
        return Err(Error::Forbidden(advice.into()));
    }
    if !member.is_active() {
        return Err(Error::Conflict);
    }
    check_permissions_within(&member, held)?;
    check_dispensable(tx, &member)?;
    Ok(member)
}

/// Returns the member if the author may remove their second factors.
///
/// # Errors
/// [`Error::Forbidden`] when the member is the author or holds permissions that the author does not
/// have.
pub fn with_removable_factors(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    context: &Context,
) -> Result<Member> {
    let held = held_by(tx, context)?;
    let member = find(tx, id)?;
    if context.actor.id() == Some(id.as_str()) {
        return Err(Error::Forbidden("Change your own sign-in in your account settings.".into()));
    }
    check_permissions_within(&member, held)?;
    Ok(member)
}

/// The permissions that the author can grant: a member's own permissions, or every permission on the
/// command line.
pub(super) fn held_by(tx: &mut Transaction<'_>, context: &Context) -> Result<Permissions> {
    let member = match &context.actor {
        Actor::CommandLine => return Ok(Permissions::all()),
        Actor::Member { id, .. } => store::by_id(tx, &MemberId::stored(id.clone()))?,
        Actor::Anonymous | Actor::System => None,
    };
    member
        .filter(|member| member.is_active() && member.may(Permission::ManageMembers))
        .map(|member| member.held())
        .ok_or_else(|| Permission::ManageMembers.missing())
}

pub(super) fn find(tx: &mut Transaction<'_>, id: &MemberId) -> Result<Member> {
    store::by_id(tx, id)?.ok_or(Error::NotFound)
}

/// Denies access to the account of a member who holds permissions outside `held`.
pub(super) fn check_permissions_within(member: &Member, held: Permissions) -> Result<()> {
    let beyond = member.held().without(held);
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "{} has permissions that you do not have: {}.",
        member.name.as_str(),
        beyond.names().join(", ")
    )))
}

pub(super) fn record(
    tx: &mut Transaction<'_>,
    event: Event,
    member: Member,
    context: &Context,
) -> Result<Member> {
    activity::record(tx, context, &Entry::about(event, member.subject()))?;
    Ok(member)
}

/// Records an event about a member with details.
pub(super) fn record_with(
    tx: &mut Transaction<'_>,
    event: Event,
    member: &Member,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    activity::record(tx, context, &Entry::about(event, member.subject()).with(details))
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
