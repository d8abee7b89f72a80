//! The SQL of messages that contain a one-time link.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::db::schema::mail_outbox;
use crate::domain::mail::OneTimeLink;
use crate::domain::mail::outbox::EmailId;

/// Stores the encrypted text of a message, and the member to whom its link belongs.
pub(in crate::domain::mail) fn seal(
    tx: &mut Transaction<'_>,
    id: &EmailId,
    sealed: Vec<u8>,
    link: OneTimeLink<'_>,
) -> Result<()> {
    diesel::update(mail_outbox::table.find(id))
        .set((
            mail_outbox::sealed.eq(Some(sealed)),
            mail_outbox::link_of.eq(Some(link.member_id)),
            mail_outbox::link_ends_at.eq(Some(link.ends_at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Gives up the waiting messages with a link of this member.
pub(in crate::domain::mail) fn give_up_links_of(
    tx: &mut Transaction<'_>,
    member_id: &str,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<EmailId> = mail_outbox::table
        .filter(mail_outbox::next_attempt_at.is_not_null())
        .filter(mail_outbox::link_of.eq(member_id))
        .select(mail_outbox::id)
        .load(&mut **tx)?;
    give_up(tx, &ids, "Its link no longer works", now)
}

/// Gives up every waiting message with a link.
pub(in crate::domain::mail) fn give_up_all_links(
    tx: &mut Transaction<'_>,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<EmailId> = mail_outbox::table
        .filter(mail_outbox::next_attempt_at.is_not_null())
        .filter(mail_outbox::link_of.is_not_null())
        .select(mail_outbox::id)
        .load(&mut **tx)?;
    give_up(tx, &ids, "Its link no longer works", now)
}

/// Gives up the waiting messages whose link has stopped working.
pub(in crate::domain::mail) fn give_up_expired_links(
    tx: &mut Transaction<'_>,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<EmailId> = mail_outbox::table
        .filter(mail_outbox::next_attempt_at.is_not_null())
        .filter(mail_outbox::link_ends_at.le(now))
        .select(mail_outbox::id)
        .load(&mut **tx)?;
    give_up(tx, &ids, "Its link expired before it could be sent", now)
}

/// Gives up messages and erases their encrypted texts.
pub(super) fn give_up(
    tx: &mut Transaction<'_>,
    ids: &[EmailId],
    why: &str,
    now: Timestamp,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    diesel::update(mail_outbox::table.filter(mail_outbox::id.eq_any(ids)))
        .set((
            mail_outbox::next_attempt_at.eq(None::<Timestamp>),
            mail_outbox::given_up_at.eq(Some(now)),
            mail_outbox::last_error.eq(why),
            mail_outbox::sealed.eq(None::<Vec<u8>>),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
