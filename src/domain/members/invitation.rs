//! Invitations: a member to be, who cannot sign in before the invitation is accepted.
//!
//! Knows no codes and no passwords: those are `sign_in`'s.

use super::standing::{Wanted, done, find, held_by, holds_no_more};
use super::{Email, Member, MemberId, MemberName, Permissions, Standing, State, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::mail;

/// An invitation as a form asks for it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// What the member is to be.
    pub wanted: Wanted,
}

/// Invites somebody, until then.
///
/// # Errors
/// [`Error::Invalid`] when a field is wrong, the address is taken, or the author may not give what
/// the draft asks for.
pub fn invite(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    until: Timestamp,
    author: &Author,
) -> Result<Member> {
    let held = held_by(tx, author)?;
    let (name, email, standing) = check(tx, draft, held)?;
    let member = Member {
        id: MemberId::random()?,
        name,
        email,
        super_manager: standing.super_manager,
        permissions: standing.permissions,
        state: State::Invited(until),
        created_at: author.now,
        last_signed_in_at: None,
        version: 1,
    };
    store::insert(tx, &member, None)?;
    let entry = Entry::about(Event::MemberInvited, member.subject()).with(member.details());
    activity::record(tx, author, &entry)?;
    Ok(member)
}

fn check(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    held: Permissions,
) -> Result<(MemberName, Email, Standing)> {
    let mut errors = Invalid::default();
    let name = errors.take("name", MemberName::parse(&draft.name));
    let email = errors.take("email", Email::parse(&draft.email));
    if let Some(email) = &email
        && let Some((other, _)) = store::by_email(tx, email)?
    {
        errors.add("email", taken(&other));
    }
    match (name, email, draft.wanted.check(Standing::default(), held)) {
        (Some(name), Some(email), Ok(standing)) if errors.is_empty() => Ok((name, email, standing)),
        (.., standing) => {
            errors.0.extend(standing.err().unwrap_or_default().0);
            Err(Error::Invalid(errors))
        }
    }
}

fn taken(other: &Member) -> &'static str {
    match other.state {
        State::Invited(_) => {
            "This email address has been invited already. Make a new link for that invitation"
        }
        State::Active | State::Disabled(_) => "Another member already has this email address",
    }
}

/// Lets an invitation, also one that has expired, be accepted until then.
///
/// # Errors
/// [`Error::Conflict`] when it was accepted; [`Error::Forbidden`] when the member is to hold more
/// than the author.
pub fn extend(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    until: Timestamp,
    author: &Author,
) -> Result<Member> {
    let held = held_by(tx, author)?;
    let member = invited(tx, id)?;
    holds_no_more(&member, held)?;
    store::set_invited_until(tx, id, Some(until))?;
    done(tx, Event::InvitationResent, Member { state: State::Invited(until), ..member }, author)
}

/// Takes an invitation back; its link goes with it.
///
/// # Errors
/// [`Error::Conflict`] when it was accepted.
pub fn withdraw(tx: &mut Transaction<'_>, id: &MemberId, author: &Author) -> Result<Member> {
    held_by(tx, author)?;
    let member = invited(tx, id)?;
    store::delete(tx, id)?;
    mail::withdraw_links(tx, id.as_str(), author.now)?;
    done(tx, Event::InvitationWithdrawn, member, author)
}

/// Stops an invitation for now, so that it has to be made anew.
pub fn expire(tx: &mut Transaction<'_>, id: &MemberId, author: &Author) -> Result<()> {
    store::set_invited_until(tx, id, Some(author.now))
}

/// Makes whoever was invited a member who can sign in; with a name of their own, if there is one.
///
/// # Errors
/// [`Error::Conflict`] when it was accepted.
pub fn accept(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    name: Option<MemberName>,
    password_hash: &str,
    author: &Author,
) -> Result<Member> {
    let mut member = invited(tx, id)?;
    if let Some(name) = name {
        store::set_name(tx, id, &name)?;
        member.name = name;
    }
    store::set_invited_until(tx, id, None)?;
    store::set_password_hash(tx, id, Some(password_hash))?;
    let author = author.as_member(id.as_str(), member.name.as_str());
    done(tx, Event::InvitationAccepted, Member { state: State::Active, ..member }, &author)
}

fn invited(tx: &mut Transaction<'_>, id: &MemberId) -> Result<Member> {
    let member = find(tx, id)?;
    if matches!(member.state, State::Invited(_)) { Ok(member) } else { Err(Error::Conflict) }
}
