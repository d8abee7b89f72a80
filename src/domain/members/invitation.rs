//! Invitations: members who cannot sign in until they accept.
//!
//! This module does not handle codes or passwords; `sign_in` does.

use super::access::{RequestedAccess, check_permissions_within, find, held_by, record};
use super::{Access, Email, Member, MemberId, MemberName, Permissions, State, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::mail;

/// An invitation as submitted in a form.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The requested role and permissions.
    pub requested: RequestedAccess,
}

/// Invites a person to become a member; the invitation expires at `until`.
///
/// # Errors
/// [`Error::Invalid`] when a field is wrong, the address is taken, or the author may not grant the
/// requested permissions.
pub fn invite(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    until: Timestamp,
    context: &Context,
) -> Result<Member> {
    let held = held_by(tx, context)?;
    let (name, email, access) = check(tx, draft, held)?;
    let member = Member {
        id: MemberId::random()?,
        name,
        email,
        super_manager: access.super_manager,
        permissions: access.permissions,
        state: State::Invited(until),
        created_at: context.now,
        last_signed_in_at: None,
        two_step_since: None,
        version: 1,
    };
    store::insert(tx, &member, None)?;
    let entry = Entry::about(Event::MemberInvited, member.subject()).with(member.details());
    activity::record(tx, context, &entry)?;
    Ok(member)
}

fn check(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    held: Permissions,
) -> Result<(MemberName, Email, Access)> {
    let mut errors = Invalid::default();
    let name = errors.collect("name", MemberName::parse(&draft.name));
    let email = errors.collect("email", Email::parse(&draft.email));
    if let Some(email) = &email
        && let Some((other, _)) = store::by_email(tx, email)?
    {
        errors.add("email", email_taken_message(&other));
    }
    match (name, email, draft.requested.check(Access::default(), held)) {
        (Some(name), Some(email), Ok(access)) if errors.is_empty() => Ok((name, email, access)),
        (.., access) => {
            errors.0.extend(access.err().unwrap_or_default().0);
            Err(Error::Invalid(errors))
        }
    }
}

fn email_taken_message(other: &Member) -> &'static str {
    match other.state {
        State::Invited(_) => {
            "This email address has been invited already. Make a new link for that invitation"
        }
        State::Active | State::Disabled(_) => "Another member already has this email address",
    }
}

/// Lets an invitation be accepted until `until`, even if it has expired.
///
/// # Errors
/// [`Error::Conflict`] when it has been accepted; [`Error::Forbidden`] when the invited member would
/// hold permissions that the author does not have.
pub fn extend(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    until: Timestamp,
    context: &Context,
) -> Result<Member> {
    let held = held_by(tx, context)?;
    let member = find_invited(tx, id)?;
    check_permissions_within(&member, held)?;
    store::set_invited_until(tx, id, Some(until))?;
    record(tx, Event::InvitationResent, Member { state: State::Invited(until), ..member }, context)
}

/// Withdraws an invitation and its link.
///
/// # Errors
/// [`Error::Conflict`] when it has been accepted.
pub fn withdraw(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<Member> {
    held_by(tx, context)?;
    let member = find_invited(tx, id)?;
    store::delete(tx, id)?;
    mail::withdraw_links(tx, id.as_str(), context.now)?;
    record(tx, Event::InvitationWithdrawn, member, context)
}

/// Expires an invitation now, so that it has to be sent again.
pub fn expire(tx: &mut Transaction<'_>, id: &MemberId, context: &Context) -> Result<()> {
    store::set_invited_until(tx, id, Some(context.now))
}

/// Expires every invitation now.
pub fn expire_all(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::shorten_invitations(tx, now)
}

/// Makes an invited person an active member, with the name they chose if they gave one. Without a
/// password they sign in by single sign-on.
///
/// # Errors
/// [`Error::Conflict`] when the invitation has already been accepted.
pub fn accept(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    name: Option<MemberName>,
    password_hash: Option<&str>,
    context: &Context,
) -> Result<Member> {
    let mut member = find_invited(tx, id)?;
    if let Some(name) = name {
        store::set_name(tx, id, &name)?;
        member.name = name;
    }
    store::set_invited_until(tx, id, None)?;
    store::set_password_hash(tx, id, password_hash)?;
    let context = context.as_member(id.as_str(), member.name.as_str());
    record(tx, Event::InvitationAccepted, Member { state: State::Active, ..member }, &context)
}

fn find_invited(tx: &mut Transaction<'_>, id: &MemberId) -> Result<Member> {
    let member = find(tx, id)?;
    if matches!(member.state, State::Invited(_)) { Ok(member) } else { Err(Error::Conflict) }
}
