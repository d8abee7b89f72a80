//! Invitations by a one-time link. The recipient chooses a password and becomes a member.
//!
//! An invitation expires with its link, after seven days; a new link replaces the previous one.

use super::codes::{self, Code, Purpose};
use super::known;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Author;
use crate::domain::members::invitation::{self as invitations, Draft};
use crate::domain::members::{self, Member, MemberId, MemberName, State};

/// For how many days an invitation is valid.
pub const DAYS: i64 = codes::INVITATION_DAYS;

/// The text for a link that does not work, on the page and in the error.
pub const DEAD: &str =
    "This invitation does not work any more. Ask whoever invited you for a new link";

/// Invites a person; returns the code for the link.
pub fn invite(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    author: &Author,
) -> Result<(Member, String)> {
    let member = invitations::invite(tx, draft, end(author), author)?;
    with_code(tx, member, author)
}

/// Makes a new link, which is valid for seven days from now; the old link stops working.
pub fn invite_again(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    author: &Author,
) -> Result<(Member, String)> {
    let member = invitations::extend(tx, id, end(author), author)?;
    codes::end_all_of(tx, id, author.now)?;
    with_code(tx, member, author)
}

/// The member that the invitation is for, if the code is valid.
pub fn whose(
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
    author: &Author,
) -> Result<Member> {
    let member = whose(tx, &author.keyring, code, author.now)?
        .ok_or_else(|| Error::invalid("code", DEAD))?;
    codes::consume(tx, &author.keyring, Purpose::Invitation, code, author.now)?;
    let member = invitations::accept(tx, &member.id, name, password_hash, author)?;
    codes::end_all_of(tx, &member.id, author.now)?;
    let author = author.as_member(member.id.as_str(), member.name.as_str());
    members::note_sign_in(tx, &member, &author)?;
    known::remember_network(tx, &author)?;
    Ok(member)
}

fn end(author: &Author) -> Timestamp {
    author.now.plus(Purpose::Invitation.lifetime())
}

fn with_code(
    tx: &mut Transaction<'_>,
    member: Member,
    author: &Author,
) -> Result<(Member, String)> {
    let code =
        codes::issue(tx, &author.keyring, Purpose::Invitation, Some(&member.id), author.now)?;
    Ok((member, code))
}
