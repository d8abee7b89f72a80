//! What was counted and not yet written: by secret and hour, and the requests that were refused.
//! Pure. Bounded, whatever strangers send: at a bound, what is alike is counted together.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::{Outcome, RequestId, Secret};
use crate::base::clock::Timestamp;
use crate::domain::api_keys::Used;

/// How many addresses of one secret are told apart between two writings.
const ADDRESSES: usize = 32;
/// How many scopes that were asked for are told apart of one secret between two writings.
const SCOPES: usize = 64;
/// How many kinds of denials of one secret are told apart between two writings.
const KINDS: usize = 20;
/// The same of requests that bore no genuine secret.
const STRANGERS_KINDS: usize = 100;
/// The same of all secrets together; then only their counts go on.
const ALL_KINDS: usize = 2_000;
/// How many requests of one kind are kept between two writings, the first ones; the last of them
/// stands for the others.
const REQUESTS: usize = 5;

/// What is to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    tallies: HashMap<Place, Tally, RandomState>,
    /// What requests without a genuine secret were counted for, by the hour.
    pub strangers: BTreeMap<i64, Counts>,
    denials: HashMap<Option<Secret>, Vec<Denials>, RandomState>,
    kinds: usize,
}

/// Whose tally it is, and of which hour.
pub(super) type Place = (Secret, i64);

/// How many requests there were of each outcome.
pub(super) type Counts = [u32; Outcome::ALL.len()];

/// What one secret was counted for in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub counts: Counts,
    /// Which of its scopes were asked for; most requests ask for the same.
    pub asked: SmallVec<[Arc<str>; 1]>,
    /// When it last passed, and from where.
    pub last: Option<(Timestamp, Option<IpAddr>)>,
    /// Most are used from one place.
    pub seen: SmallVec<[Seen; 1]>,
}

/// How often a secret passed from one address, from when to when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub address: IpAddr,
    pub first: Timestamp,
    pub last: Timestamp,
    pub count: u64,
}

/// What denials have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub reason: Outcome,
    /// The scopes that were missing, or what was wrong with the key.
    pub detail: Cow<'static, str>,
    /// `None` when it is unknown, and when there were too many kinds to tell addresses apart.
    pub address: Option<IpAddr>,
}

/// A refused request that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub id: RequestId,
    pub line: String,
    pub at: Timestamp,
}

