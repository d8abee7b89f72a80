//! Limits the look-ups of secret keys that do not exist.
//!
//! Each network has a number of look-ups per minute. Beyond that, a secret key is denied from
//! memory, without a look-up, if it certainly does not exist. Genuine secret keys are still looked
//! up and allowed, even the first time and from the same network. To know what does not exist, this
//! module reads the start of every stored digest when a network first exceeds its limit.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

use super::cache::Digest;
use super::store;
use crate::base::clock::Clock;
use crate::base::error::Result;
use crate::base::network::Network;
use crate::base::rate::Rate;
use crate::db::{Announcement, Db};

/// Look-ups per minute from one network of secret keys that turn out not to exist; all of them may
/// happen at once.
const LOOK_UPS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// The maximum number of networks that are remembered; the oldest entries are removed first.
const NETWORKS: usize = 20_000;
/// How many digests one query reads.
const BATCH: i64 = 10_000;

/// The limits; one for the whole program.
pub(super) struct Strangers {
    rate: Rate,
    known: Arc<KnownDigests>,
}

/// The starts of the digests of all secret keys.
struct KnownDigests {
    db: Db,
    state: RwLock<State>,
}

#[derive(Default)]
enum State {
    /// Not needed yet, or possibly outdated.
    #[default]
    Unread,
    /// Being read; these keys have changed since the read began.
    Reading(Vec<String>),
    Read(HashSet<u64>),
}

impl Strangers {
    pub(super) fn new(db: &Db, clock: Clock) -> Self {
        let known = Arc::new(KnownDigests { db: db.clone(), state: RwLock::default() });
        // This reference is weak, because otherwise the database would keep itself alive through its
        // subscriber.
        let weak = Arc::downgrade(&known);
        db.subscribe(move |announcement| {
            if let Some(known) = weak.upgrade() {
                known.apply(announcement);
            }
        });
        Self { rate: Rate::new(clock, LOOK_UPS_PER_MINUTE, NETWORKS), known }
    }

    /// Uses one of the look-ups of `address`'s network. Returns whether one was left.
    pub(super) fn take(&self, address: Option<IpAddr>) -> bool {
        self.rate.take(network(address)).is_ok()
    }

    /// Returns a look-up that found a genuine secret key.
    pub(super) fn give_back(&self, address: Option<IpAddr>) {
        self.rate.give_back(network(address));
    }

    /// Whether it is certain that no secret key has this digest. It is uncertain until all digests
    /// have been read; the first call starts that.
    pub(super) fn is_certainly_unknown(&self, digest: &Digest) -> bool {
        match &*self.known.read_state() {
            State::Read(starts) => return !starts.contains(&start(digest)),
            State::Reading(_) => return false,
            State::Unread => {}
        }
        let mut state = self.known.write_state();
        if matches!(*state, State::Unread) {
            *state = State::Reading(Vec::new());
            let known = Arc::clone(&self.known);
            let read = move || known.read();
            if thread::Builder::new().name("digests".into()).spawn(read).is_err() {
                *state = State::Unread;
            }
        }
        false
    }
}

impl KnownDigests {
    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all digests, and then again those of keys that changed in the meantime.
    fn read(&self) {
        let mut starts = read_all(&self.db);
        loop {
            let mut state = self.write_state();
            let State::Reading(changed) = &mut *state else { return };
            let changed = std::mem::take(changed);
            match (&mut starts, changed.is_empty()) {
                (Ok(starts), true) => {
                    *state = State::Read(std::mem::take(starts));
                    return;
                }
                (Ok(_), false) => {}
                (Err(error), _) => {
                    tracing::warn!(%error, "the digests of secret keys could not be read");
                    *state = State::Unread;
                    return;
                }
            }
            drop(state);
            for key_id in changed {
                starts = starts.and_then(|mut starts| {
                    starts.extend(read_key(&self.db, &key_id)?);
                    Ok(starts)
                });
            }
        }
    }

    /// Applies a change. Does not hold the lock while it reads from the database.
    fn apply(&self, announcement: Announcement<'_>) {
        if matches!(*self.read_state(), State::Unread) {
            return;
        }
        let new = match announcement {
            Announcement::Changed(key_id) => {
                read_key(&self.db, key_id).ok().map(|starts| (key_id, starts))
            }
            Announcement::Everything => None,
        };
        let mut state = self.write_state();
        match (&mut *state, new) {
            (State::Read(known), Some((_, starts))) => known.extend(starts),
            (State::Reading(changed), Some((key_id, _))) => changed.push(key_id.to_owned()),
            _ => *state = State::Unread,
        }
    }
}

fn read_all(db: &Db) -> Result<HashSet<u64>> {
    let (mut starts, mut last) = (HashSet::new(), Vec::new());
    loop {
        let digests = db.read_reserved_in_background(move |c| store::digests(c, &last, BATCH))?;
        starts.extend(digests.iter().map(|digest| start(digest)));
        match digests.into_iter().next_back() {
            Some(digest) => last = digest,
            None => return Ok(starts),
        }
    }
}

fn read_key(db: &Db, key_id: &str) -> Result<Vec<u64>> {
    let key_id = key_id.to_owned();
    let digests = db.read_reserved_in_background(move |c| store::digests_of(c, &key_id))?;
    Ok(digests.iter().map(|digest| start(digest)).collect())
}

fn start(digest: &[u8]) -> u64 {
    digest.first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

/// Requests without a known address count as one network.
fn network(address: Option<IpAddr>) -> Network {
    address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).into()
}
