//! What a restored backup must not bring back: sessions and one-time links.
//!
//! A session that was stolen and ended after the backup was made would work again, and so would a
//! link that was used or withdrawn since.

use super::store;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::mail;
use crate::domain::members::invitation;

/// Ends every session, every sign-in that is not complete, and every one-time link with the messages
/// that would send it. Invitations have to be sent again.
pub fn end_everything(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    store::delete_all_sessions(tx)?;
    store::delete_all_codes(tx)?;
    mail::withdraw_all_links(tx, now)?;
    invitation::expire_all(tx, now)
}
