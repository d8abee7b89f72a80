//! The connections of a listener: their limits, and which are closed to make room.
//!
//! Anyone can open connections. So a connection counts against its network until it sends a valid
//! key or session, and at a limit, those that have taken longest to finish a request are closed
//! first. ASVS 15.2.2.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Phase};
use super::ending::Ending;
use crate::base::network::Network;

/// The interval between checks of connections, and the precision of their times.
pub(super) const TICK: Duration = Duration::from_millis(250);
const TICKS_A_SECOND: u32 = 4;

/// How long the head of a request may take, in seconds.
pub(super) const HEAD: u32 = 10;
/// How much longer a connection is kept, so that actix can answer 408 first.
const HEAD_GRACE: u32 = 2;
/// How long a connection is kept open between requests, in seconds. Gateways keep idle ones for up
/// to 60 seconds, and lose what they send into one that is closing.
pub(super) const IDLE: u32 = 75;
/// [`IDLE`] for a connection without a valid key or session, while half of the places are taken.
const STRANGER_IDLE: u32 = 5;
/// How long a client may read nothing of a response that waits for it, in seconds.
const STALLED: u32 = 30;
/// How long the rest of a body may take after its request was answered, in seconds.
const DRAINING: u32 = 2;
/// The number of seconds after which a response that the client does not read may be dropped to
/// make room.
const SLOW: u32 = 5;
/// The number of seconds after which an incomplete request is closed first to make room.
const PROMPT: u32 = 1;

/// The interval at which a connection without a place tries again, and for how long it does.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How many connections a listener may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub total: usize,
    /// From one network (/32 or /64), of connections that have not sent a valid key or session.
    pub strangers_per_network: usize,
}

impl Limits {
    /// The limits of a listener with at most `total` connections: unknown clients of one network
    /// get a quarter of them.
    pub fn of(total: usize) -> Self {
        Self { total, strangers_per_network: (total / 4).max(1) }
    }
}

/// The connections of one listener.
pub struct Registry {
    limits: Limits,
    ending: Ending,
    now: AtomicU32,
    state: Mutex<State>,
    /// Connections that were closed to make room, and connections that found no place.
    closed: AtomicU64,
    rejected: AtomicU64,
}

#[derive(Default)]
struct State {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
    /// How many of them are closing.
    closing: usize,
    /// For each network, the number of connections without a valid key or session that are not
    /// closing.
    strangers: HashMap<Network, usize>,
}

/// Why there is no place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// Others have not been read from yet, and may make room once they have been.
    Yet,
    /// Every connection is in use, or its network uses its whole share.
    Left,
}

/// A place among the connections, released when it is dropped.
pub(super) struct Place {
    number: u64,
    pub connection: Arc<Connection>,
}

impl Registry {
    pub(super) fn new(limits: Limits, ending: Ending) -> Arc<Self> {
        Arc::new(Self {
            limits,
            ending,
            now: AtomicU32::new(0),
            state: Mutex::default(),
            closed: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        })
    }

