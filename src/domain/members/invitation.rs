//! Invitations: members who cannot sign in until they accept.
//!
//! This module does not handle codes or passwords; `sign_in` does.

use super::standing::{Wanted, done, find, held_by, holds_no_more};
use super::{Email, Member, MemberId, MemberName, Permissions, Standing, State, store};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::mail;

/// An invitation as submitted in a form.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The requested role and permissions.
    pub wanted: Wanted,
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
        errors.add("email", email_taken_message(&other));
    }
    match (name, email, draft.wanted.check(Standing::default(), held)) {
        (Some(name), Some(email), Ok(standing)) if errors.is_empty() => Ok((name, email, standing)),
        (.., standing) => {
            errors.0.extend(standing.err().unwrap_or_default().0);
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
    author: &Author,
) -> Result<Member> {
    let held = held_by(tx, author)?;
    let member = find_invited(tx, id)?;
    holds_no_more(&member, held)?;
    store::set_invited_until(tx, id, Some(until))?;
    done(tx, Event::InvitationResent, Member { state: State::Invited(until), ..member }, author)
}

/// Withdraws an invitation and its link.
///
/// # Errors
/// [`Error::Conflict`] when it has been accepted.
pub fn withdraw(tx: &mut Transaction<'_>, id: &MemberId, author: &Author) -> Result<Member> {
    held_by(tx, author)?;
    let member = find_invited(tx, id)?;
    store::delete(tx, id)?;
    mail::withdraw_links(tx, id.as_str(), author.now)?;
    done(tx, Event::InvitationWithdrawn, member, author)
}

/// Expires an invitation now, so that it has to be sent again.
pub fn expire(tx: &mut Transaction<'_>, id: &MemberId, author: &Author) -> Result<()> {
    store::set_invited_until(tx, id, Some(author.now))
}

/// Makes an invited person an active member, with the name they chose if they gave one.
///
/// # Errors
/// [`Error::Conflict`] when the invitation has already been accepted.
pub fn accept(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    name: Option<MemberName>,
    password_hash: &str,
    author: &Author,
) -> Result<Member> {
    let mut member = find_invited(tx, id)?;
    if let Some(name) = name {
        store::set_name(tx, id, &name)?;
        member.name = name;
    }
    store::set_invited_until(tx, id, None)?;
    store::set_password_hash(tx, id, Some(password_hash))?;
    let author = author.as_member(id.as_str(), member.name.as_str());
    done(tx, Event::InvitationAccepted, Member { state: State::Active, ..member }, &author)
}

fn find_invited(tx: &mut Transaction<'_>, id: &MemberId) -> Result<Member> {
    let member = find(tx, id)?;
    if matches!(member.state, State::Invited(_)) { Ok(member) } else { Err(Error::Conflict) }
}
