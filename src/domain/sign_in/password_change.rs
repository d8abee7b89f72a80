//! A member's own change of password, with the present one: guarded as signing in is (ASVS 6.2.3).

use super::hasher::{Busy, Checked};
use super::sessions::{self, PRIVILEGES};
use super::{Door, Password, Requester, codes, known, own_sessions};
use crate::base::error::{Error, Result};
use crate::db::{Db, Transaction};
use crate::domain::activity::{self, Author, Entry, Event};
use crate::domain::members::{self, Member};

/// The hash of a password that was found right.
pub struct Proven(String);

/// Checks the member's present password.
///
/// # Errors
/// [`Error::Invalid`] when it is wrong; [`Error::TooMany`] when it was tried too often;
/// [`Error::Unavailable`] when too many others wait.
pub async fn check(
    db: &Db,
    door: &Door,
    member: &Member,
    current: Password,
    author: &Author,
) -> Result<Proven> {
    let reservation = door
        .throttle
        .reserve(Some(member.email.folded()), known::network(author), author.now)
        .map_err(|wait| Error::TooMany { seconds: wait.seconds, message: wait.message() })?;
    let email = member.email.clone();
    let stored = db.read(move |c| members::by_email(c, &email)).await?.and_then(|(_, hash)| hash);
    let requester = Requester::Member(member.id.clone());
    match (door.hasher.verify(requester, current, stored.clone()).await, stored) {
        (Ok(Checked::Right { .. }), Some(hash)) => {
            door.throttle.succeeded(reservation);
            Ok(Proven(hash))
        }
        (Ok(_), _) => Err(wrong()),
        (Err(Busy), _) => {
            door.throttle.not_tried(reservation);
            Err(Busy.into())
        }
    }
}

/// Sets the new password, ends the member's sessions but the one of that reference, and stops
/// their links.
///
/// # Errors
/// [`Error::Invalid`] when the present password is no longer the one that was proven.
pub fn conclude(
    tx: &mut Transaction<'_>,
    member: &Member,
    Proven(proven): &Proven,
    new_hash: &str,
    session: &str,
    author: &Author,
) -> Result<()> {
    // Checking took a while: the password must not have been changed or reset meanwhile.
    let now = members::by_email(tx, &member.email)?.filter(|(now, _)| now.id == member.id);
    if now.and_then(|(_, hash)| hash).as_ref() != Some(proven) {
        return Err(wrong());
    }
    members::set_password_hash(tx, &member.id, Some(new_hash))?;
    codes::end_all_of(tx, &member.id, author.now)?;
    activity::record(tx, author, &Entry::about(Event::PasswordChanged, member.subject()))?;
    own_sessions::end_others(tx, member, session, author)?;
    // So that a later request asks for a new key of this session, should this one fail to get it.
    sessions::put(tx, &member.id, session, PRIVILEGES, &0, author.now)
}

fn wrong() -> Error {
    Error::invalid("current_password", "Current password is wrong")
}
