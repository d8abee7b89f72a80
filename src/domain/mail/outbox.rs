//! The outbox: email is queued in the same transaction as the change that it is about, sent in the
//! background, tried for about a day, and kept for 30 days for reference.

use std::time::{Duration, Instant};

use super::links;
use super::send::{Failure, Session};
pub use super::store::Email;
use super::{Connector, Message, Server, store};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::keyset::{Cursor, Page};
pub use crate::db::outbox::Status;
use crate::db::types::id;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Context, Entry, Event, Subject};
use crate::domain::settings;

/// How long messages are kept, in milliseconds.
const RETENTION: i64 = 30 * DAY;
/// After this time, a round starts no further message. The remaining messages follow in the next
/// round.
const MAX_ROUND: Duration = Duration::from_secs(10);

id! {
    /// Identifies a message in the outbox: `eml_` and 20 letters or digits.
    EmailId, "eml_", BASE62, 20
}

/// A message that this process has claimed to send.
#[derive(Debug)]
pub(super) struct ClaimedEmail {
    pub id: EmailId,
    pub message: Message,
    pub tries: i64,
    /// How many times somebody had the message sent again.
    pub resent: i64,
    pub due_at: Timestamp,
}

impl ClaimedEmail {
    /// The name in the Message-ID. It is the same for every try, but changes when somebody has the
    /// message sent again, because many mail programs hide a second message with the same name.
    fn message_id(&self) -> String {
        match self.resent {
            0 => self.id.as_str().to_owned(),
            resent => format!("{}.{resent}", self.id.as_str()),
        }
    }
}

/// Queues a message, if a mail server is set. For each `cause` and recipient, only one message is
/// queued.
pub fn queue(
    tx: &mut Transaction<'_>,
    message: &Message,
    cause: &str,
    now: Timestamp,
) -> Result<()> {
    if !store::is_set(tx)? || store::is_known(tx, cause, &message.to)? {
        return Ok(());
    }
    store::insert(tx, &EmailId::random()?, cause, message, now)
}

/// Sends the due messages one after another. Returns how many the mail server accepted. Called
/// repeatedly; if nothing is due, a call costs one index look-up. Several nodes may call it at the
/// same time. Needs a runtime with I/O and time.
pub async fn send_due(
    db: &Db,
    keyring: &Keyring,
    connector: &Connector,
    now: Timestamp,
) -> Result<usize> {
    if !db.read(move |c| store::is_any_due(c, now)).await? {
        return Ok(0);
    }
    let keyring = keyring.clone();
    let claimed = db.write(move |tx| {
        // After a rotation of the master key, a message must not be given up by who cannot read it.
        settings::check(tx, &keyring)?;
        let Some(server) = store::server(tx, &keyring)? else {
            return store::give_up_all(tx, now).map(|()| None);
        };
        links::give_up_expired(tx, now)?;
        Ok(Some((server, store::claim_due(tx, &keyring, now)?)))
    });
    match claimed.await? {
        Some((server, claimed)) => send_all(db, &server, connector, claimed, now).await,
        None => Ok(0),
    }
}

/// Sends the claimed messages. If the server itself fails, all remaining messages of the round fail
/// as well, and each is retried or given up separately.
async fn send_all(
    db: &Db,
    server: &Server,
    connector: &Connector,
    claimed: Vec<ClaimedEmail>,
    now: Timestamp,
) -> Result<usize> {
    let (start, mut count) = (Instant::now(), 0);
    let session = Session::open(server, connector).await;
    let mut server_failure = session.as_ref().err().cloned();
    for email in claimed {
        let outcome = match (&session, &server_failure) {
            (Ok(session), None) if start.elapsed() < MAX_ROUND => {
                Some(session.send(&email.message, Some(&email.message_id())).await)
            }
            (_, None) => None,
            (_, Some(failure)) => Some(Err(failure.clone())),
        };
        if let Some(Err(failure @ Failure::Server(_))) = &outcome {
            server_failure.get_or_insert_with(|| failure.clone());
        }
        count += usize::from(matches!(outcome, Some(Ok(()))));
        db.write(move |tx| match &outcome {
            Some(outcome) => store::record(tx, &email, outcome, now),
            None => store::release(tx, &email.id, email.due_at, now),
        })
        .await?;
    }
    Ok(count)
}

/// Sends a message once more, with new tries.
///
/// # Errors
/// [`Error::NotFound`] if there is no such message, [`Error::Invalid`] if no mail server is set or
/// the message contained a one-time link.
pub fn send_again(tx: &mut Transaction<'_>, id: &EmailId, context: &Context) -> Result<()> {
    let email = store::find(tx, id)?.ok_or(Error::NotFound)?;
    if !email.may_be_sent_again() {
        return Err(Error::invalid("", "That message held a one-time link. Make a new link"));
    }
    if !store::is_set(tx)? {
        return Err(Error::invalid("", "Save a mail server first"));
    }
    store::resend(tx, id, context.now)?;
    let id = id.as_str().to_owned();
    let subject = Subject { kind: "mail", id, name: email.recipient };
    let details = serde_json::json!({ "subject": email.subject });
    activity::record(tx, context, &Entry::about(Event::MailSentAgain, subject).with(details))
}

/// A page of messages, newest first.
pub fn list(connection: &mut Connection, cursor: Option<&Cursor>) -> Result<Page<Email>> {
    let walk = |walk: &_| store::emails(connection, walk);
    Page::load(cursor, walk, |email| (email.created_at, email.id.as_str().to_owned()))
}

/// Deletes messages that are older than 30 days, in batches.
pub async fn purge(db: &Db, now: Timestamp) -> Result<()> {
    db.write_in_batches(move |tx| store::purge(tx, now.plus(-RETENTION))).await
}

impl Email {
    pub fn status(&self) -> Status {
        Status::read(self.tries, self.next_attempt_at, self.sent_at, self.given_up_at)
    }

    /// Whether the message still has a text to send. A one-time link is erased once it was sent or
    /// given up.
    pub fn may_be_sent_again(&self) -> bool {
        self.next_attempt_at.is_some() || self.link_of.is_none()
    }
}
