//! Writes many keys with a history at once, for the sample organisation.
//!
//! Nothing is checked, and nobody gets to know the secret keys.

use super::changes::{created, edited, revoked};
use super::{ApiKey, Details, SecretKey, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;
use crate::domain::activity::Change;
use crate::domain::activity::Entry;
use crate::domain::settings::Settings;

/// The largest number of keys for one call.
pub const BATCH: usize = 500;

/// Writes `keys`, at most [`BATCH`], each with a secret key that is discarded.
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
    store::insert(tx, &new, keyring.generation(), settings)
}

/// The entries that would have been recorded if the key had been managed here, with their times.
/// The notes are added by the edit, if there was one.
pub fn life(after: &Details) -> Vec<(Timestamp, Entry)> {
    let key = &after.key;
    let mut before = after.clone();
    if key.edited_at.is_some() {
        before.key.notes.clear();
    }
    let mut history = vec![(key.created_at, created(&before))];
    history.extend(key.edited_at.map(|at| (at, edited(key, &added_notes(key)))));
    history.extend(key.revoked_at.map(|at| (at, revoked(key))));
    history
}

fn added_notes(key: &ApiKey) -> [Change; 1] {
    [Change { field: "Notes".into(), from: String::new(), to: key.notes.clone() }]
}
