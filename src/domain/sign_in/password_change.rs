//! Changing one's own password, which requires the current password. The check is throttled like a
//! sign-in (ASVS 6.2.3).

use super::hasher::{Busy, PasswordCheck};
use super::sessions::{self, PRIVILEGES};
use super::{Password, Requester, SignInService, codes, known, own_sessions};
use crate::base::error::{Error, Result};
use crate::db::{Db, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Member};

/// The hash of a password that was verified.
pub struct VerifiedPassword(String);

/// Verifies the member's current password.
///
/// # Errors
/// [`Error::Invalid`] when it is wrong; [`Error::TooMany`] when there were too many attempts;
/// [`Error::Unavailable`] when too many passwords are waiting to be hashed.
pub async fn check(
    db: &Db,
    sign_in_service: &SignInService,
    member: &Member,
    current: Password,
    context: &Context,
) -> Result<VerifiedPassword> {
    let reservation = sign_in_service
        .throttle
        .reserve(Some(member.email.folded()), known::network(context), context.now)
        .map_err(|wait| Error::TooMany { seconds: wait.seconds, message: wait.message() })?;
    let email = member.email.clone();
    let stored = db.read(move |c| members::by_email(c, &email)).await?.and_then(|(_, hash)| hash);
    let requester = Requester::Member(member.id.clone());
    match (sign_in_service.hasher.verify(requester, current, stored.clone()).await, stored) {
        (Ok(PasswordCheck::Right { .. }), Some(hash)) => {
            sign_in_service.throttle.succeeded(reservation);
            Ok(VerifiedPassword(hash))
        }
        (Ok(_), _) => Err(wrong()),
        (Err(Busy), _) => {
            sign_in_service.throttle.not_tried(reservation);
            Err(Busy.into())
        }
    }
}

/// Sets the new password, ends the member's sessions except the one with this reference, and ends
/// their links.
///
/// # Errors
/// [`Error::Invalid`] when the current password is no longer the one that was verified.
pub fn conclude(
    tx: &mut Transaction<'_>,
    member: &Member,
    VerifiedPassword(proven): &VerifiedPassword,
    new_hash: &str,
    session: &str,
    context: &Context,
) -> Result<()> {
    // Checking takes a while; the password must not have been changed or reset in the meantime.
    let now = members::by_email(tx, &member.email)?.filter(|(now, _)| now.id == member.id);
    if now.and_then(|(_, hash)| hash).as_ref() != Some(proven) {
        return Err(wrong());
    }
    members::set_password_hash(tx, &member.id, Some(new_hash))?;
    codes::end_all_of(tx, &member.id, context.now)?;
    activity::record(tx, context, &Entry::about(Event::PasswordChanged, member.subject()))?;
    own_sessions::end_others(tx, member, session, context)?;
    // If this request fails to renew the session's key, this value makes a later request do it.
    sessions::put(tx, &member.id, session, PRIVILEGES, &0, context.now)
}

fn wrong() -> Error {
    Error::invalid("current_password", "Current password is wrong")
}
