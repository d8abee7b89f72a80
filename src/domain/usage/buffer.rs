//! Counts that are not yet written: by secret and hour, and the denied requests. Pure. The size is
//! bounded, no matter what strangers send: beyond a limit, similar requests are counted together.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::questions::Questions;
use super::{Outcome, RequestId, Secret};
use crate::base::clock::Timestamp;
use crate::domain::api_keys::LastUse;

/// How many addresses of one secret are distinguished between two writes.
const ADDRESSES: usize = 32;
/// How many requested scopes of one secret are distinguished between two writes.
const SCOPES: usize = 64;
/// How many kinds of denials of one secret are distinguished between two writes.
const KINDS: usize = 20;
/// The same limit for requests without a genuine secret.
const STRANGERS_KINDS: usize = 100;
/// The same limit for all secrets together. Beyond it, denials of further kinds are only counted by
/// outcome.
const ALL_KINDS: usize = 2_000;
/// How many requests of one kind are kept between two writes. These are the first ones; the last of
/// them represents the others.
const REQUESTS: usize = 5;

/// The data to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    tallies: HashMap<Place, Tally, RandomState>,
    /// The outcomes of requests without a genuine secret, by hour.
    pub strangers: BTreeMap<i64, Counts>,
    denials: HashMap<Option<Secret>, Vec<DenialTally>, RandomState>,
    kinds: usize,
    pub questions: Questions,
}

/// The secret and the hour of a tally.
pub(super) type Place = (Secret, i64);

/// The number of requests with each outcome.
pub(super) type Counts = [u32; Outcome::ALL.len()];

/// The requests with one secret in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub counts: Counts,
    /// Which of the key's scopes were requested. Most requests ask for the same one.
    pub scopes: SmallVec<[Arc<str>; 1]>,
    /// When it was last used in an allowed request, and from which address.
    pub last: Option<(Timestamp, Option<IpAddr>)>,
    /// The addresses that it was used from. Most secrets are used from only one.
    pub seen: SmallVec<[AddressTally; 1]>,
}

/// How often a secret was used in allowed requests from one address, and when first and last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddressTally {
    pub address: IpAddr,
    pub first: Timestamp,
    pub last: Timestamp,
    pub count: u64,
}

/// What denials of one kind have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DenialKey {
    pub reason: Outcome,
    /// The missing scopes, or what was wrong with the key.
    pub detail: Cow<'static, str>,
    /// `None` if the address is unknown, or if there were too many kinds to distinguish addresses.
    pub address: Option<IpAddr>,
}

/// A denied request that is kept as a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SampledRequest {
    pub id: RequestId,
    pub line: String,
    pub at: Timestamp,
}