    /// Whether connections close after their current responses.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.has_begun()
    }

    /// The time in ticks at the last check.
    pub(super) fn now(&self) -> u32 {
        self.now.load(Relaxed)
    }

    /// Makes a place for a connection from `peer`, if no connection that is new or has sent a valid
    /// key or session must be closed for it.
    ///
    /// Whether it is worth trying again is decided together with that: a moment later, nothing may
    /// be new any more, and there would be a place.
    pub(super) fn admit(self: &Arc<Self>, peer: Network) -> Result<Place, NoPlace> {
        let mut state = self.state();
        let has_share = state.strangers_of(peer) < self.limits.strangers_per_network
            || self.close_one(&mut state, Some(peer))
            || state.is_any_beginning(peer);
        // A network that uses its whole share does not wait: it would keep others from being
        // accepted.
        if !has_share {
            return Err(NoPlace::Left);
        }
        let has_room = state.open.len() - state.closing < self.limits.total
            || self.close_one(&mut state, None);
        if !has_room {
            let is_any_new = state.open.values().any(|open| open.is_unread());
            return Err(if is_any_new { NoPlace::Yet } else { NoPlace::Left });
        }
        let connection = Arc::new(Connection::new(peer, Arc::clone(self)));
        state.next += 1;
        let number = state.next;
        state.open.insert(number, Arc::clone(&connection));
        *state.strangers.entry(peer).or_default() += 1;
        self.ending.opened();
        Ok(Place { number, connection })
    }

    /// Tries again while the workers have not read from other connections yet, after a first
    /// attempt gave `first`.
    pub(super) async fn admit_later(
        self: &Arc<Self>,
        peer: Network,
        first: Result<Place, NoPlace>,
    ) -> Option<Place> {
        let mut attempt = first;
        let began = Instant::now();
        while matches!(attempt, Err(NoPlace::Yet)) && began.elapsed() < MAX_WAIT {
            tokio::time::sleep(RETRY_INTERVAL).await;
            attempt = self.admit(peer);
        }
        if attempt.is_err() {
            self.rejected.fetch_add(1, Relaxed);
        }
        attempt.ok()
    }

    /// Closes the least useful connection: first incomplete requests and unread responses, the
    /// oldest first, then idle connections of unknown clients, then bodies, and finally heads that
    /// have just started to arrive.
    fn close_one(&self, state: &mut State, of: Option<Network>) -> bool {
        let candidates = state.open.values().filter(|connection| {
            !connection.is_closing() && of.is_none_or(|network| network == connection.peer)
        });
        let ranked = candidates.filter_map(|connection| {
            let age = connection.age();
            let rank = match connection.phase() {
                _ if connection.is_genuine() || connection.is_unread() => return None,
                Phase::Head | Phase::Body if age >= PROMPT * TICKS_A_SECOND => 3,
                Phase::Answering if age >= SLOW * TICKS_A_SECOND => 3,
                Phase::Draining => 3,
                Phase::Idle if !connection.is_known() => 2,
                // A request that has just started may turn out to be valid, especially before any
                // of it has arrived: gateways connect first, and send a moment later.
                Phase::Body => 1,
                // A network may exceed its share while its requests start.
                Phase::Head if of.is_none() => 0,
                _ => return None,
            };
            // The connections of an unknown network are closed only for each other.
            (of.is_none() || !connection.is_known()).then_some(((rank, age), connection))
        });
        let Some((_, victim)) = ranked.max_by_key(|(rank, _)| *rank) else { return false };
        let victim = Arc::clone(victim);
        self.closed.fetch_add(1, Relaxed);
        state.close(&victim);
        true
    }

    /// Records that `connection` has sent a valid key or session for the first time.
    pub(super) fn mark_known(&self, connection: &Connection) {
        self.state().stop_counting(connection);
    }

    fn leave(&self, place: &Place) {
        let mut state = self.state();
        state.open.remove(&place.number);
        if place.connection.is_closing() {
            state.closing -= 1;
        }
        state.stop_counting(&place.connection);
    }

    /// Advances the clock by a tick, and closes connections that have taken too long.
    pub(super) fn tick(&self) {
        self.now.fetch_add(1, Relaxed);
        let mut state = self.state();
        let is_crowded = state.open.len() > self.limits.total / 2;
        let late: Vec<_> =
            state.open.values().filter(|open| is_late(open, is_crowded)).cloned().collect();
        for connection in late {
            state.close(&connection);
        }
    }

    /// The number of connections.
    pub(super) fn count(&self) -> usize {
        self.state().open.len()
    }

    /// How many were closed to make room, and how many found no place, since the last call.
    pub(super) fn take_pressure(&self) -> (u64, u64) {
        (self.closed.swap(0, Relaxed), self.rejected.swap(0, Relaxed))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request may be about to arrive, which takes a moment even for a gateway.
fn is_beginning(connection: &Connection) -> bool {
    connection.phase() == Phase::Head && connection.age() < PROMPT * TICKS_A_SECOND
}

fn is_late(connection: &Connection, is_crowded: bool) -> bool {
    let seconds = match connection.phase() {
        Phase::Head => HEAD + HEAD_GRACE,
        Phase::Idle if is_crowded && !connection.is_known() => STRANGER_IDLE,
        Phase::Idle => IDLE,
        Phase::Answering => STALLED,
        Phase::Draining => DRAINING,
        // The body reader has its own limit, and processing ends by itself.
        Phase::Body | Phase::Working => return false,
    };
    connection.age() > seconds * TICKS_A_SECOND
}

impl State {
    fn strangers_of(&self, peer: Network) -> usize {
        self.strangers.get(&peer).copied().unwrap_or(0)
    }

    /// Whether a network has a connection whose request may be about to arrive.
    fn is_any_beginning(&self, peer: Network) -> bool {
        self.open.values().any(|open| open.peer == peer && is_beginning(open))
    }

    fn close(&mut self, connection: &Connection) {
        if connection.close() {
            self.closing += 1;
            self.stop_counting(connection);
        }
    }

    /// Removes `connection` from its network's count of unknown clients, once.
    fn stop_counting(&mut self, connection: &Connection) {
        if connection.stop_counting()
            && let Entry::Occupied(mut count) = self.strangers.entry(connection.peer)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connection.registry.leave(self);
        self.connection.registry.ending.closed();
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
