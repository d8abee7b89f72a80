//! When keys start to need attention, once what decides it has changed.

use super::store;
use crate::db::Transaction;
use crate::error::Result;
use crate::settings::Settings;

/// How many keys are written at once.
const BATCH: i64 = 1000;

/// Works out anew when each key that is not revoked starts to need attention, under new rotation
/// days.
///
/// # Errors
/// When the database cannot be written.
pub fn rotation_changed(tx: &mut Transaction<'_>, settings: &Settings) -> Result<()> {
    let mut after = String::new();
    loop {
        let keys = store::not_revoked(tx, &after, BATCH)?;
        let Some(last) = keys.last() else { return Ok(()) };
        last.id.as_str().clone_into(&mut after);
        let attention = keys.iter().map(|key| (key.id, key.attention_at(settings)));
        store::set_attention(tx, &attention.collect::<Vec<_>>())?;
    }
}
