//! Events that can be repeated without limit, counted by the hour outside the chain.
//!
//! Entries are kept permanently, so an entry for each failed sign-in would let an attacker fill the
//! disk. Such events are counted in a table instead, and `hourly` records the counts as entries
//! once the hour has ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::store::tally as store;
use super::store::tally::TallyRow;
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::error::{Error, Result};
use crate::db::types::text_column;
use crate::db::{Connection, Transaction};

/// How many networks are counted separately in an hour. All others share one row.
const MAX_NETWORKS: i64 = 1000;
/// How many different parts a tally counts separately. All others are counted as [`OTHER`].
const MAX_PARTS: usize = 20;
/// The name for everything that exceeds a limit.
pub(super) const OTHER: &str = "";

closed_set! {
    /// What is counted, and how it is grouped.
    pub enum TallyKind {
        /// Failed sign-ins by network. The part [`TallyKind::MEMBER`] counts those with a member's
        /// email address, which are recorded with the member.
        FailedSignInsByNetwork = "failed_sign_ins_by_network",
        /// Failed sign-ins with a member's email address, by member and then by network.
        FailedSignInsByMember = "failed_sign_ins_by_member",
        /// Requests that a member had no permission to make, by member and then by permission.
        DenialsByMember = "denials_by_member",
    }
}
text_column!(TallyKind);

impl TallyKind {
    /// The part that counts failed sign-ins for members' email addresses.
    pub const MEMBER: &'static str = "member";

    /// How many events of each subject in an hour get their own entry when they happen.
    pub const fn single_entries(self) -> i64 {
        match self {
            Self::FailedSignInsByMember => 5,
            Self::FailedSignInsByNetwork | Self::DenialsByMember => 0,
        }
    }
}

/// One event to count.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    pub kind: TallyKind,
    /// The network, or the member's id.
    pub subject_id: &'a str,
    /// The member's name; empty for a network.
    pub subject_name: &'a str,
    /// The part under which the event is counted within the subject.
    pub part: Option<&'a str>,
}

/// The events of one subject in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub kind: TallyKind,
    /// The start of the hour.
    pub hour: Timestamp,
    /// The network or the member's id. Empty for all networks above the limit together.
    pub subject_id: String,
    /// The member's name; empty for networks.
    pub subject_name: String,
    /// The total number of events.
    pub count: i64,
    details: TallyDetails,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct TallyDetails {
    /// The number of events in each minute of the hour.
    minutes: BTreeMap<i64, i64>,
    /// The number of events for each part, without those that have their own entry.
    parts: BTreeMap<String, i64>,
}

impl Tally {
    /// The number of events since `since`, to the minute, and the time of the first of them.
    pub fn since(&self, since: Timestamp) -> Option<(i64, Timestamp)> {
        let at = |minute: i64| self.hour.plus(minute * MINUTE);
        let mut minutes = self.details.minutes.iter().filter(|(minute, _)| {
            // A minute counts if any part of it is recent enough.
            at(**minute + 1) > since
        });
        let (first, count) = minutes.next()?;
        Some((count + minutes.map(|(_, count)| count).sum::<i64>(), at(*first).max(since)))
    }

    /// The number of events for a part.
    pub fn part(&self, part: &str) -> i64 {
        self.details.parts.get(part).copied().unwrap_or(0)
    }

    /// All parts with their counts, in alphabetical order.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, i64)> {
        self.details.parts.iter().map(|(part, count)| (part.as_str(), *count))
    }

    fn add(&mut self, part: Option<&str>, now: Timestamp) {
        self.count += 1;
        *self.details.minutes.entry(now.since(self.hour) / MINUTE).or_default() += 1;
        let Some(part) = part.filter(|_| self.count > self.kind.single_entries()) else { return };
        let parts = &mut self.details.parts;
        let is_full = parts.len() >= MAX_PARTS && !parts.contains_key(part);
        *parts.entry(if is_full { OTHER } else { part }.to_owned()).or_default() += 1;
    }

    fn row(&self) -> Result<TallyRow> {
        Ok(TallyRow {
            hour: self.hour,
            kind: self.kind,
            subject_id: self.subject_id.clone(),
            subject_name: self.subject_name.clone(),
            count: self.count,
            details: serde_json::to_string(&self.details).map_err(Error::internal)?,
        })
    }
}

impl From<TallyRow> for Tally {
    fn from(row: TallyRow) -> Self {
        let TallyRow { hour, kind, subject_id, subject_name, count, details } = row;
        let details = serde_json::from_str(&details).unwrap_or_default();
        Self { kind, hour, subject_id, subject_name, count, details }
    }
}

/// Counts an event. Returns the number of events of its subject in this hour.
pub fn count(tx: &mut Transaction<'_>, event: &Occurrence<'_>, now: Timestamp) -> Result<i64> {
    let (hour, kind) = (hour_of(now), event.kind);
    let mut subject_id = event.subject_id;
    let mut row = store::find(tx, hour, kind, subject_id)?;
    if row.is_none()
        && kind == TallyKind::FailedSignInsByNetwork
        && store::subjects(tx, hour, kind)? >= MAX_NETWORKS
    {
        subject_id = OTHER;
        row = store::find(tx, hour, kind, subject_id)?;
    }
    let is_new = row.is_none();
    let begin = || Tally {
        kind,
        hour,
        subject_id: subject_id.to_owned(),
        subject_name: String::new(),
        count: 0,
        details: TallyDetails::default(),
    };
    let mut tally = row.map_or_else(begin, Tally::from);
    event.subject_name.clone_into(&mut tally.subject_name);
    tally.add(event.part, now);
    let row = tally.row()?;
    if is_new {
        store::insert(tx, &row)?;
    } else {
        store::update(tx, &row)?;
    }
    Ok(tally.count)
}

/// The tallies of a kind in the hours from `since` to `now`, earliest hour first.
pub fn tallies(
    connection: &mut Connection,
    kind: TallyKind,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Tally>> {
    let rows = store::between(connection, kind, (hour_of(since), hour_of(now)))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

fn hour_of(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.hour() * HOUR)
}
