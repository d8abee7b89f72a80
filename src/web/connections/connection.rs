//! One connection: its current phase, since when, and whether its client is known.
//!
//! The worker that serves it writes the state; the registry reads it when it must close
//! connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

use actix_web::HttpRequest;
use tokio::sync::Notify;

use super::registry::Registry;
use crate::base::network::Network;

/// How many bytes of responses may wait for a client before its next request is processed.
const ANSWERS_WAITING: usize = 64 * 1024;

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Waiting for or receiving the head of a request.
    Head,
    /// Receiving the body of a request.
    Body,
    /// Processing a request.
    Working,
    /// Sending a response to the client.
    Answering,
    /// A request was answered before its whole body arrived.
    Draining,
    Idle,
}

impl Phase {
    const ALL: [Self; 6] =
        [Self::Head, Self::Body, Self::Working, Self::Answering, Self::Draining, Self::Idle];
}

/// An admitted connection. Handlers get it with [`Connection::of`].
pub struct Connection {
    pub(super) peer: Network,
    pub(super) registry: Arc<Registry>,
    phase: AtomicU8,
    /// When the phase started or last made progress, in ticks of the registry's clock.
    since: AtomicU32,
    /// Whether its worker has found nothing to read, so that the client must send more.
    is_awaited: AtomicBool,
    /// Whether any request so far has contained a valid key or session.
    is_known: AtomicBool,
    /// Whether the current request contains one.
    is_genuine: AtomicBool,
    /// Bytes of responses that the client has not received yet; an estimate, since heads are not
    /// counted.
    waiting: AtomicUsize,
    /// The number of requests with incomplete responses.
    active: AtomicUsize,
    /// Whether the current request has a chunked body that has not been read to its end.
    has_body_left: AtomicBool,
    /// Whether a request waits until the client receives responses.
    is_held_back: AtomicBool,
    /// Whether it counts as an unknown client of its network; changed under the registry's lock.
    is_counted: AtomicBool,
    is_closing: AtomicBool,
    closed: Notify,
}

impl Connection {
    pub(super) fn new(peer: Network, registry: Arc<Registry>) -> Self {
        let now = registry.now();
        Self {
            peer,
            registry,
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU32::new(now),
            is_awaited: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            is_genuine: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            has_body_left: AtomicBool::new(false),
            is_held_back: AtomicBool::new(false),
            is_counted: AtomicBool::new(true),
            is_closing: AtomicBool::new(false),
            closed: Notify::new(),
        }
    }

    /// The connection of `request`; `None` if a test calls a handler without one.
    pub fn of(request: &HttpRequest) -> Option<&Arc<Self>> {
        request.conn_data::<Arc<Self>>()
    }

    /// Records that the current request contains a valid key or session: the connection is not
    /// closed before its response, is kept open longer from now on, and no longer counts against
    /// its network.
    pub fn mark_genuine(&self) {
        self.is_genuine.store(true, Relaxed);
        if !self.is_known.load(Relaxed) && !self.is_known.swap(true, Relaxed) {
            self.registry.mark_known(self);
        }
    }

    /// Records that the body of the current request was read to its end.
    pub fn read_body(&self) {
        self.has_body_left.store(false, Relaxed);
    }

    /// Records that the body of the current request is being read, for as long as the result lives.
    pub fn reading_body(&self) -> BodyGuard<'_> {
        self.enter(Phase::Body);
        BodyGuard(self)
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::ALL.get(usize::from(self.phase.load(Relaxed))).copied().unwrap_or(Phase::Idle)
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.registry.now(), Relaxed);
    }

    /// How many ticks ago the current phase last made progress.
    pub(super) fn age(&self) -> u32 {
        self.registry.now().saturating_sub(self.since.load(Relaxed))
    }

    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Relaxed)
    }

    pub(super) fn is_genuine(&self) -> bool {
        self.is_genuine.load(Relaxed)
    }

    /// Records that the worker has read what the client has sent, or waits until the client reads.
    pub(super) fn await_client(&self) {
        self.is_awaited.store(true, Relaxed);
    }

    /// Whether a request may have arrived without being read yet: when many clients connect at once,
    /// all are accepted before the first is read.
    pub(super) fn is_unread(&self) -> bool {
        !self.is_awaited.load(Relaxed)
    }

    /// Records bytes from the client; returns whether they start a request.
    pub(super) fn received(&self) -> bool {
        let is_new = self.phase() == Phase::Idle;
        if is_new {
            self.enter(Phase::Head);
        }
        is_new
    }

    /// Records a complete head of a request; returns whether it may be processed now.
    pub(super) fn may_answer(&self) -> bool {
        let may = self.waiting.load(Relaxed) < ANSWERS_WAITING;
        if !may {
            self.is_held_back.store(true, Relaxed);
        }
        may
    }

    pub(super) fn begin_request(&self, has_chunked_body: bool) {
        self.active.fetch_add(1, Relaxed);
        self.has_body_left.store(has_chunked_body, Relaxed);
        self.is_genuine.store(false, Relaxed);
        self.phase.store(Phase::Working as u8, Relaxed);
    }

    /// Records the start of a response with `bytes` known bytes.
    pub(super) fn answer(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
        self.enter(Phase::Answering);
    }

    pub(super) fn end_request(&self) {
        self.active.fetch_sub(1, Relaxed);
    }

    /// Records that the client received part of a response.
    pub(super) fn progressed(&self) {
        if self.phase() == Phase::Answering {
            self.since.store(self.registry.now(), Relaxed);
        }
    }

    /// Records that everything written was sent; returns whether a request was held back.
    pub(super) fn drained(&self) -> bool {
        self.waiting.store(0, Relaxed);
        if self.phase() == Phase::Answering && self.active.load(Relaxed) == 0 {
            self.is_genuine.store(false, Relaxed);
            let is_left = self.has_body_left.load(Relaxed);
            self.enter(if is_left { Phase::Draining } else { Phase::Idle });
        }
        self.is_held_back.swap(false, Relaxed)
    }

    /// Closes the connection as soon as its worker runs; returns whether it was not closing before.
    pub(super) fn close(&self) -> bool {
        let is_new = !self.is_closing.swap(true, Relaxed);
        if is_new {
            self.closed.notify_one();
        }
        is_new
    }

    /// Stops counting it as an unknown client; returns whether it was counted before.
    pub(super) fn stop_counting(&self) -> bool {
        self.is_counted.swap(false, Relaxed)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    /// Waits until the connection must close.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }
}

/// While this value lives, the body of the connection's request is being read.
pub struct BodyGuard<'a>(&'a Connection);

impl Drop for BodyGuard<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Working);
    }
}