/// The denials of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DenialTally {
    pub kind: DenialKey,
    pub samples: Vec<SampledRequest>,
    pub count: u64,
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
            && self.strangers.is_empty()
            && self.denials.is_empty()
            && self.questions.is_empty()
    }

    /// Counts an allowed request and the scopes that it asked for.
    pub fn pass<'a>(
        &mut self,
        secret: Secret,
        address: Option<IpAddr>,
        requested: impl Iterator<Item = &'a Arc<str>>,
        now: Timestamp,
    ) {
        let tally = self.count(secret, Outcome::Pass, now);
        requested.for_each(|scope| tally.add_scope(scope));
        tally.last = Some((now, address));
        if let Some(address) = address {
            tally.add_address(AddressTally { address, first: now, last: now, count: 1 });
        }
    }

    /// Counts the outcome of a request with a genuine secret.
    pub fn count(&mut self, secret: Secret, outcome: Outcome, now: Timestamp) -> &mut Tally {
        let tally = self.tallies.entry((secret, hour(now))).or_default();
        tally.counts[outcome as usize] += 1;
        tally
    }

    /// Counts the outcome of a request without a genuine secret.
    pub fn count_stranger(&mut self, outcome: Outcome, now: Timestamp) {
        self.strangers.entry(hour(now)).or_default()[outcome as usize] += 1;
    }

    /// Counts a denial of `kind`, and keeps its request while there is room. `request` is called
    /// only in that case.
    pub fn deny(
        &mut self,
        secret: Option<Secret>,
        kind: DenialKey,
        request: impl FnOnce() -> SampledRequest,
    ) {
        if let Some(denials) = self.denials_of(secret, kind) {
            denials.count += 1;
            if denials.samples.len() < REQUESTS {
                denials.samples.push(request());
            }
        }
    }

    /// Adds the counts of `other`.
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
        self.questions.merge(other.questions);
        for (secret, kinds) in other.denials {
            for denials in kinds {
                if let Some(known) = self.denials_of(secret, denials.kind) {
                    known.count += denials.count;
                    known.samples.extend(denials.samples);
                    known.samples.truncate(REQUESTS);
                }
            }
        }
    }

    /// An empty buffer with room for as many tallies as this one has, so that requests do not wait
    /// for the allocation.
    pub fn empty_like(&self) -> Self {
        let tallies = HashMap::with_capacity_and_hasher(self.tallies.len(), RandomState::default());
        Self { tallies, ..Self::default() }
    }

    /// The secrets and hours of all tallies, in the order of their table.
    pub fn places(&self) -> Vec<Place> {
        let mut all: Vec<_> = self.tallies.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Takes out the tallies of `places`, and all other data.
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

    /// The last use of each secret.
    pub fn uses(&self) -> impl Iterator<Item = LastUse> {
        self.tallies.iter().filter_map(|((secret, _), tally)| {
            let (at, address) = tally.last?;
            Some(LastUse { key_id: secret.key_id, secret: secret.number, at, address })
        })
    }

    pub fn denials(&self) -> impl Iterator<Item = (Option<Secret>, &DenialTally)> {
        let all = self.denials.iter();
        all.flat_map(|(secret, kinds)| kinds.iter().map(|denials| (*secret, denials)))
    }

    /// The tally in which denials of `kind` are counted. If there are too many kinds, this is a
    /// tally without address and detail, or `None` if there are too many of those as well.
    fn denials_of(
        &mut self,
        secret: Option<Secret>,
        mut kind: DenialKey,
    ) -> Option<&mut DenialTally> {
        let most = if secret.is_some() { KINDS } else { STRANGERS_KINDS };
        let kinds = self.denials.entry(secret).or_default();
        let mut at = kinds.iter().position(|denials| denials.kind == kind);
        if at.is_none() && (kinds.len() >= most || self.kinds >= ALL_KINDS) {
            kind = DenialKey { address: None, detail: "".into(), ..kind };
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
            kinds.push(DenialTally { kind, samples: Vec::new(), count: 0 });
        }
        let kinds = self.denials.get_mut(&secret)?;
        match at {
            Some(at) => kinds.get_mut(at),
            None => kinds.last_mut(),
        }
    }
}

impl AddressTally {
    /// Adds the uses in `other`, which has the same address.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count += other.count;
    }
}

impl Tally {
    fn add_address(&mut self, seen: AddressTally) {
        if let Some(known) = self.seen.iter_mut().find(|known| known.address == seen.address) {
            known.merge(&seen);
        } else if self.seen.len() < ADDRESSES {
            self.seen.push(seen);
        }
    }

    /// Records that a scope was requested. It is usually the same `Arc`, which makes comparing the
    /// text unnecessary.
    pub fn add_scope(&mut self, scope: &Arc<str>) {
        let is_same = |known: &Arc<str>| Arc::ptr_eq(known, scope) || known == scope;
        if !self.scopes.iter().any(is_same) && self.scopes.len() < SCOPES {
            self.scopes.push(Arc::clone(scope));
        }
    }

    fn merge(&mut self, other: Self) {
        add(&mut self.counts, other.counts);
        other.scopes.iter().for_each(|scope| self.add_scope(scope));
        self.last = self.last.max(other.last);
        for seen in other.seen {
            self.add_address(seen);
        }
    }
}

/// The hour of a timestamp, in hours since 1970, UTC.
fn hour(at: Timestamp) -> i64 {
    at.hour()
}

fn add(counts: &mut Counts, others: Counts) {
    for (count, others) in counts.iter_mut().zip(others) {
        *count += others;
    }
}

#[cfg(test)]
#[path = "buffer_tests.rs"]
mod tests;
