//! Which connections a listener has, how many it may have, and which are closed to make room.
//!
//! Strangers can open connections at will. So a connection counts against its network until it
//! shows a genuine key or session, and when a limit is reached those are closed first that have
//! taken longest to finish a request. ASVS 15.2.2.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::{Connection, Phase};
use super::ending::Ending;
use crate::base::network::Network;

/// How often connections are checked, and how exactly their times are known.
pub(super) const TICK: Duration = Duration::from_millis(250);
const TICKS_A_SECOND: u32 = 4;

/// For how long the head of a request may arrive, in seconds.
pub(super) const HEAD: u32 = 10;
/// For how much longer than that a connection is kept, so that actix can answer 408 first.
const HEAD_GRACE: u32 = 2;
/// For how long a connection is kept open between requests, in seconds. Gateways keep idle ones for up
/// to 60 seconds, and what they send into one that is being closed is lost.
pub(super) const IDLE: u32 = 75;
/// The same while it has shown no genuine key or session, and half of the room is taken.
const STRANGER_IDLE: u32 = 5;
/// For how long a client may take nothing of an answer that waits for it, in seconds.
const STALLED: u32 = 30;
/// For how long the rest of a body may arrive after its request was answered, in seconds.
const DRAINING: u32 = 2;
/// After how many seconds an answer that nobody takes may be given up to make room.
const SLOW: u32 = 5;
/// For how many seconds a request may arrive before it has to make room first.
const PROMPT: u32 = 1;

/// How often a connection without a place looks for one, and how many times.
const LOOK: Duration = Duration::from_millis(25);
const LOOKS: u32 = 40;

/// How many connections a listener may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub total: usize,
    /// From one network (/32 or /64), of those that have shown no genuine key or session.
    pub strangers_per_network: usize,
}

impl Limits {
    /// The limits of a listener that may have `total` connections: a network of strangers gets a
    /// quarter of them.
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
    /// Connections that were closed to make room, and such that found none.
    closed: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct State {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
    /// How many of them are about to be closed.
    closing: usize,
    /// How many of each network have shown no genuine key or session, and are not about to be closed.
    strangers: HashMap<Network, usize>,
}

/// A place among the connections, given back when it is dropped.
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
            refused: AtomicU64::new(0),
        })
    }

    /// Whether connections close after the answers that they carry now.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.has_begun()
    }

    /// The time in ticks, as of the last look.
    pub(super) fn now(&self) -> u32 {
        self.now.load(Relaxed)
    }

    /// Makes a place for a connection from `peer`; `None` when everything that could be closed for
    /// it is new or has shown a genuine key or session.
    pub(super) fn admit(self: &Arc<Self>, peer: Network) -> Option<Place> {
        let mut state = self.state();
        let has_room = (state.strangers_of(peer) < self.limits.strangers_per_network
            || self.close_one(&mut state, Some(peer))
            || state.is_any_beginning(peer))
            && (state.open.len() - state.closing < self.limits.total
                || self.close_one(&mut state, None));
        if !has_room {
            return None;
        }
        let connection = Arc::new(Connection::new(peer, Arc::clone(self)));
        state.next += 1;
        let number = state.next;
        state.open.insert(number, Arc::clone(&connection));
        *state.strangers.entry(peer).or_default() += 1;
        self.ending.opened();
        Some(Place { number, connection })
    }

    /// Makes a place for a connection that found none at once: waits for as long as others are new,
    /// since the workers may only not have come to them. A network with all its share does not wait: it
    /// would keep others from being accepted.
    pub(super) async fn admit_later(self: &Arc<Self>, peer: Network) -> Option<Place> {
        for _ in 0..LOOKS {
            if !self.may_wait(peer) {
                break;
            }
            tokio::time::sleep(LOOK).await;
            let place = self.admit(peer);
            if place.is_some() {
                return place;
            }
        }
        self.refused.fetch_add(1, Relaxed);
        None
    }

    fn may_wait(&self, peer: Network) -> bool {
        let state = self.state();
        let has_share = state.strangers_of(peer) < self.limits.strangers_per_network
            || state.is_any_beginning(peer);
        has_share && state.open.values().any(|open| is_new(open))
    }

    /// Closes the connection that is missed least: requests that do not arrive and answers that are
    /// not taken, the oldest first, then connections of strangers between requests, then bodies and at
    /// last heads that have just begun to arrive.
    fn close_one(&self, state: &mut State, of: Option<Network>) -> bool {
        let candidates = state.open.values().filter(|connection| {
            !connection.is_closing() && of.is_none_or(|network| network == connection.peer)
        });
        let ranked = candidates.filter_map(|connection| {
            let age = connection.age();
            let rank = match connection.phase() {
                _ if connection.is_genuine() || is_new(connection) => return None,
                Phase::Head | Phase::Body if age >= PROMPT * TICKS_A_SECOND => 3,
                Phase::Answering if age >= SLOW * TICKS_A_SECOND => 3,
                Phase::Draining => 3,
                Phase::Idle if !connection.is_known() => 2,
                // A request that began just now may turn out to be a genuine one, the more so while
                // nothing of it is here: gateways connect first, and send a moment later.
                Phase::Body => 1,
                // A network may have more than its share while its requests begin.
                Phase::Head if of.is_none() => 0,
                _ => return None,
            };
            // An unknown network's connections give way to each other only.
            (of.is_none() || !connection.is_known()).then_some(((rank, age), connection))
        });
        let Some((_, victim)) = ranked.max_by_key(|(rank, _)| *rank) else { return false };
        let victim = Arc::clone(victim);
        self.closed.fetch_add(1, Relaxed);
        state.close(&victim);
        true
    }

    /// `connection` has shown a genuine key or session for the first time.
    pub(super) fn became_known(&self, connection: &Connection) {
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

    /// Lets a tick pass, and closes what has taken too long.
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

    /// How many connections there are.
    pub(super) fn count(&self) -> usize {
        self.state().open.len()
    }

    /// How many were closed to make room, and how many found none, since the last time.
    pub(super) fn take_pressure(&self) -> (u64, u64) {
        (self.closed.swap(0, Relaxed), self.refused.swap(0, Relaxed))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the request may be there already, and its worker has only not come to it: when many connect
/// at once, all are accepted before the first is read from.
fn is_new(connection: &Connection) -> bool {
    connection.is_unread() && connection.age() < PROMPT * TICKS_A_SECOND
}

/// Whether a request may be about to arrive, which takes a moment even of a gateway.
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
        // The reader of bodies has a limit of its own, and work ends by itself.
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

    /// Takes `connection` out of its network's count of strangers, once.
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
