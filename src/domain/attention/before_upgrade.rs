//! What needs attention in a database that an earlier version left, before it is migrated: only
//! columns are read that every version has.

use std::collections::BTreeSet;

use super::reason::INTROSPECTION_WINDOW;
use super::{MAX_KEYS, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::secret_scan::contains_secret;
use crate::base::text::{fold, fold_email};
use crate::db::Connection;
use crate::domain::api_keys::KeyId;
use crate::domain::roles::Role;
use crate::domain::usage;

/// How many keys are read at once.
const BATCH: i64 = 1000;

/// The keys with the role Full access that asked about other keys in the last 90 days.
pub fn introspecting(connection: &mut Connection, now: Timestamp) -> Result<Vec<String>> {
    let since = now.plus(-INTROSPECTION_WINDOW);
    let ids = usage::introspecting(connection, None, since, MAX_KEYS)?.into_keys();
    let ids: Vec<KeyId> = ids.collect();
    let ids: Vec<&str> = ids.iter().map(KeyId::as_str).collect();
    store::with_role(connection, &ids, Role::FULL_ACCESS)
}

/// The ids of keys, roles and members with a secret key in their texts.
pub fn with_secrets(connection: &mut Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut search = |rows: Vec<[String; 3]>| {
        let has_secret =
            |[_, name, text]: &[String; 3]| contains_secret(name) || contains_secret(text);
        found.extend(rows.into_iter().filter(has_secret).map(|[id, ..]| id));
    };
    each_batch_of_keys(connection, &mut search)?;
    search(store::role_texts(connection)?);
    search(store::member_texts(connection)?);
    Ok(found)
}

/// The ids of keys and roles with the name, and of members with the address, of another.
pub fn with_equal_names(connection: &mut Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut keys = Seen::default();
    each_batch_of_keys(connection, &mut |rows| {
        for [id, name, _] in rows {
            found.extend(keys.add(id, fold(&name)));
        }
    })?;
    let mut roles = Seen::default();
    for [id, name, _] in store::role_texts(connection)? {
        found.extend(roles.add(id, fold(&name)));
    }
    let mut members = Seen::default();
    for [id, _, email] in store::member_texts(connection)? {
        found.extend(members.add(id, fold_email(&email)));
    }
    Ok(found)
}

/// The names so far.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    /// The id, if another one has the name.
    fn add(&mut self, id: String, folded: String) -> Option<String> {
        (!self.0.insert(folded)).then_some(id)
    }
}

/// Calls `work` with the id, the name and the notes of keys that are not revoked.
fn each_batch_of_keys(
    connection: &mut Connection,
    work: &mut dyn FnMut(Vec<[String; 3]>),
) -> Result<()> {
    let mut last = String::new();
    loop {
        let rows = store::key_texts(connection, &last, BATCH)?;
        let Some([id, ..]) = rows.last() else { return Ok(()) };
        id.clone_into(&mut last);
        work(rows);
    }
}
