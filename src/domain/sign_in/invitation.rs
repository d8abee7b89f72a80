//! Invitations by a one-time link. The recipient chooses a password and becomes a member.
//!
//! An invitation expires with its link, after seven days; a new link replaces the previous one.

use super::codes::{self, Code, Purpose};
use super::{known, new_network};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::invitation::{self as invitations, Draft};
use crate::domain::members::{self, Member, MemberId, MemberName, State, ways_in};

/// For how many days an invitation is valid.
pub const DAYS: i64 = codes::INVITATION_DAYS;

/// The text for a link that does not work, on the page and in the error.
pub const INVALID_LINK: &str =
    "This invitation does not work any more. Ask whoever invited you for a new link";

/// Invites a person; returns the code for the link.
pub fn invite(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    context: &Context,
) -> Result<(Member, String)> {
    let member = invitations::invite(tx, draft, end(context), context)?;
    with_code(tx, member, context)
}

/// Makes a new link, which is valid for seven days from now; the old link stops working.
pub fn invite_again(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    context: &Context,
) -> Result<(Member, String)> {
    let member = invitations::extend(tx, id, end(context), context)?;
    codes::end_all_of(tx, id, context.now)?;
    with_code(tx, member, context)
}

/// The member that the invitation is for, if the code is valid.
pub fn member_for_code(
    connection: &mut Connection,
    keyring: &Keyring,
    code: &str,
    now: Timestamp,
) -> Result<Option<Member>> {
    match codes::look_up(connection, keyring, Purpose::Invitation, code, now)? {
        Some(Code { member: Some(id) }) => Ok(members::find(connection, &id)?
            .filter(|member| matches!(member.state, State::Invited(until) if now < until))),
        _ => Ok(None),
    }
}

/// Uses up the code, makes the invited person a member and signs them in.
///
/// # Errors
/// [`Error::Invalid`] when the code does not work.
pub fn accept(
    tx: &mut Transaction<'_>,
    code: &str,
    name: Option<MemberName>,
    password_hash: &str,
    context: &Context,
) -> Result<Member> {
    if ways_in::passwords_are_off(tx)? {
        return Err(Error::invalid("password", super::PASSWORDS_OFF));
    }
    let member = use_up(tx, code, name, Some(password_hash), context)?;
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    members::note_sign_in(tx, &member, serde_json::json!({}), &context)?;
    known::remember_network(tx, &context)?;
    new_network::remember(tx, &member.id, &context)?;
    Ok(member)
}

/// Uses up the code and makes the invited person a member, who signs in by single sign-on.
///
/// # Errors
/// [`Error::Invalid`] when the code does not work.
pub fn accept_without_password(
    tx: &mut Transaction<'_>,
    code: &str,
    context: &Context,
) -> Result<Member> {
    use_up(tx, code, None, None, context)
}

fn use_up(
    tx: &mut Transaction<'_>,
    code: &str,
    name: Option<MemberName>,
    password_hash: Option<&str>,
    context: &Context,
) -> Result<Member> {
    let member = member_for_code(tx, &context.keyring, code, context.now)?
        .ok_or_else(|| Error::invalid("code", INVALID_LINK))?;
    codes::consume(tx, &context.keyring, Purpose::Invitation, code, context.now)?;
    let member = invitations::accept(tx, &member.id, name, password_hash, context)?;
    codes::end_all_of(tx, &member.id, context.now)?;
    Ok(member)
}

fn end(context: &Context) -> Timestamp {
    context.now.plus(Purpose::Invitation.lifetime())
}

fn with_code(
    tx: &mut Transaction<'_>,
    member: Member,
    context: &Context,
) -> Result<(Member, String)> {
    let code =
        codes::issue(tx, &context.keyring, Purpose::Invitation, Some(&member.id), context.now)?;
    Ok((member, code))
}
