//! Requests that were refused, as pages show them: one by one, and those of a kind together.

pub use super::store::Denied;
use super::{Outcome, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};
use crate::domain::api_keys::KeyId;

/// How many of a key are looked at to put those of a kind together: all that are kept.
const LOOKED_AT: usize = 500;

/// What is refused for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    pub latest: Denied,
    /// When the first one was, of those that were kept.
    pub first: Timestamp,
    /// How many there were.
    pub count: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    #[default]
    Everybody,
    /// Those that bore a secret of that key.
    Key(KeyId),
    /// Those that bore no genuine secret.
    Strangers,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub whose: Whose,
    /// For which reason; for any without.
    pub reason: Option<Outcome>,
    /// From this instant on.
    pub since: Timestamp,
}

/// The refused request with this id, if it was kept.
pub fn find(connection: &mut Connection, request_id: &str) -> Result<Option<Denied>> {
    store::denial(connection, request_id)
}

/// A page of denials, newest first.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
) -> Result<Page<Denied>> {
    let walk = |walk: &_| store::denials(connection, filter, walk);
    Page::load(cursor, walk, |denied| (denied.at, denied.request_id.clone()))
}

/// What was refused of a key since `since`: those with the same reason together, the kind with the
/// latest first.
pub fn alike(connection: &mut Connection, key_id: &KeyId, since: Timestamp) -> Result<Vec<Alike>> {
    Ok(together(kept(connection, key_id, since)?))
}

/// What is kept of a key's refused requests since `since`, the latest first.
pub(super) fn kept(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
) -> Result<Vec<Denied>> {
    let filter = Filter { whose: Whose::Key(*key_id), reason: None, since };
    store::denials(connection, &filter, &Walk::first(LOOKED_AT))
}

/// Those with the same reason together, the kind with the latest first.
pub(super) fn together(denials: Vec<Denied>) -> Vec<Alike> {
    let mut kinds: Vec<Alike> = Vec::new();
    for denied in denials {
        let known = kinds.iter_mut().find(|kind| {
            kind.latest.reason == denied.reason && kind.latest.detail == denied.detail
        });
        match known {
            Some(kind) => {
                kind.count += denied.count;
                kind.first = denied.at;
            }
            None => {
                kinds.push(Alike { first: denied.at, count: denied.count, latest: denied });
            }
        }
    }
    kinds
}

/// The keys with at least `often` refusals since the day of `since`, or with any that bore a secret
/// which no longer works; at most `limit`.
pub fn refused_keys(
    connection: &mut Connection,
    since: Timestamp,
    often: i64,
    limit: i64,
) -> Result<Vec<KeyId>> {
    store::refused_keys(connection, since, often, limit)
}
