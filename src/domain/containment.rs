//! Containing a member who may be compromised: the member is disabled at once, and the keys whose
//! secrets they know are listed, so that somebody checks each of them.
//!
//! A secret is shown once, to the member who creates or rotates its key. Created keys are listed
//! whatever their age, and rotated ones for [`DAYS`] after the rotation.

use std::collections::BTreeMap;

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::Result;
use crate::db::keyset::{Cursor, Page, Walk};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::{self, Member, MemberId};
use crate::domain::sign_in::access::{self, OpenAccess};

/// For how many days a key is listed after a member rotated it.
pub const DAYS: i64 = 90;
/// How many created keys, and how many rotations, are read for the list.
pub const MAX_READ: i64 = 5_000;

/// A key whose secret a member saw.
#[derive(Clone, Debug)]
pub struct SeenKey {
    pub key: ApiKey,
    pub seen: Sighting,
    /// Whether every secret that the member saw has stopped working.
    pub is_replaced: bool,
}

/// What containing a member would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    pub access: OpenAccess,
    /// How many keys would be listed.
    pub keys: usize,
}

/// When a member saw secrets of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sighting {
    /// When the member created the key, if they did.
    pub created_at: Option<Timestamp>,
    /// When the member last rotated the key, if they did so in the last [`DAYS`].
    pub rotated_at: Option<Timestamp>,
}

impl Sighting {
    /// When the member last saw one.
    fn latest(self) -> Timestamp {
        self.created_at.max(self.rotated_at).unwrap_or_default()
    }
}

/// What containing the member would do now.
pub fn forecast(connection: &mut Connection, id: &MemberId, now: Timestamp) -> Result<Forecast> {
    let keys = sightings(connection, id, now)?.len();
    Ok(Forecast { access: access::open_access(connection, id, now)?, keys })
}

/// Contains a member: disables them and ends their sessions and links. No key changes; returns how
/// many are listed.
///
/// # Errors
/// [`crate::base::error::Error::Conflict`] when the member is not active; `Forbidden` when the
/// member is the author or holds permissions that the author does not have; `Invalid` when nobody
/// would be left to manage members.
pub fn contain(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    context: &Context,
) -> Result<(Member, usize)> {
    members::access::containable(tx, id, context)?;
    let keys = sightings(tx, id, context.now)?.len();
    let member = access::disable(tx, id, context)?;
    let details = serde_json::json!({ "keys": keys });
    let entry = Entry::about(Event::MemberContained, member.subject()).with(details);
    activity::record(tx, context, &entry)?;
    Ok((member, keys))
}

/// A page of the keys that are not revoked and that the member created, or whose secret they saw in
/// the last [`DAYS`], the one whose secret they saw last first.
pub fn seen_keys(
    connection: &mut Connection,
    id: &MemberId,
    cursor: Option<&Cursor>,
    now: Timestamp,
) -> Result<Page<SeenKey>> {
    let all = sightings(connection, id, now)?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let walk = |walk: &Walk<Timestamp>| {
        let place = |(id, seen): &(KeyId, Sighting)| (seen.latest(), id.as_str().to_owned());
        load(connection, &walk.pick(all, false, place), now)
    };
    let place = |row: &SeenKey| (row.seen.latest(), row.key.id.as_str().to_owned());
    Ok(Page::load(cursor, walk, place)?.of(total))
}

/// The keys of `sightings`, in their order.
fn load(
    connection: &mut Connection,
    sightings: &[(KeyId, Sighting)],
    now: Timestamp,
) -> Result<Vec<SeenKey>> {
    let ids: Vec<&str> = sightings.iter().map(|(id, _)| id.as_str()).collect();
    let keys = api_keys::by_ids(connection, &ids)?;
    let mut keys: BTreeMap<KeyId, ApiKey> = keys.into_iter().map(|key| (key.id, key)).collect();
    let overlaps = api_keys::overlaps(connection, &ids, now)?;
    let seen = sightings.iter().filter_map(|(id, seen)| {
        let key = keys.remove(id)?;
        let is_replaced = key.secret_created_at > seen.latest() && !overlaps.contains_key(id);
        Some(SeenKey { key, seen: *seen, is_replaced })
    });
    Ok(seen.collect())
}

/// The keys that are not revoked and whose secrets the member saw, with when.
fn sightings(
    connection: &mut Connection,
    id: &MemberId,
    now: Timestamp,
) -> Result<BTreeMap<KeyId, Sighting>> {
    let mut found: BTreeMap<KeyId, Sighting> = BTreeMap::new();
    for (key, at) in api_keys::created_by(connection, id.as_str(), MAX_READ)? {
        found.entry(key).or_default().created_at = Some(at);
    }
    let since = now.plus(-DAYS * DAY);
    let rotated =
        activity::subjects_of(connection, id.as_str(), Event::KeyRotated, since, MAX_READ)?;
    // Newest first: of several rotations of a key, the latest counts.
    let mut rotations: BTreeMap<KeyId, Timestamp> = BTreeMap::new();
    for (key, at) in rotated {
        if let Some(key) = KeyId::parse(&key) {
            rotations.entry(key).or_insert(at);
        }
    }
    let others: Vec<KeyId> =
        rotations.keys().filter(|key| !found.contains_key(key)).copied().collect();
    let others = api_keys::not_revoked_among(connection, &others)?;
    rotations.retain(|key, _| found.contains_key(key) || others.contains(key));
    for (key, at) in rotations {
        found.entry(key).or_default().rotated_at = Some(at);
    }
    Ok(found)
}
