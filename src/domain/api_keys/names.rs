//! Names of keys that differed in an older version of the program, and are the same now.
//!
//! Each key keeps its name. In the database, the Key ID is appended to the folded name of the later
//! key, until one of the two is renamed. No name folds to such a form.

use std::collections::BTreeSet;

use super::store::{self, NameRow};
use super::{ApiKey, KeyId};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};

/// How many keys are read at once.
const BATCH: i64 = 5_000;

impl NameRow {
    /// Whether the Key ID is part of the folded name.
    fn folds_to_key_id(&self) -> bool {
        self.name_folded.ends_with(self.id.as_str())
    }
}

/// Folds every name again. Returns the keys that now share a name with another key.
pub fn fold_names_again(tx: &mut Transaction<'_>) -> Result<Vec<KeyId>> {
    let (mut last, mut shared) = (String::new(), Vec::new());
    loop {
        let rows = store::names_after(tx, &last, BATCH)?;
        let Some(row) = rows.last() else { return Ok(shared) };
        row.id.as_str().clone_into(&mut last);
        for row in &rows {
            shared.extend(fold_again(tx, row)?);
        }
    }
}

/// Folds one name again. Returns the key if another key has the same name.
fn fold_again(tx: &mut Transaction<'_>, row: &NameRow) -> Result<Option<KeyId>> {
    let (id, mut folded, sort) = (row.id, row.name.folded(), row.name.sort_key());
    let is_changed = folded != row.name_folded && row.revoked_at.is_none();
    let is_shared = is_changed && store::is_name_taken(tx, &row.name, &id)?;
    if is_shared {
        folded = format!("{folded} {}", id.as_str());
    }
    if folded != row.name_folded || sort != row.name_sort {
        store::set_name_forms(tx, row, &folded, &sort)?;
    }
    Ok(is_shared.then_some(id))
}

/// The keys among `keys` whose name another key that is not revoked has as well.
pub fn with_shared_names(connection: &mut Connection, keys: &[ApiKey]) -> Result<BTreeSet<KeyId>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let mut shared = BTreeSet::new();
    for row in store::names_of(connection, &ids)? {
        if row.folds_to_key_id()
            && row.revoked_at.is_none()
            && store::is_name_taken(connection, &row.name, &row.id)?
        {
            shared.insert(row.id);
        }
    }
    Ok(shared)
}

/// Removes the Key ID from the folded name of a key if no other key has its name any more.
pub fn settle_name(tx: &mut Transaction<'_>, key: &ApiKey) -> Result<()> {
    for row in store::names_of(tx, &[key.id.as_str()])? {
        fold_again(tx, &row)?;
    }
    Ok(())
}
