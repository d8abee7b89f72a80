//! What was read of secret keys, kept in memory until it changes.
//!
//! Each entry bears a stamp; a change of a key moves the stamps of its place on, so that older
//! entries no longer count. The epoch moves on first: who was reading meanwhile sees that what it
//! read may be old, and keeps nothing. Memory is bounded, whatever strangers send: secret keys
//! that do not exist are remembered apart, so that they push no genuine one out.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache as Quick;

use super::verdict::Record;
use crate::db::Heard;
use crate::error::Result;

/// HMAC-SHA-256 of a secret key.
pub(super) type Digest = [u8; 32];

/// How many secret keys are remembered at the most.
const GENUINE: usize = 250_000;
/// How many that do not exist are remembered at the most.
const UNKNOWN: usize = 20_000;
/// How many places there are for stamps; keys that share one only cost each other a look-up.
const PLACES: usize = 1 << 14;

pub(super) struct Cache {
    genuine: Quick<Digest, Entry>,
    unknown: Quick<Digest, ()>,
    epoch: AtomicU64,
    everything: AtomicU64,
    places: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Entry {
    record: Arc<Record>,
    stamp: (u64, u64),
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            genuine: Quick::new(GENUINE),
            unknown: Quick::new(UNKNOWN),
            epoch: AtomicU64::new(0),
            everything: AtomicU64::new(0),
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Cache {
    /// What is remembered, or what `load` reads; of several who ask for the same at once, one
    /// loads and the others wait.
    pub(super) async fn get_or_load<L: Future<Output = Result<Option<Record>>>>(
        &self,
        digest: Digest,
        load: impl FnOnce() -> L,
    ) -> Result<Option<Arc<Record>>> {
        loop {
            if self.unknown.get(&digest).is_some() {
                return Ok(None);
            }
            match self.genuine.get_value_or_guard_async(&digest).await {
                Ok(entry) if entry.stamp == self.stamp(&entry.record) => {
                    return Ok(Some(entry.record));
                }
                Ok(_) => {
                    self.genuine.remove(&digest);
                }
                Err(place) => {
                    let epoch = self.epoch.load(Ordering::SeqCst);
                    let record = load().await?.map(Arc::new);
                    let entry = record.map(|record| Entry { stamp: self.stamp(&record), record });
                    let is_fresh = self.epoch.load(Ordering::SeqCst) == epoch;
                    let record = entry.as_ref().map(|entry| Arc::clone(&entry.record));
                    match entry {
                        Some(entry) if is_fresh => drop(place.insert(entry)),
                        None if is_fresh => self.unknown.insert(digest, ()),
                        _ => {}
                    }
                    return Ok(record);
                }
            }
        }
    }

    /// Forgets what may have changed.
    pub(super) fn forget(&self, heard: Heard<'_>) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        match heard {
            Heard::Changed(key_id) => self.place(key_id).fetch_add(1, Ordering::SeqCst),
            Heard::Everything => {
                self.unknown.clear();
                self.everything.fetch_add(1, Ordering::SeqCst)
            }
        };
    }

    fn stamp(&self, record: &Record) -> (u64, u64) {
        let place = self.place(record.key_id.as_str());
        (place.load(Ordering::SeqCst), self.everything.load(Ordering::SeqCst))
    }

    fn place(&self, key_id: &str) -> &AtomicU64 {
        let hash = self.hasher.hash_one(key_id);
        &self.places[usize::try_from(hash % PLACES as u64).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::verification::verdict::tests::record;
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
    async fn strangers_push_no_genuine_key_out() {
        let (cache, loads) = (Cache::default(), AtomicUsize::new(0));
        let get = || {
            cache.get_or_load([255; 32], || async {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok(Some(record()))
            })
        };
        get().await.expect("read");
        for stranger in 0..2 * UNKNOWN as u64 {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&stranger.to_be_bytes());
            assert!(
                cache.get_or_load(digest, || async { Ok(None) }).await.expect("read").is_none()
            );
        }
        get().await.expect("read");
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        assert!(cache.unknown.len() <= UNKNOWN);
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
