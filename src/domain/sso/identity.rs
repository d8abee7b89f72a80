//! Who a person at the provider is here.
//!
//! A person is identified by issuer and subject, never by an email address: addresses are given to
//! other people, and some providers let anybody claim one. An address links an account only once,
//! when the provider has verified it and the member could not do more than the person anyway.

use super::claims::{Groups, Person};
use super::mapping::access_of;
use super::provider::{NewMembers, Provider};
use super::refusal::Refusal;
use crate::base::clock::MINUTE;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::members::{
    self, Email, Member, MemberId, MemberName, NewMember, Permissions, State, ways_in,
};
use crate::domain::sign_in::{self, confirmation, invitation};

/// How long ago somebody who confirms who they are may have signed in at the provider, and how far
/// its clock may be ahead, in milliseconds.
const MAX_AGE: i64 = MINUTE;

/// The result of a sign-in by the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    SignedIn(Member),
    Refused(Refusal),
}

/// Signs a person in whom the provider has identified, and gives them the access of their groups.
/// `code` is that of an invitation, if they accept one. Refusals write nothing.
pub fn sign_in(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    person: &Person,
    code: Option<&str>,
    context: &Context,
) -> Result<Outcome> {
    if let Some(refusal) = refusal_by_groups(provider, person) {
        return Ok(Outcome::Refused(refusal));
    }
    let member = match member_for(tx, provider, person, code, context)? {
        Ok(member) => member,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    let member = apply_groups(tx, provider, person, member, &context)?;
    ways_in::note_identity_used(tx, (&person.issuer, &person.subject), &context)?;
    let details = serde_json::json!({ "issuer": person.issuer, "subject": person.subject });
    sign_in::note_sign_in_elsewhere(tx, &member, details, &context)?;
    Ok(Outcome::SignedIn(member))
}

/// Links the account of a person to the member with this id, who is signed in.
pub fn link(
    tx: &mut Transaction<'_>,
    person: &Person,
    id: &MemberId,
    context: &Context,
) -> Result<Option<Refusal>> {
    let member = members::find(tx, id)?.filter(Member::is_active).ok_or(Error::NotFound)?;
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    match ways_in::link(tx, &member, (&person.issuer, &person.subject), &context) {
        Ok(()) => Ok(None),
        Err(Error::Conflict) => Ok(Some(Refusal::AlreadyLinked)),
        Err(error) => Err(error),
    }
}

/// Confirms who uses the session with the reference `session` of the member with this id, if the
/// person is the one who is linked to the member and has just signed in at the provider. Returns why
/// not otherwise.
pub fn confirm(
    tx: &mut Transaction<'_>,
    person: &Person,
    (id, session): (&MemberId, &str),
    context: &Context,
) -> Result<Option<Refusal>> {
    let member = ways_in::by_identity(tx, &person.issuer, &person.subject)?;
    let Some(member) = member.filter(|member| member.id == *id && member.is_active()) else {
        return Ok(Some(Refusal::OtherAccount));
    };
    let Some(at) = person.authenticated_at else { return Ok(Some(Refusal::NoTime)) };
    if !(-MAX_AGE..MAX_AGE).contains(&context.now.since(at)) {
        return Ok(Some(Refusal::NotFresh));
    }
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    confirmation::confirm_elsewhere(tx, (&member, session), &context)?;
    Ok(None)
}

/// Groups matter only if a mapping is configured, or decides who may sign in.
fn refusal_by_groups(provider: &Provider, person: &Person) -> Option<Refusal> {
    let decides = provider.new_members == NewMembers::Mapped;
    match person.groups {
        Groups::TooMany if decides || !provider.mappings.is_empty() => Some(Refusal::TooManyGroups),
        Groups::Missing if decides => Some(Refusal::NoGroups),
        _ => None,
    }
}

/// The member who the person is. Links the account if it is not linked yet, and adds a member where
/// the settings say so.
fn member_for(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    person: &Person,
    code: Option<&str>,
    context: &Context,
) -> Result<Result<Member, Refusal>> {
    let identity = (person.issuer.as_str(), person.subject.as_str());
    if let Some(member) = ways_in::by_identity(tx, identity.0, identity.1)? {
        let is_other = code.is_some();
        return Ok(match member.state {
            _ if is_other => Err(Refusal::AlreadyLinked),
            State::Active => Ok(member),
            State::Disabled(_) | State::Invited(_) => Err(Refusal::Disabled),
        });
    }
    let found = match code {
        Some(code) => invited(tx, code, context)?,
        None => by_address(tx, provider, person, context)?,
    };
    let Ok(member) = &found else { return Ok(found) };
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    match ways_in::link(tx, member, identity, &context) {
        Ok(()) => Ok(found),
        Err(Error::Conflict) => Ok(Err(Refusal::AlreadyLinked)),
        Err(error) => Err(error),
    }
}

fn invited(
    tx: &mut Transaction<'_>,
    code: &str,
    context: &Context,
) -> Result<Result<Member, Refusal>> {
    match invitation::accept_without_password(tx, code, context) {
        Ok(member) => Ok(Ok(member)),
        Err(Error::Invalid(_)) => Ok(Err(Refusal::InvitationEnded)),
        Err(error) => Err(error),
    }
}

fn by_address(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    person: &Person,
    context: &Context,
) -> Result<Result<Member, Refusal>> {
    let typed = person.email.as_deref().map(Email::look_up).and_then(Result::ok);
    let known = typed.map(|email| members::by_email(tx, &email)).transpose()?.flatten();
    match known {
        Some((member, None))
            if person.verified_email.is_some()
                && member.is_active()
                && member.two_step_since.is_none()
                && !member.is_super_manager() =>
        {
            Ok(Ok(member))
        }
        Some((Member { state: State::Invited(_), .. }, _)) => Ok(Err(Refusal::OpenInvitation)),
        Some((Member { state: State::Disabled(_), .. }, _)) => Ok(Err(Refusal::Disabled)),
        Some(_) => Ok(Err(Refusal::LinkFirst)),
        None => new_member(tx, provider, person, context),
    }
}

fn new_member(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    person: &Person,
    context: &Context,
) -> Result<Result<Member, Refusal>> {
    match provider.new_members {
        NewMembers::Refuse => return Ok(Err(Refusal::NotAMember)),
        NewMembers::Ordinary => {}
        NewMembers::Mapped => {
            let mapped = access_of(&provider.mappings, &person.groups);
            if mapped.is_none_or(|mapped| mapped.groups.is_empty()) {
                return Ok(Err(Refusal::NoAccess));
            }
        }
    }
    let email = person.verified_email.as_deref().map(Email::parse).and_then(Result::ok);
    let Some(email) = email else { return Ok(Err(Refusal::NoAddress)) };
    let name = person.name.as_deref().and_then(|name| MemberName::parse(name).ok());
    let local = email.as_str().split('@').next().unwrap_or_default();
    let Some(name) = name.or_else(|| MemberName::parse(local).ok()) else {
        return Ok(Err(Refusal::NoAddress));
    };
    let new = NewMember {
        name,
        email,
        password_hash: None,
        super_manager: false,
        permissions: Permissions::default(),
    };
    Ok(Ok(members::add(tx, &new, context)?))
}

fn apply_groups(
    tx: &mut Transaction<'_>,
    provider: &Provider,
    person: &Person,
    member: Member,
    context: &Context,
) -> Result<Member> {
    let Some(mapped) = access_of(&provider.mappings, &person.groups) else { return Ok(member) };
    let (access, groups) = (mapped.access, &mapped.groups);
    // A change that was skipped is in the activity, of which an alert is made.
    let (member, _) = sign_in::access::apply_groups(tx, &member, access, groups, context)?;
    Ok(member)
}
