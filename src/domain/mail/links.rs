//! Messages that hold a one-time link. The text waits in the outbox encrypted and is erased once it
//! was sent or given up, so that no table, log or backup holds a code that works.

use super::outbox::EmailId;
use super::{Message, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;

/// Whose link a message holds.
#[derive(Clone, Copy, Debug)]
pub struct LinkOf<'a> {
    pub member_id: &'a str,
    /// When the link stops working.
    pub ends_at: Timestamp,
}

/// Queues a message that holds a one-time link. Only its text is sent.
/// Returns whether it was queued: it is not where no mail server is set.
pub fn queue_link(
    tx: &mut Transaction<'_>,
    message: &Message,
    link: LinkOf<'_>,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<bool> {
    if !store::is_set(tx)? {
        return Ok(false);
    }
    let id = EmailId::random()?;
    let sealed = keyring.seal(&label(id.as_str(), &message.to), message.text.as_bytes())?;
    // The id is the cause: each link has a message of its own.
    let hidden = Message { text: String::new(), html: None, ..message.clone() };
    store::insert(tx, &id, id.as_str(), &hidden, now)?;
    store::seal(tx, &id, sealed, link)?;
    Ok(true)
}

/// Gives up the messages that wait with a link of this member: the link no longer works.
pub fn withdraw_links(tx: &mut Transaction<'_>, member_id: &str, now: Timestamp) -> Result<()> {
    store::give_up_links_of(tx, member_id, now)
}

/// Gives up the messages whose link has stopped working before they could be sent.
pub(super) fn give_up_ended(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::give_up_ended_links(tx, now)
}

/// The text that was encrypted for this message and recipient; `None` when it was not.
pub(super) fn text(keyring: &Keyring, id: &str, recipient: &str, sealed: &[u8]) -> Option<String> {
    let bytes = keyring.unseal(&label(id, recipient), sealed)?;
    str::from_utf8(&bytes).ok().map(str::to_owned)
}

/// Binds the encrypted text to its row, so that it cannot be moved to another recipient.
fn label(id: &str, recipient: &str) -> String {
    format!("one-time link in {id} to {recipient}")
}
