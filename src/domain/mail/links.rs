//! Messages that contain a one-time link. The text waits in the outbox in encrypted form and is
//! erased once it was sent or given up, so that no table, log or backup contains a code that works.

use super::outbox::EmailId;
use super::{Message, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;

/// The member to whom the link of a message belongs.
#[derive(Clone, Copy, Debug)]
pub struct OneTimeLink<'a> {
    pub member_id: &'a str,
    /// When the link stops working.
    pub ends_at: Timestamp,
}

/// Queues a message that contains a one-time link. Only its plain text is sent. Returns whether the
/// message was queued; without a mail server, it is not.
pub fn queue_link(
    tx: &mut Transaction<'_>,
    message: &Message,
    link: OneTimeLink<'_>,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<bool> {
    if !store::is_set(tx)? {
        return Ok(false);
    }
    let id = EmailId::random()?;
    let sealed = keyring.seal(&label(id.as_str(), &message.to), message.text.as_bytes())?;
    // The id serves as the cause, because each link has its own message.
    let without_text = Message { text: String::new(), html: None, ..message.clone() };
    store::insert(tx, &id, id.as_str(), &without_text, now)?;
    store::seal(tx, &id, sealed, link)?;
    Ok(true)
}

/// Gives up the waiting messages with a link of this member, because the link no longer works.
pub fn withdraw_links(tx: &mut Transaction<'_>, member_id: &str, now: Timestamp) -> Result<()> {
    store::give_up_links_of(tx, member_id, now)
}

/// Gives up every waiting message with a link, because none of the links works any longer.
pub fn withdraw_all_links(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::give_up_all_links(tx, now)
}

/// Gives up the waiting messages whose link has stopped working.
pub(super) fn give_up_expired(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::give_up_expired_links(tx, now)
}

/// The decrypted text of this message and recipient; `None` if it cannot be decrypted.
pub(super) fn text(keyring: &Keyring, id: &str, recipient: &str, sealed: &[u8]) -> Option<String> {
    let bytes = keyring.unseal(&label(id, recipient), sealed)?;
    str::from_utf8(&bytes).ok().map(str::to_owned)
}

/// Binds the encrypted text to its row, so that it cannot be moved to another recipient.
fn label(id: &str, recipient: &str) -> String {
    format!("one-time link in {id} to {recipient}")
}
