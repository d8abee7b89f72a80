//! Limits for who presents secret keys that do not exist.
//!
//! Each network may have so many looked up; beyond, they are refused from memory, without a
//! look-up, as long as it is certain that there is no such secret key. Genuine ones are looked up
//! and pass as ever, also for the first time and from the same network. What is certain is told by
//! the start of every digest there is, which is read when a network first goes too far.

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
use crate::db::{Db, Heard};

/// Look-ups of secret keys that turn out not to exist, from one network a minute: so many at once.
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// How many networks are kept in mind; the stalest make room.
const NETWORKS: usize = 20_000;
/// How many digests are read at once.
const BATCH: i64 = 10_000;

/// The limits; one for the whole program.
pub(super) struct Strangers {
    rate: Rate,
    known: Arc<Known>,
}

/// The start of the digest of every secret key.
struct Known {
    db: Db,
    state: RwLock<State>,
}

#[derive(Default)]
enum State {
    /// Nobody has needed it, or what is known may be old.
    #[default]
    Unread,
    /// It is being read; these keys have changed meanwhile.
    Reading(Vec<String>),
    Read(HashSet<u64>),
}

impl Strangers {
    pub(super) fn new(db: &Db, clock: Clock) -> Self {
        let known = Arc::new(Known { db: db.clone(), state: RwLock::default() });
        // Weak, or the database would hold on to itself through its subscriber.
        let hears = Arc::downgrade(&known);
        db.subscribe(move |heard| {
            if let Some(known) = hears.upgrade() {
                known.hear(heard);
            }
        });
        Self { rate: Rate::new(clock, A_MINUTE, NETWORKS), known }
    }

    /// Takes one of the look-ups of `address`'s network; whether there was one.
    pub(super) fn take(&self, address: Option<IpAddr>) -> bool {
        self.rate.take(network(address)).is_ok()
    }

    /// Gives a look-up back that was of a genuine secret key.
    pub(super) fn give_back(&self, address: Option<IpAddr>) {
        self.rate.give_back(network(address));
    }

    /// Whether it is certain that no secret key has this digest. It is not while all of them are
    /// being read, which the first question starts.
    pub(super) fn are_certain_of(&self, digest: &Digest) -> bool {
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

impl Known {
    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all there is; what has changed meanwhile once more.
    fn read(&self) {
        let mut starts = all(&self.db);
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
                    starts.extend(of(&self.db, &key_id)?);
                    Ok(starts)
                });
            }
        }
    }

    /// Takes in what has changed; holds nobody up while it reads.
    fn hear(&self, heard: Heard<'_>) {
        if matches!(*self.read_state(), State::Unread) {
            return;
        }
        let new = match heard {
            Heard::Changed(key_id) => of(&self.db, key_id).ok().map(|starts| (key_id, starts)),
            Heard::Everything => None,
        };
        let mut state = self.write_state();
        match (&mut *state, new) {
            (State::Read(known), Some((_, starts))) => known.extend(starts),
            (State::Reading(changed), Some((key_id, _))) => changed.push(key_id.to_owned()),
            _ => *state = State::Unread,
        }
    }
}

fn all(db: &Db) -> Result<HashSet<u64>> {
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

fn of(db: &Db, key_id: &str) -> Result<Vec<u64>> {
    let key_id = key_id.to_owned();
    let digests = db.read_reserved_in_background(move |c| store::digests_of(c, &key_id))?;
    Ok(digests.iter().map(|digest| start(digest)).collect())
}

fn start(digest: &[u8]) -> u64 {
    digest.first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

/// Whoever does not say where they are counts as one network.
fn network(address: Option<IpAddr>) -> Network {
    address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).into()
}
