//! Denied requests as pages show them, individually and grouped.

use std::collections::BTreeSet;

pub use super::store::{Denial, GroupTotal};
use super::{Outcome, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, MAX_COUNTED, Page};
use crate::domain::api_keys::KeyId;

/// How many denials of a key are grouped: all that are stored.
const GROUPED_DENIALS: i64 = 500;
/// How many of the newest denials [`by_source`] groups, so that a page costs the same during an
/// attack on many keys.
pub const MAX_GROUPED: i64 = 20_000;
/// How many requests of a [`SourceGroup`] are loaded.
pub const REQUESTS_OF_GROUP: i64 = 5;

/// Denials with the same reason and detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialGroup {
    pub latest: Denial,
    /// The time of the oldest stored one.
    pub first: Timestamp,
    /// How many there were.
    pub count: i64,
}

/// Denials with the same key, reason, detail and address.
#[derive(Clone, Debug)]
pub struct SourceGroup {
    pub total: GroupTotal,
    /// The latest ones, latest first, at most [`REQUESTS_OF_GROUP`].
    pub requests: Vec<Denial>,
}

/// A page of groups.
#[derive(Clone, Debug)]
pub struct SourceGroups {
    pub page: Page<SourceGroup>,
    /// Whether there are older denials, which are not in the groups.
    pub is_cut: bool,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub scope: DenialScope,
    /// The reason; `None` for any reason.
    pub reason: Option<Outcome>,
    pub since: Timestamp,
    /// The end of the time, which does not belong to it.
    pub until: Timestamp,
}

impl Filter {
    /// All denials of a key since `since`.
    pub fn of_key(key_id: KeyId, since: Timestamp) -> Self {
        let until = Timestamp::from_millis(i64::MAX);
        Self { scope: DenialScope::Key(key_id), reason: None, since, until }
    }
}

/// The denied request with this id, if it was stored.
pub fn find(connection: &mut Connection, request_id: &str) -> Result<Option<Denial>> {
    store::denial(connection, request_id)
}

/// A page of the stored denials with the key, reason, detail and address of `denied`, latest first.
pub fn like(
    connection: &mut Connection,
    denied: &Denial,
    cursor: Option<&Cursor>,
) -> Result<Page<Denial>> {
    let walk = |walk: &_| store::denials_like(connection, denied, walk);
    Page::load(cursor, walk, |denial| (denial.at, denial.request_id.clone()))
}

/// A page of denials grouped by key, reason, detail and address, the group with the latest denial
/// first. Of all denials with the scope and the time of the filter, the newest [`MAX_GROUPED`] are
/// grouped.
pub fn by_source(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
) -> Result<SourceGroups> {
    let oldest = store::time_of_nth(connection, filter, MAX_GROUPED + 1)?;
    let since = oldest.unwrap_or(filter.since);
    let filter = &Filter { since, ..filter.clone() };
    let total = store::count_groups(connection, filter, MAX_COUNTED + 1)?;
    let walk = |walk: &_| store::groups(connection, filter, walk);
    let page = Page::load(cursor, walk, |group| (group.last_at, group.id.clone()))?.of(total);
    let keys: BTreeSet<Option<KeyId>> = page.rows.iter().map(|group| group.key_id).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let all = store::latest_of_groups(connection, filter, &keys, REQUESTS_OF_GROUP)?;
    let page = page.map(|total| {
        let is_own = |denial: &&Denial| {
            denial.key_id == total.key_id
                && denial.reason == total.reason
                && denial.detail == total.detail
                && denial.address == total.address
        };
        SourceGroup { requests: all.iter().filter(is_own).cloned().collect(), total }
    });
    Ok(SourceGroups { page, is_cut: oldest.is_some() })
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
    store::denials_of(connection, key_id, since, GROUPED_DENIALS)
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
