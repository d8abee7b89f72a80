//! A cache of secret keys that were read from the database, valid until they change.
//!
//! Each entry has a stamp. A change of a key advances the stamp of the key's slot, which invalidates
//! older entries. The epoch is advanced first, so that a reader that was loading in the meantime
//! notices that its data may be outdated, and does not cache it. Only genuine secret keys are
//! cached, so strangers cannot fill the memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache as Quick, DefaultLifecycle};

use super::record::{Grant, Record};
use crate::base::error::Result;
use crate::db::Announcement;

/// HMAC-SHA-256 of a secret key.
pub(super) type Digest = [u8; 32];

/// The maximum number of cached secret keys; each takes about 400 bytes.
const MAX_RECORDS: usize = 1_000_000;
/// The maximum number of different grants that cached keys share. Further grants are stored
/// separately with each secret key.
const MAX_GRANTS: usize = 10_000;
/// The number of slots for stamps. If two keys share a slot, a change of one only causes a reload of
/// the other.
const SLOTS: usize = 1 << 14;

pub(super) struct Cache {
    records: Quick<Digest, Entry, UnitWeighter, BuildDigestHasher>,
    grants: Mutex<HashSet<Arc<Grant>>>,
    epoch: AtomicU64,
    global: AtomicU64,
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Entry {
    record: Arc<Record>,
    stamp: u64,
    slot: u16,
}

/// Without the pepper, a digest is as good as random, so its first bytes serve as the hash.
#[derive(Clone, Default)]
struct BuildDigestHasher;

struct DigestHasher(u64);

impl BuildHasher for BuildDigestHasher {
    type Hasher = DigestHasher;

    fn build_hasher(&self) -> DigestHasher {
        DigestHasher(0)
    }
}

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*start);
        }
    }

    // The length of an array, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Cache {
    fn default() -> Self {
        let lifecycle = DefaultLifecycle::default();
        let weight = u64::try_from(MAX_RECORDS).unwrap_or(u64::MAX);
        Self {
            records: Quick::with(MAX_RECORDS, weight, UnitWeighter, BuildDigestHasher, lifecycle),
            grants: Mutex::default(),
            epoch: AtomicU64::new(0),
            global: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Cache {
    /// The cached record, if it is still valid.
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Record>> {
        self.records.get(digest).filter(|entry| self.is_fresh(entry)).map(|entry| entry.record)
    }

    /// The cached record, or the one that `load` reads. If several callers ask for the same secret
    /// key at once, one loads it and the others wait.
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
                    let slot = self.slot(record.secret.key_id.as_str());
                    let stamp = self.stamp(slot);
                    let record = Arc::new(self.with_shared_grant(record));
                    if self.epoch.load(Ordering::SeqCst) == epoch {
                        let entry = Entry { record: Arc::clone(&record), slot, stamp };
                        drop(guard.insert(entry));
                    }
                    return Ok(Some(record));
                }
            }
        }
    }

    /// The number of cached secret keys.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Invalidates what may have changed.
    pub(super) fn forget(&self, announcement: Announcement<'_>) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let counter = match announcement {
            Announcement::Changed(key_id) => &self.slots[usize::from(self.slot(key_id))],
            Announcement::Everything => &self.global,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        entry.stamp == self.stamp(entry.slot)
    }

    /// Both counters only increase, so their sum changes whenever one of them does.
    fn stamp(&self, slot: u16) -> u64 {
        let counter = self.slots[usize::from(slot)].load(Ordering::SeqCst);
        counter.wrapping_add(self.global.load(Ordering::SeqCst))
    }

    fn slot(&self, key_id: &str) -> u16 {
        let hash = self.hasher.hash_one(key_id);
        u16::try_from(hash % SLOTS as u64).unwrap_or(0)
    }

    /// The record, sharing its grant with cached records if one has the same grant.
    fn with_shared_grant(&self, mut record: Record) -> Record {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        match grants.get(&record.grant) {
            Some(known) => record.grant = Arc::clone(known),
            None if grants.len() < MAX_GRANTS => drop(grants.insert(Arc::clone(&record.grant))),
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
    async fn a_record_is_cached_until_it_changes() {
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
        cache.forget(Announcement::Changed(KEY));
        get().await.expect("read");
        cache.forget(Announcement::Everything);
        get().await.expect("read");
        get().await.expect("read");
        assert_eq!(loads.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_record_that_changes_while_it_is_read_is_not_cached() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        for change in [Announcement::Changed(KEY), Announcement::Everything] {
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
    async fn a_thousand_concurrent_misses_share_one_load() {
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
    async fn missing_secret_keys_are_not_cached() {
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
    async fn secret_keys_whose_digests_start_the_same_are_distinguished() {
        let cache = Cache::default();
        let (one, mut other) = ([7; 32], [7; 32]);
        other[31] = 8;
        let read = cache.get_or_load(one, || async { Ok(Some(record())) });
        assert!(read.await.expect("read").is_some());
        assert!(cache.get(&one).is_some());
        assert!(cache.get(&other).is_none());
    }

    #[tokio::test]
    async fn keys_with_the_same_permissions_share_a_grant() {
        let cache = Cache::default();
        let mut read = Vec::new();
        for number in 0..3 {
            let loaded = cache.get_or_load([number; 32], || async { Ok(Some(record())) });
            read.push(loaded.await.expect("read").expect("a record"));
        }
        assert!(read.iter().all(|record| Arc::ptr_eq(&record.grant, &read[0].grant)));
    }

    #[tokio::test]
    async fn a_failure_is_not_cached() {
        let cache = Cache::default();
        let failed =
            cache.get_or_load([1; 32], || async { Err(Error::Unavailable("gone".into())) });
        assert!(failed.await.is_err());
        let read = cache.get_or_load([1; 32], || async { Ok(Some(record())) });
        assert!(read.await.expect("read").is_some());
    }
}