/// Denials of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denials {
    pub kind: Kind,
    pub kept: Vec<Kept>,
    pub count: u64,
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty() && self.strangers.is_empty() && self.denials.is_empty()
    }

    /// Counts a request that passed, and the scopes that it asked for.
    pub fn pass<'a>(
        &mut self,
        secret: Secret,
        address: Option<IpAddr>,
        asked: impl Iterator<Item = &'a Arc<str>>,
        now: Timestamp,
    ) {
        let tally = self.count(secret, Outcome::Pass, now);
        asked.for_each(|scope| tally.ask(scope));
        tally.last = Some((now, address));
        if let Some(address) = address {
            tally.see(Seen { address, first: now, last: now, count: 1 });
        }
    }

    /// Counts what became of a request with a genuine secret.
    pub fn count(&mut self, secret: Secret, outcome: Outcome, now: Timestamp) -> &mut Tally {
        let tally = self.tallies.entry((secret, hour(now))).or_default();
        tally.counts[outcome as usize] += 1;
        tally
    }

    /// Counts what became of a request without one.
    pub fn count_stranger(&mut self, outcome: Outcome, now: Timestamp) {
        self.strangers.entry(hour(now)).or_default()[outcome as usize] += 1;
    }

    /// Counts a denial of `kind`, and keeps its request while there is room. `request` is asked for
    /// only then.
    pub fn deny(&mut self, secret: Option<Secret>, kind: Kind, request: impl FnOnce() -> Kept) {
        if let Some(denials) = self.denials_of(secret, kind) {
            denials.count += 1;
            if denials.kept.len() < REQUESTS {
                denials.kept.push(request());
            }
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        for (place, tally) in other.tallies {
            match self.tallies.entry(place) {
                Entry::Occupied(mut known) => known.get_mut().merge(tally),
                Entry::Vacant(place) => drop(place.insert(tally)),
            }
        }
        for (hour, counts) in other.strangers {
            add(self.strangers.entry(hour).or_default(), counts);
        }
        for (secret, kinds) in other.denials {
            for denials in kinds {
                if let Some(known) = self.denials_of(secret, denials.kind) {
                    known.count += denials.count;
                    known.kept.extend(denials.kept);
                    known.kept.truncate(REQUESTS);
                }
            }
        }
    }

    /// An empty one with room for as many tallies as this holds, so that a request does not wait
    /// while that is made.
    pub fn emptied(&self) -> Self {
        let tallies = HashMap::with_capacity_and_hasher(self.tallies.len(), RandomState::default());
        Self { tallies, ..Self::default() }
    }

    /// Where the tallies belong, in the order of their table.
    pub fn places(&self) -> Vec<Place> {
        let mut all: Vec<_> = self.tallies.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Takes out some tallies, and all else.
    pub fn take(&mut self, places: &[Place]) -> Self {
        let mut part = std::mem::take(self);
        self.tallies = std::mem::take(&mut part.tallies);
        part.tallies.extend(places.iter().filter_map(|place| self.tallies.remove_entry(place)));
        part
    }

    /// All tallies, in the order of their table.
    pub fn tallies(&self) -> Vec<(Place, &Tally)> {
        let mut all: Vec<_> = self.tallies.iter().map(|(place, tally)| (*place, tally)).collect();
        all.sort_unstable_by_key(|(place, _)| *place);
        all
    }

    /// When its secrets passed last.
    pub fn uses(&self) -> impl Iterator<Item = Used> {
        self.tallies.iter().filter_map(|((secret, _), tally)| {
            let (at, address) = tally.last?;
            Some(Used { key_id: secret.key_id, secret: secret.number, at, address })
        })
    }

    pub fn denials(&self) -> impl Iterator<Item = (Option<Secret>, &Denials)> {
        let all = self.denials.iter();
        all.flat_map(|(secret, kinds)| kinds.iter().map(|denials| (*secret, denials)))
    }

    /// Where denials of `kind` are counted; with others where there are too many kinds, nowhere
    /// where there are too many even so.
    fn denials_of(&mut self, secret: Option<Secret>, mut kind: Kind) -> Option<&mut Denials> {
        let most = if secret.is_some() { KINDS } else { STRANGERS_KINDS };
        let kinds = self.denials.entry(secret).or_default();
        let mut at = kinds.iter().position(|denials| denials.kind == kind);
        if at.is_none() && (kinds.len() >= most || self.kinds >= ALL_KINDS) {
            kind = Kind { address: None, detail: "".into(), ..kind };
            at = kinds.iter().position(|denials| denials.kind == kind);
            if at.is_none() && secret.is_some() && self.kinds >= ALL_KINDS {
                if kinds.is_empty() {
                    self.denials.remove(&secret);
                }
                return None;
            }
        }
        if at.is_none() {
            self.kinds += 1;
            kinds.push(Denials { kind, kept: Vec::new(), count: 0 });
        }
        let kinds = self.denials.get_mut(&secret)?;
        match at {
            Some(at) => kinds.get_mut(at),
            None => kinds.last_mut(),
        }
    }
}

impl Seen {
    /// Adds what was seen of the same address.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count += other.count;
    }
}

impl Tally {
    fn see(&mut self, seen: Seen) {
        if let Some(known) = self.seen.iter_mut().find(|known| known.address == seen.address) {
            known.merge(&seen);
        } else if self.seen.len() < ADDRESSES {
            self.seen.push(seen);
        }
    }

    /// Notes that a scope was asked for. Mostly it is the same text in memory, which then is not
    /// looked at.
    pub fn ask(&mut self, scope: &Arc<str>) {
        let is_it = |known: &Arc<str>| Arc::ptr_eq(known, scope) || known == scope;
        if !self.asked.iter().any(is_it) && self.asked.len() < SCOPES {
            self.asked.push(Arc::clone(scope));
        }
    }

    fn merge(&mut self, other: Self) {
        add(&mut self.counts, other.counts);
        other.asked.iter().for_each(|scope| self.ask(scope));
        self.last = self.last.max(other.last);
        for seen in other.seen {
            self.see(seen);
        }
    }
}

/// The hour of an instant: hours since 1970, UTC.
fn hour(at: Timestamp) -> i64 {
    at.hour()
}

fn add(counts: &mut Counts, others: Counts) {
    for (mine, others) in counts.iter_mut().zip(others) {
        *mine += others;
    }
}

#[cfg(test)]
#[path = "buffer_tests.rs"]
mod tests;
