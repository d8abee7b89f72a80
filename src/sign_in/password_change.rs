//! A member's own change of password, with the present one: guarded as signing in is.

use std::net::{IpAddr, Ipv4Addr};

use super::hasher::{Busy, Checked};
use super::{Door, Password, own_sessions, store};
use crate::activity::{self, Author, Entry, Event};
use crate::db::{Db, Transaction};
use crate::error::{Error, Result};
use crate::members::{self, Member};

/// A change as a form asks for it, its new password checked.
pub struct Change {
    /// The present password.
    pub current: Password,
    /// The one to come.
    pub new: Password,
    /// The reference of the session that stays.
    pub session: String,
}

/// Changes the password, ends the member's other sessions and stops their links.
///
/// # Errors
/// [`Error::Invalid`] when the present password is wrong; [`Error::TooMany`] when it was tried too
/// often; [`Error::Unavailable`] when too many others wait.
pub async fn change(
    db: &Db,
    door: &Door,
    member: &Member,
    change: Change,
    author: &Author,
) -> Result<()> {
    let address = author.origin.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let account = member.email.folded();
    let reservation = door
        .throttle
        .reserve(Some(account), address, author.now)
        .map_err(|wait| Error::TooMany { seconds: wait.seconds, message: wait.message() })?;
    let email = member.email.clone();
    let stored = db.read(move |c| members::by_email(c, &email)).await?.and_then(|(_, hash)| hash);
    match door.hasher.verify(change.current, stored.clone()).await {
        Ok(Checked::Right { .. }) => {}
        Ok(Checked::Wrong) => return Err(wrong()),
        Err(Busy) => return Err(Busy.into()),
    }
    door.throttle.succeeded(reservation);
    let hash = door.hasher.hash(change.new).await?;
    let (member, author) = (member.clone(), author.clone());
    db.write(move |tx| {
        // Checking took a while: the password must not have been changed or reset meanwhile.
        match members::by_email(tx, &member.email)? {
            Some((now, current)) if now.id == member.id && current == stored => {
                conclude(tx, &now, &hash, &change.session, &author)
            }
            _ => Err(wrong()),
        }
    })
    .await
}

fn conclude(
    tx: &mut Transaction<'_>,
    member: &Member,
    hash: &str,
    session: &str,
    author: &Author,
) -> Result<()> {
    members::set_password_hash(tx, &member.id, Some(hash))?;
    store::delete_codes_of(tx, &member.id)?;
    activity::record(tx, author, &Entry::about(Event::PasswordChanged, member.subject()))?;
    own_sessions::end_others(tx, member, session, author)?;
    Ok(())
}

fn wrong() -> Error {
    Error::invalid("current_password", "Current password is wrong")
}
