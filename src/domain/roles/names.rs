//! Role names that an older version treated as different and this version treats as equal. In the
//! database, the id is appended to the folded name of the second role until one of the two is
//! renamed.

use super::store;
use crate::base::error::Result;
use crate::base::text::fold;
use crate::db::{Connection, Transaction};

/// Folds every name again.
pub fn fold_names_again(tx: &mut Transaction<'_>) -> Result<()> {
    let mut roles = store::folded_names(tx)?;
    for index in 0..roles.len() {
        let (id, name, stored) = &roles[index];
        let folded = fold(name);
        if *stored == folded {
            continue;
        }
        let is_taken = roles.iter().any(|(_, _, other)| *other == folded);
        let folded = if is_taken { format!("{folded} {id}") } else { folded };
        store::set_folded_name(tx, id, &folded)?;
        roles[index].2 = folded;
    }
    Ok(())
}

/// The slugs and names of roles whose name another role also has.
pub fn with_shared_names(connection: &mut Connection) -> Result<Vec<(String, String)>> {
    let roles = store::folded_names(connection)?;
    let duplicates = roles.iter().filter(|(id, name, stored)| {
        let is_taken = || {
            roles.iter().any(|(other, other_name, _)| other != id && fold(other_name) == fold(name))
        };
        stored.ends_with(id.as_str()) && is_taken()
    });
    let duplicates: Vec<&str> = duplicates.map(|(id, ..)| id.as_str()).collect();
    let mut roles = store::all(connection)?;
    roles.retain(|role| duplicates.contains(&role.id.as_str()));
    Ok(roles.into_iter().map(|role| (role.slug, role.name)).collect())
}
