//! Names of keys that were different in an older version of the program, and are the same now.
//!
//! Each key keeps its name. The later one is told apart in the database by its Key ID behind the name's
//! folded form, which no name folds to, until one of the two is renamed.

use std::collections::BTreeSet;

use super::store::{self, NameRow};
use super::{ApiKey, KeyId};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};

/// How many keys are read at once.
const BATCH: i64 = 5_000;

impl NameRow {
    /// Whether it is told apart by its Key ID.
    fn is_apart(&self) -> bool {
        self.name_folded.ends_with(self.id.as_str())
    }
}

/// Folds every name again. Returns the keys that share a name with another one from now on.
pub fn fold_names_again(tx: &mut Transaction<'_>) -> Result<Vec<KeyId>> {
    let (mut last, mut alike) = (String::new(), Vec::new());
    loop {
        let rows = store::names_after(tx, &last, BATCH)?;
        let Some(row) = rows.last() else { return Ok(alike) };
        row.id.as_str().clone_into(&mut last);
        for row in &rows {
            alike.extend(fold_again(tx, row)?);
        }
    }
}

/// Folds one name again; returns its key if another one has the name.
fn fold_again(tx: &mut Transaction<'_>, row: &NameRow) -> Result<Option<KeyId>> {
    let (id, mut folded, sort) = (row.id, row.name.folded(), row.name.sort_key());
    let is_changed = folded != row.name_folded && row.revoked_at.is_none();
    let is_alike = is_changed && store::is_name_taken(tx, &row.name, &id)?;
    if is_alike {
        folded = format!("{folded} {}", id.as_str());
    }
    if folded != row.name_folded || sort != row.name_sort {
        store::set_name_forms(tx, &id, &folded, &sort)?;
    }
    Ok(is_alike.then_some(id))
}

/// Those of some keys whose name another key that is not revoked has too.
pub fn alike(connection: &mut Connection, keys: &[ApiKey]) -> Result<BTreeSet<KeyId>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let mut alike = BTreeSet::new();
    for row in store::names_of(connection, &ids)? {
        if row.is_apart()
            && row.revoked_at.is_none()
            && store::is_name_taken(connection, &row.name, &row.id)?
        {
            alike.insert(row.id);
        }
    }
    Ok(alike)
}

/// Ends the telling apart of a key whose name no other key has any more.
pub fn settle_name(tx: &mut Transaction<'_>, key: &ApiKey) -> Result<()> {
    for row in store::names_of(tx, &[key.id.as_str()])? {
        fold_again(tx, &row)?;
    }
    Ok(())
}
