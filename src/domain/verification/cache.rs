//! What was read of secret keys, kept in memory until it changes.
//!
//! Each entry bears a stamp; a change of a key moves the stamps of its place on, so that older
//! entries no longer count. The epoch moves on first: who was reading meanwhile sees that what it
//! read may be old, and keeps nothing. Only genuine secret keys are remembered, so that strangers
//! take no memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache as Quick, DefaultLifecycle};

use super::record::{Grant, Record};
use crate::base::error::Result;
use crate::db::Heard;

/// HMAC-SHA-256 of a secret key.
pub(super) type Digest = [u8; 32];

/// How many secret keys are remembered at the most; each takes about 400 bytes.
const MOST: usize = 1_000_000;
/// How many different grants they share at the most; others are kept with each secret key.
const GRANTS: usize = 10_000;
/// How many places there are for stamps; keys that share one only cost each other a look-up.
const PLACES: usize = 1 << 14;

pub(super) struct Cache {
    records: Quick<Digest, Entry, UnitWeighter, ByDigest>,
    grants: Mutex<HashSet<Arc<Grant>>>,
    epoch: AtomicU64,
    everything: AtomicU64,
    places: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Entry {
    record: Arc<Record>,
    stamp: u64,
    place: u16,
}

/// A digest is as good as random to whoever does not know the pepper, so its start serves as hash.
#[derive(Clone, Default)]
struct ByDigest;

struct Start(u64);

impl BuildHasher for ByDigest {
    type Hasher = Start;

    fn build_hasher(&self) -> Start {
        Start(0)
    }
}

impl Hasher for Start {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*start);
        }
    }

    // The length of an array, which says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Cache {
    fn default() -> Self {
        let lifecycle = DefaultLifecycle::default();
        let weight = u64::try_from(MOST).unwrap_or(u64::MAX);
        Self {
            records: Quick::with(MOST, weight, UnitWeighter, ByDigest, lifecycle),
            grants: Mutex::default(),
            epoch: AtomicU64::new(0),
            everything: AtomicU64::new(0),
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Cache {
    /// What is remembered and still counts.
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Record>> {
        self.records.get(digest).filter(|entry| self.is_fresh(entry)).map(|entry| entry.record)
    }

    /// What is remembered, or what `load` reads; of several who ask for the same at once, one
    /// loads and the others wait.
    pub(super) async fn get_or_load<L: Future<Output = Result<Option<Record>>>>(
        &self,
        digest: Digest,
        load: impl FnOnce() -> L,
    ) -> Result<Option<Arc<Record>>> {
        loop {
            match self.records.get_value_or_guard_async(&digest).await {
                Ok(entry) if self.is_fresh(&entry) => return Ok(Some(entry.record)),
                Ok(_) => {
                    self.records.remove(&digest);
                }
                Err(guard) => {
                    let epoch = self.epoch.load(Ordering::SeqCst);
                    let Some(record) = load().await? else { return Ok(None) };
                    let place = self.place(record.secret.key_id.as_str());
                    let stamp = self.stamp(place);
                    let record = Arc::new(self.sharing(record));
                    if self.epoch.load(Ordering::SeqCst) == epoch {
                        let entry = Entry { record: Arc::clone(&record), place, stamp };
                        drop(guard.insert(entry));
                    }
                    return Ok(Some(record));
                }
            }
        }
    }

    /// How many secret keys are remembered.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Forgets what may have changed.
    pub(super) fn forget(&self, heard: Heard<'_>) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let moved = match heard {
            Heard::Changed(key_id) => &self.places[usize::from(self.place(key_id))],
            Heard::Everything => &self.everything,
        };
        moved.fetch_add(1, Ordering::SeqCst);
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        entry.stamp == self.stamp(entry.place)
    }

    /// Both only ever move on, so that their sum is new whenever one is.
    fn stamp(&self, place: u16) -> u64 {
        let moved = self.places[usize::from(place)].load(Ordering::SeqCst);
        moved.wrapping_add(self.everything.load(Ordering::SeqCst))
    }

    fn place(&self, key_id: &str) -> u16 {
        let hash = self.hasher.hash_one(key_id);
        u16::try_from(hash % PLACES as u64).unwrap_or(0)
    }

    /// The record with the same grant as others that are remembered, where there is one.
    fn sharing(&self, mut record: Record) -> Record {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        match grants.get(&record.grant) {
            Some(known) => record.grant = Arc::clone(known),
            None if grants.len() < GRANTS => drop(grants.insert(Arc::clone(&record.grant))),
            None => grants.clear(),
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Error;
    use crate::domain::verification::verdict::tests::record;
    use std::sync::atomic::AtomicUsize;

    const KEY: &str = "key_7QF2M8KDX4TN";

    #[tokio::test]
    async fn what_was_read_is_remembered_until_it_changes() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        let get = || {
            cache.get_or_load([1; 32], || async {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok(Some(record()))
            })
        };
        for _ in 0..3 {
            assert!(get().await.expect("read").is_some());
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        cache.forget(Heard::Changed(KEY));
        get().await.expect("read");
        cache.forget(Heard::Everything);
        get().await.expect("read");
        get().await.expect("read");
        assert_eq!(loads.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn what_changes_while_it_is_read_is_not_kept() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        for change in [Heard::Changed(KEY), Heard::Everything] {
            for _ in 0..2 {
                let loaded = cache.get_or_load([1; 32], || async {
                    loads.fetch_add(1, Ordering::SeqCst);
                    cache.forget(change);
                    Ok(Some(record()))
                });
                loaded.await.expect("read");
            }
        }
        assert_eq!(loads.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_thousand_who_miss_at_once_share_one_reading() {
        let (cache, loads) = (Arc::new(Cache::default()), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (cache, loads) = (Arc::clone(&cache), Arc::clone(&loads));
                tokio::spawn(async move {
                    let load = || async {
                        loads.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Ok(Some(record()))
                    };
                    cache.get_or_load([1; 32], load).await.expect("read").is_some()
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.expect("joined"));
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_remembered() {
        let cache = Cache::default();
        for stranger in 0..1_000_u64 {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&stranger.to_be_bytes());
            let read = cache.get_or_load(digest, || async { Ok(None) });
            assert!(read.await.expect("read").is_none());
        }
        assert_eq!(cache.len(), 0);
    }

    #[tokio::test]
    async fn secret_keys_whose_digests_start_alike_are_told_apart() {
        let cache = Cache::default();
        let (one, mut other) = ([7; 32], [7; 32]);
        other[31] = 8;
        let read = cache.get_or_load(one, || async { Ok(Some(record())) });
        assert!(read.await.expect("read").is_some());
        assert!(cache.get(&one).is_some());
        assert!(cache.get(&other).is_none());
    }

    #[tokio::test]
    async fn keys_that_may_do_the_same_share_what_says_so() {
        let cache = Cache::default();
        let mut read = Vec::new();
        for number in 0..3 {
            let loaded = cache.get_or_load([number; 32], || async { Ok(Some(record())) });
            read.push(loaded.await.expect("read").expect("a record"));
        }
        assert!(read.iter().all(|record| Arc::ptr_eq(&record.grant, &read[0].grant)));
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let cache = Cache::default();
        let failed =
            cache.get_or_load([1; 32], || async { Err(Error::Unavailable("gone".into())) });
        assert!(failed.await.is_err());
        let read = cache.get_or_load([1; 32], || async { Ok(Some(record())) });
        assert!(read.await.expect("read").is_some());
    }
}
