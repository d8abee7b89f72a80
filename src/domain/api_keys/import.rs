//! Keys that come with a past: written as they are, many at once.
//!
//! For the sample organisation. Checks nothing; nobody gets to know the secret keys.

use super::changes::{created, edited, revoked};
use super::{ApiKey, Details, SecretKey, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;
use crate::domain::activity::Change;
use crate::domain::activity::Entry;
use crate::domain::settings::Settings;

/// How many keys to hand over at once.
pub const BATCH: usize = 500;

/// Writes `keys`, [`BATCH`] at most, each with a secret key that is thrown away.
pub fn keys(
    tx: &mut Transaction<'_>,
    keys: impl IntoIterator<Item = Details>,
    settings: &Settings,
    keyring: &Keyring,
) -> Result<()> {
    let with_digest = |details: Details| {
        let secret = SecretKey::generate(&settings.secret_prefix, details.key.environment)?;
        Ok((details, secret.digest(keyring)))
    };
    let new: Vec<_> = keys.into_iter().map(with_digest).collect::<Result<_>>()?;
    store::insert(tx, &new, settings)
}

/// What would have been recorded of a key's life, had it been led here, and when. An edit has
/// added the notes.
pub fn life(after: &Details) -> Vec<(Timestamp, Entry)> {
    let key = &after.key;
    let mut before = after.clone();
    if key.edited_at.is_some() {
        before.key.notes.clear();
    }
    let mut life = vec![(key.created_at, created(&before))];
    life.extend(key.edited_at.map(|at| (at, edited(key, &added_notes(key)))));
    life.extend(key.revoked_at.map(|at| (at, revoked(key))));
    life
}

fn added_notes(key: &ApiKey) -> [Change; 1] {
    [Change { field: "Notes".into(), from: String::new(), to: key.notes.clone() }]
}
