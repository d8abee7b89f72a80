//! One connection: what it is doing, since when, and whether its client is known.
//!
//! Written by the worker that serves it, read by whoever has to make room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

use actix_web::HttpRequest;
use tokio::sync::Notify;

use super::registry::Registry;
use crate::base::network::Network;

/// How many bytes of answers may wait for a client before its next request is looked at.
const ANSWERS_WAITING: usize = 64 * 1024;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// The head of a request is expected or arriving.
    Head,
    /// The body of a request is arriving.
    Body,
    /// A request is being answered.
    Working,
    /// An answer is on its way to the client.
    Answering,
    /// A request was answered before all of its body had arrived.
    Draining,
    Idle,
}

impl Phase {
    const ALL: [Self; 6] =
        [Self::Head, Self::Body, Self::Working, Self::Answering, Self::Draining, Self::Idle];
}

/// A connection that was admitted. Handlers get it with [`Connection::of`].
pub struct Connection {
    pub(super) peer: Network,
    pub(super) registry: Arc<Registry>,
    phase: AtomicU8,
    /// When the phase began or last made progress, in ticks of the registry's clock.
    since: AtomicU32,
    /// Whether its worker has found nothing to read yet, so that the client has to send more.
    is_awaited: AtomicBool,
    /// Whether any request so far has shown a genuine key or session.
    is_known: AtomicBool,
    /// Whether the present request has.
    is_genuine: AtomicBool,
    /// Bytes of answers that the client has not taken yet; an estimate, since heads are not counted.
    waiting: AtomicUsize,
    /// Requests whose answers are not complete.
    active: AtomicUsize,
    /// Whether the present request has a body in chunks of which nobody has read the end.
    has_body_left: AtomicBool,
    /// Whether a request waits until the client takes answers.
    is_held_back: AtomicBool,
    /// Whether it counts as one of its network's strangers; changed under the registry's lock.
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

    /// The connection that `request` came by; `None` where a test calls a handler without one.
    pub fn of(request: &HttpRequest) -> Option<&Arc<Self>> {
        request.conn_data::<Arc<Self>>()
    }

    /// The present request shows a genuine key or session: the connection is not closed before its
    /// answer, and from now on it is kept open longer and no longer counts against its network.
    pub fn show_genuine(&self) {
        self.is_genuine.store(true, Relaxed);
        if !self.is_known.load(Relaxed) && !self.is_known.swap(true, Relaxed) {
            self.registry.became_known(self);
        }
    }

    /// The body of the present request was read to its end.
    pub fn read_body(&self) {
        self.has_body_left.store(false, Relaxed);
    }

    /// The body of the present request is being read, as long as the answer lives.
    pub fn reading_body(&self) -> ReadingBody<'_> {
        self.enter(Phase::Body);
        ReadingBody(self)
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::ALL.get(usize::from(self.phase.load(Relaxed))).copied().unwrap_or(Phase::Idle)
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.registry.now(), Relaxed);
    }

    /// For how many ticks nothing has happened in the present phase.
    pub(super) fn age(&self) -> u32 {
        self.registry.now().saturating_sub(self.since.load(Relaxed))
    }

    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Relaxed)
    }

    pub(super) fn is_genuine(&self) -> bool {
        self.is_genuine.load(Relaxed)
    }

    /// The client has sent nothing more for now.
    pub(super) fn await_client(&self) {
        self.is_awaited.store(true, Relaxed);
    }

    /// Whether the worker may not have looked at what the client has sent.
    pub(super) fn is_unread(&self) -> bool {
        !self.is_awaited.load(Relaxed)
    }

    /// Bytes came from the client; says whether a request begins with them.
    pub(super) fn received(&self) -> bool {
        let is_new = self.phase() == Phase::Idle;
        if is_new {
            self.enter(Phase::Head);
        }
        is_new
    }

    /// A request's head is complete; says whether it may be answered now.
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

    /// An answer begins, of which `bytes` are known to come.
    pub(super) fn answer(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
        self.enter(Phase::Answering);
    }

    pub(super) fn end_request(&self) {
        self.active.fetch_sub(1, Relaxed);
    }

    /// The client took a part of an answer.
    pub(super) fn progressed(&self) {
        if self.phase() == Phase::Answering {
            self.since.store(self.registry.now(), Relaxed);
        }
    }

    /// The client took everything that was written so far; says whether a request was held back.
    pub(super) fn drained(&self) -> bool {
        self.waiting.store(0, Relaxed);
        if self.phase() == Phase::Answering && self.active.load(Relaxed) == 0 {
            self.is_genuine.store(false, Relaxed);
            let is_left = self.has_body_left.load(Relaxed);
            self.enter(if is_left { Phase::Draining } else { Phase::Idle });
        }
        self.is_held_back.swap(false, Relaxed)
    }

    /// Closes the connection as soon as its worker looks at it; says whether that is new.
    pub(super) fn close(&self) -> bool {
        let is_new = !self.is_closing.swap(true, Relaxed);
        if is_new {
            self.closed.notify_one();
        }
        is_new
    }

    /// No longer counts it as a stranger; says whether that is new.
    pub(super) fn stop_counting(&self) -> bool {
        self.is_counted.swap(false, Relaxed)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }
}

/// As long as it lives, the connection's request counts as unfinished.
pub struct ReadingBody<'a>(&'a Connection);

impl Drop for ReadingBody<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Working);
    }
}
