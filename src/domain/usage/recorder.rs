//! Counts in memory, on the way of every request, and hands over what was counted.
//!
//! Each thread has two buffers of its own, and whoever collects holds one of them at a time: so a
//! request always finds one free and never waits, not even for a collector that was put to sleep
//! while it held the other.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::buffer::{Buffer, Kept, Kind};
use super::pending::Pending;
use super::{Named, Outcome, RequestId, Secret};
use crate::base::clock::Timestamp;

/// How many threads have buffers of their own; more than these share.
const THREADS: usize = 64;

/// Counts; one for the whole program.
pub struct Recorder {
    buffers: Box<[Buffers]>,
    /// What could not be written yet; only who writes takes it.
    pub(super) pending: tokio::sync::Mutex<Pending>,
}

/// Apart, so that threads do not take each other's memory from the processor.
#[derive(Default)]
#[repr(align(128))]
struct Buffers([Mutex<Buffer>; 2]);

/// A request that was refused.
#[derive(Debug)]
pub struct Denial<'a> {
    /// The genuine secret that it bore.
    pub secret: Option<Secret>,
    /// Why it was refused.
    pub reason: Outcome,
    /// The scopes that were missing, as far as they are to be kept, or what was wrong with the key.
    pub detail: Cow<'static, str>,
    /// Where it came from.
    pub address: Option<IpAddr>,
    pub request_id: RequestId,
    /// What it asked for.
    pub request: Named<'a>,
    pub at: Timestamp,
}

impl Default for Recorder {
    fn default() -> Self {
        let buffers = (0..THREADS).map(|_| Buffers::default()).collect();
        Self { buffers, pending: tokio::sync::Mutex::default() }
    }
}

impl Recorder {
    /// Counts a request that passed, and the scopes that it asked for.
    pub fn pass<'a>(
        &self,
        secret: Secret,
        address: Option<IpAddr>,
        asked: impl Iterator<Item = &'a Arc<str>>,
        now: Timestamp,
    ) {
        self.buffer().pass(secret, address, asked, now);
    }

    /// Counts a request that was refused, and those of the key's scopes that it asked for.
    pub fn refuse<'a>(&self, denial: Denial<'_>, asked: impl Iterator<Item = &'a Arc<str>>) {
        let Denial { secret, reason, detail, address, request_id: id, request, at } = denial;
        let mut buffer = self.buffer();
        match secret {
            Some(secret) => {
                let tally = buffer.count(secret, reason, at);
                asked.for_each(|scope| tally.ask(scope));
            }
            None => buffer.count_stranger(reason, at),
        }
        buffer.deny(secret, Kind { reason, detail, address }, || Kept {
            id,
            line: request.line(),
            at,
        });
    }

    /// Takes what was counted until now.
    pub(super) fn collect(&self) -> Buffer {
        let mut all = Buffer::default();
        for buffer in self.buffers.iter().flat_map(|buffers| &buffers.0) {
            // Let go of before it is added up.
            let counted = {
                let mut counting = held(buffer);
                let next = counting.emptied();
                std::mem::replace(&mut *counting, next)
            };
            all.merge(counted);
        }
        all
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        let [one, other] = &self.buffers[NUMBER.with(|number| number % THREADS)].0;
        match one.try_lock() {
            Ok(buffer) => buffer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => held(other),
        }
    }
}

fn held(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}
