//! The queue of passwords that wait to be hashed. One lane is for everybody, and one is for browsers
//! and networks that members have signed in from, so that a flood of requests from strangers does
//! not block members.
//!
//! The lanes are served in turn, so neither starves. The lane depends only on the requester, never
//! on the account that the request names.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::hasher::Busy;
use crate::base::network::Network;
use crate::domain::members::MemberId;

/// How many passwords may wait in each lane, in addition to those that are being hashed.
const LANE_LENGTH: usize = 16;
/// How many places in a lane one requester may occupy: as many as an account's free attempts.
const PLACES_EACH: usize = 5;

/// The origin of a request to hash a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requester {
    /// A network that nobody has signed in from recently.
    UnknownNetwork(Network),
    /// A network that somebody has signed in from recently.
    KnownNetwork(Network),
    /// A browser that a member has signed in with, by the id in its cookie.
    KnownBrowser(String),
    /// A member with a session, or a person with a valid link for that member's account.
    Member(MemberId),
    /// A person with a valid set-up code.
    SetUp,
}

impl Requester {
    fn is_known(&self) -> bool {
        !matches!(self, Self::UnknownNetwork(_))
    }
}

/// A bounded queue with two lanes.
pub(super) struct Queue<Job> {
    state: Mutex<State<Job>>,
    changed: Condvar,
}

struct State<Job> {
    known: Lane<Job>,
    general: Lane<Job>,
    /// Whether the last job came from the known lane.
    was_known: bool,
    is_closed: bool,
}

type Lane<Job> = VecDeque<(Requester, Job)>;

impl<Job> Default for Queue<Job> {
    fn default() -> Self {
        let (known, general) = (Lane::new(), Lane::new());
        let state = State { known, general, was_known: false, is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<Job> Queue<Job> {
    /// Adds a job to the requester's lane.
    pub(super) fn push(&self, requester: Requester, job: Job) -> Result<(), Busy> {
        let mut state = self.state();
        let lane = if requester.is_known() { &mut state.known } else { &mut state.general };
        let held = lane.iter().filter(|(other, _)| *other == requester).count();
        if lane.len() >= LANE_LENGTH || held >= PLACES_EACH {
            return Err(Busy);
        }
        lane.push_back((requester, job));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job; `None` once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.next() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends every [`Queue::pop`] that would have to wait.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<Job>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Job> State<Job> {
    fn next(&mut self) -> Option<Job> {
        let is_known = !self.known.is_empty() && (self.general.is_empty() || !self.was_known);
        let lane = if is_known { &mut self.known } else { &mut self.general };
        let (_, job) = lane.pop_front()?;
        self.was_known = is_known;
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn network(last: u8) -> Network {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn unknown_network(last: u8) -> Requester {
        Requester::UnknownNetwork(network(last))
    }

    #[test]
    fn a_flood_from_many_networks_leaves_the_known_lane_free() {
        let queue = Queue::default();
        let admitted = (0..48).filter(|n| queue.push(unknown_network(*n), ()).is_ok()).count();
        assert_eq!(admitted, LANE_LENGTH);
        assert_eq!(queue.push(unknown_network(200), ()), Err(Busy));
        for known in [
            Requester::KnownNetwork(network(1)),
            Requester::KnownBrowser("a".into()),
            Requester::Member(MemberId::stored("mem_1".into())),
            Requester::SetUp,
        ] {
            assert_eq!(queue.push(known, ()), Ok(()));
        }
    }

    #[test]
    fn one_requester_cannot_fill_a_lane() {
        for requester in [unknown_network(1), Requester::KnownNetwork(network(1))] {
            let queue = Queue::default();
            let admitted = (0..48).filter(|_| queue.push(requester.clone(), ()).is_ok()).count();
            assert_eq!(admitted, PLACES_EACH);
            assert_eq!(queue.push(unknown_network(2), ()), Ok(()));
            assert_eq!(queue.push(Requester::KnownNetwork(network(2)), ()), Ok(()));
        }
    }

    #[test]
    fn the_lanes_are_served_in_turn_and_each_in_order() {
        let queue = Queue::default();
        for n in 0..4 {
            assert_eq!(queue.push(unknown_network(n), format!("stranger {n}")), Ok(()));
        }
        for n in 0..2 {
            let known = Requester::KnownBrowser(n.to_string());
            assert_eq!(queue.push(known, format!("known {n}")), Ok(()));
        }
        queue.close();
        let served: Vec<String> = std::iter::from_fn(|| queue.pop()).collect();
        let expected =
            ["known 0", "stranger 0", "known 1", "stranger 1", "stranger 2", "stranger 3"];
        assert_eq!(served, expected);
    }

    #[test]
    fn places_are_free_again_once_served() {
        let queue = Queue::default();
        (0..PLACES_EACH).for_each(|_| assert_eq!(queue.push(unknown_network(1), ()), Ok(())));
        assert_eq!(queue.push(unknown_network(1), ()), Err(Busy));
        assert_eq!(queue.pop(), Some(()));
        assert_eq!(queue.push(unknown_network(1), ()), Ok(()));
    }
}
