//! Denied requests as pages show them, individually and grouped.

pub use super::store::Denial;
use super::{Outcome, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, Page, Walk};
use crate::domain::api_keys::KeyId;

/// How many denials of a key are grouped: all that are stored.
const GROUPED_DENIALS: usize = 500;

/// Denials with the same reason and detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialGroup {
    pub latest: Denial,
    /// The time of the oldest stored one.
    pub first: Timestamp,
    /// How many there were.
    pub count: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DenialScope {
    #[default]
    Everybody,
    /// Requests with a secret of this key.
    Key(KeyId),
    /// Requests without a genuine secret.
    Strangers,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub scope: DenialScope,
    /// The reason; `None` for any reason.
    pub reason: Option<Outcome>,
    pub since: Timestamp,
}

/// The denied request with this id, if it was stored.
pub fn find(connection: &mut Connection, request_id: &str) -> Result<Option<Denial>> {
    store::denial(connection, request_id)
}

/// A page of denials, newest first.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
) -> Result<Page<Denial>> {
    let walk = |walk: &_| store::denials(connection, filter, walk);
    Page::load(cursor, walk, |denial| (denial.at, denial.request_id.clone()))
}

/// A key's denials since `since`, grouped by reason and detail, the group with the latest denial
/// first.
pub fn groups(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
) -> Result<Vec<DenialGroup>> {
    Ok(grouped(stored(connection, key_id, since)?))
}

/// A key's stored denials since `since`, latest first.
pub(super) fn stored(
    connection: &mut Connection,
    key_id: &KeyId,
    since: Timestamp,
) -> Result<Vec<Denial>> {
    let filter = Filter { scope: DenialScope::Key(*key_id), reason: None, since };
    store::denials(connection, &filter, &Walk::first(GROUPED_DENIALS))
}

/// Groups denials by reason and detail, the group with the latest denial first.
pub(super) fn grouped(denials: Vec<Denial>) -> Vec<DenialGroup> {
    let mut groups: Vec<DenialGroup> = Vec::new();
    for denial in denials {
        let known = groups.iter_mut().find(|group| {
            group.latest.reason == denial.reason && group.latest.detail == denial.detail
        });
        match known {
            Some(group) => {
                group.count += denial.count;
                group.first = denial.at;
            }
            None => {
                groups.push(DenialGroup { first: denial.at, count: denial.count, latest: denial });
            }
        }
    }
    groups
}

/// The keys with at least `often` denials since the day of `since`, or with any denial of a secret
/// that no longer works; at most `limit`.
pub fn denied_keys(
    connection: &mut Connection,
    since: Timestamp,
    often: i64,
    limit: i64,
) -> Result<Vec<KeyId>> {
    store::denied_keys(connection, since, often, limit)
}
