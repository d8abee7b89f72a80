//! Counts requests in memory while they are handled, and hands over the counts.
//!
//! Each thread has two buffers, and a collector locks only one of them at a time. So a request
//! always finds a free buffer and never waits, not even for a collector that was suspended while it
//! held the other.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::buffer::{Buffer, DenialKey, SampledRequest};
use super::pending::Pending;
use super::{Outcome, RequestId, RequestLine, Secret};
use crate::base::clock::Timestamp;

/// How many threads have their own buffers. Further threads share them.
const THREADS: usize = 64;

/// Counts requests; one for the whole program.
pub struct Recorder {
    buffers: Box<[Buffers]>,
    /// Data that could not be written yet. Only writers lock it.
    pub(super) pending: tokio::sync::Mutex<Pending>,
}

/// Aligned separately, so that threads do not invalidate each other's cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Buffers([Mutex<Buffer>; 2]);

/// A denied request.
#[derive(Debug)]
pub struct Denial<'a> {
    /// The genuine secret in the request, if any.
    pub secret: Option<Secret>,
    /// Why it was denied.
    pub reason: Outcome,
    /// The missing scopes, as far as they should be stored, or what was wrong with the key.
    pub detail: Cow<'static, str>,
    /// The client's address.
    pub address: Option<IpAddr>,
    pub request_id: RequestId,
    /// The request line.
    pub request: RequestLine<'a>,
    pub at: Timestamp,
}

impl Default for Recorder {
    fn default() -> Self {
        let buffers = (0..THREADS).map(|_| Buffers::default()).collect();
        Self { buffers, pending: tokio::sync::Mutex::default() }
    }
}

impl Recorder {
    /// Counts an allowed request and the scopes that it asked for.
    pub fn pass<'a>(
        &self,
        secret: Secret,
        address: Option<IpAddr>,
        requested: impl Iterator<Item = &'a Arc<str>>,
        now: Timestamp,
    ) {
        self.buffer().pass(secret, address, requested, now);
    }

    /// Counts a denied request, and which of the key's scopes it asked for.
    pub fn deny<'a>(&self, denial: Denial<'_>, requested: impl Iterator<Item = &'a Arc<str>>) {
        let Denial { secret, reason, detail, address, request_id: id, request, at } = denial;
        let mut buffer = self.buffer();
        match secret {
            Some(secret) => {
                let tally = buffer.count(secret, reason, at);
                requested.for_each(|scope| tally.add_scope(scope));
            }
            None => buffer.count_stranger(reason, at),
        }
        buffer.deny(secret, DenialKey { reason, detail, address }, || SampledRequest {
            id,
            line: request.line(),
            at,
        });
    }

    /// Counts a question that was not understood, in a request with a genuine key.
    pub fn misunderstand(&self, mistake: String, now: Timestamp) {
        self.buffer().questions.count(mistake, now);
    }

    /// Takes the counts so far.
    pub(super) fn collect(&self) -> Buffer {
        let mut all = Buffer::default();
        for buffer in self.buffers.iter().flat_map(|buffers| &buffers.0) {
            // The buffer is unlocked before its counts are added up.
            let counted = {
                let mut current = lock(buffer);
                let next = current.empty_like();
                std::mem::replace(&mut *current, next)
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
            Err(TryLockError::WouldBlock) => lock(other),
        }
    }
}

fn lock(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}
