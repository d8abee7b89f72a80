//! The SQL of the outbox.

use diesel::prelude::*;

use super::links::give_up;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::keyset::{Walk, keyset};
use crate::db::outbox::{Status, outbox, purge_before};
use crate::db::schema::mail_outbox;
use crate::db::{Connection, Transaction};
use crate::domain::mail::Message;
use crate::domain::mail::links;
use crate::domain::mail::outbox::{ClaimedEmail, EmailId};
use crate::domain::mail::send::Failure;

/// How many messages are claimed in one round.
const MAX_PER_ROUND: i64 = 20;

outbox!(mail_outbox, EmailId, sent_at, last_error);

pub(in crate::domain::mail) fn is_known(
    connection: &mut Connection,
    cause: &str,
    recipient: &str,
) -> Result<bool> {
    let found: Option<EmailId> = mail_outbox::table
        .filter(mail_outbox::cause.eq(cause).and(mail_outbox::recipient.eq(recipient)))
        .select(mail_outbox::id)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}

pub(in crate::domain::mail) fn insert(
    tx: &mut Transaction<'_>,
    id: &EmailId,
    cause: &str,
    message: &Message,
    now: Timestamp,
) -> Result<()> {
    diesel::insert_into(mail_outbox::table)
        .values((
            mail_outbox::id.eq(id),
            mail_outbox::cause.eq(cause),
            mail_outbox::recipient.eq(&message.to),
            mail_outbox::subject.eq(&message.subject),
            mail_outbox::text_part.eq(&message.text),
            mail_outbox::html_part.eq(&message.html),
            mail_outbox::created_at.eq(now),
            mail_outbox::tries.eq(0),
            mail_outbox::next_attempt_at.eq(Some(now)),
            mail_outbox::last_error.eq(""),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Claims the due messages, longest due first.
pub(in crate::domain::mail) fn claim_due(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<Vec<ClaimedEmail>> {
    let due: Vec<Due> = mail_outbox::table
        .filter(mail_outbox::next_attempt_at.le(now))
        .order((mail_outbox::next_attempt_at, mail_outbox::created_at, mail_outbox::id))
        .limit(MAX_PER_ROUND)
        .select(Due::as_select())
        .load(&mut **tx)?;
    let ids: Vec<&EmailId> = due.iter().map(|due| &due.id).collect();
    claim(tx, &ids, now)?;
    let mut claimed = Vec::with_capacity(due.len());
    for due in due {
        let id = due.id.clone();
        match due.open(keyring, now) {
            Some(open) => claimed.push(open),
            None => give_up(tx, &[id], "It cannot be decrypted with this secret key file", now)?,
        }
    }
    Ok(claimed)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = mail_outbox)]
struct Due {
    id: EmailId,
    recipient: String,
    subject: String,
    text_part: String,
    html_part: Option<String>,
    tries: i64,
    resent: i64,
    next_attempt_at: Option<Timestamp>,
    sealed: Option<Vec<u8>>,
}

impl Due {
    /// The message in its final form; `None` if its text cannot be decrypted.
    fn open(self, keyring: &Keyring, now: Timestamp) -> Option<ClaimedEmail> {
        let text = match &self.sealed {
            Some(sealed) => links::text(keyring, self.id.as_str(), &self.recipient, sealed)?,
            None => self.text_part,
        };
        let (to, subject, html) = (self.recipient, self.subject, self.html_part);
        Some(ClaimedEmail {
            id: self.id,
            message: Message { to, subject, text, html },
            tries: self.tries,
            resent: self.resent,
            due_at: self.next_attempt_at.unwrap_or(now),
        })
    }
}

/// Stores the result of a try, and when the next try is due.
pub(in crate::domain::mail) fn record(
    tx: &mut Transaction<'_>,
    claimed: &ClaimedEmail,
    outcome: &Result<(), Failure>,
    now: Timestamp,
) -> Result<()> {
    let tries = claimed.tries + 1;
    let status = match outcome {
        Ok(()) => Status::Sent(now),
        Err(Failure::Server(_) | Failure::Temporary(_)) => Status::after(tries, now),
        Err(Failure::Rejected(_)) => Status::GivenUp(now),
    };
    let why = outcome.as_ref().err().map_or("", Failure::why);
    settle(tx, &claimed.id, (tries, status), why)?;
    // The text with a one-time link is erased as soon as it is no longer needed.
    let finished =
        mail_outbox::table.find(&claimed.id).filter(mail_outbox::next_attempt_at.is_null());
    diesel::update(finished).set(mail_outbox::sealed.eq(None::<Vec<u8>>)).execute(&mut **tx)?;
    Ok(())
}

/// Gives up all waiting messages, because no mail server is set.
pub(in crate::domain::mail) fn give_up_all(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    let ids: Vec<EmailId> = mail_outbox::table
        .filter(mail_outbox::next_attempt_at.is_not_null())
        .select(mail_outbox::id)
        .load(&mut **tx)?;
    ids.chunks(500).try_for_each(|ids| give_up(tx, ids, "No mail server is set any more", now))
}

/// Sends a message once more, with a new Message-ID.
pub(in crate::domain::mail) fn resend(
    tx: &mut Transaction<'_>,
    id: &EmailId,
    now: Timestamp,
) -> Result<()> {
    diesel::update(mail_outbox::table.find(id))
        .set(mail_outbox::resent.eq(mail_outbox::resent + 1))
        .execute(&mut **tx)?;
    schedule_again(tx, id, now)
}

/// A message that is in the outbox, or was sent or given up.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = mail_outbox)]
pub struct Email {
    pub id: EmailId,
    /// The recipient's email address.
    pub recipient: String,
    pub subject: String,
    pub created_at: Timestamp,
    pub tries: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub given_up_at: Option<Timestamp>,
    /// Why the last try failed; empty if no try failed.
    pub last_error: String,
    /// The id of the member to whom its one-time link belongs, if it contains one. Such a message
    /// is not sent again after it was sent or given up.
    pub link_of: Option<String>,
}

pub(in crate::domain::mail) fn find(
    connection: &mut Connection,
    id: &EmailId,
) -> Result<Option<Email>> {
    Ok(mail_outbox::table.find(id).select(Email::as_select()).first(connection).optional()?)
}

/// Messages, newest first.
pub(in crate::domain::mail) fn emails(
    connection: &mut Connection,
    walk: &Walk<Timestamp>,
) -> Result<Vec<Email>> {
    let query = mail_outbox::table.select(Email::as_select()).into_boxed();
    let query = keyset!(query, walk, desc(mail_outbox::created_at, mail_outbox::id));
    Ok(query.load(connection)?)
}

/// Deletes a batch of messages that are older than `before`. Returns whether there are more.
pub(in crate::domain::mail) fn purge(tx: &mut Transaction<'_>, before: Timestamp) -> Result<bool> {
    purge_before!(tx, mail_outbox, before)
}
