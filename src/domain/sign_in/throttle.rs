//! Limits how often a password, a set-up code or a one-time link may be tried.
//!
//! An attempt is reserved before any work is done, so that parallel guesses cannot bypass the limit.
//! It counts as a failure until it is known to have succeeded. Attempts are counted by account *and*
//! network, so that a stranger cannot lock a member out, and also by network only. The counts are in
//! memory, so a restart resets them. ASVS 6.3.1, 2.4.1.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::clock::{Clock, DAY, HOUR, MINUTE, SECOND, Timestamp};
use crate::base::network::Network;
use crate::base::rate::{Rate, stalest_tenth};
use crate::domain::members::MemberId;

/// Attempts per minute from one network: this many at once, then one every three seconds.
const ATTEMPTS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// Attempts on an account from one network before the first wait.
const FREE_ATTEMPTS: u32 = 5;
/// The first wait, in milliseconds. Every further attempt doubles it.
const MIN_WAIT: i64 = SECOND;
/// The maximum wait, in milliseconds.
const MAX_WAIT: i64 = 15 * MINUTE;
/// How long after the last attempt an account's failures are forgotten, in milliseconds. This is so
/// long that waiting for it has no advantage over the maximum wait.
const MEMORY: i64 = DAY;
/// How many accounts and networks are remembered. Beyond this, those whose wait ends first are
/// removed. Removing an entry only resets its count, so filling the maps does not slow down anybody
/// else.
const MAX_ENTRIES: usize = 20_000;
/// How many wrong second factors a member may enter in an hour, from all networks together. Only
/// someone who knows the password gets that far.
const SECOND_STEPS_PER_HOUR: usize = 10;
/// How far the clock may appear to go back because requests overtake each other, in milliseconds.
const JITTER: i64 = MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// After how many seconds the next attempt may succeed, at least 1. For `Retry-After`.
    pub seconds: u64,
}

impl Wait {
    fn of(time: Duration) -> Self {
        let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Self { seconds: whole.max(1) }
    }

    /// The message on the page.
    pub fn message(self) -> String {
        wait_message(self.seconds)
    }
}

/// The message for a wait of `seconds`, for example "Too many attempts. Try again in 15 minutes".
pub fn wait_message(seconds: u64) -> String {
    let (number, unit) =
        if seconds < 60 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if number == 1 { "" } else { "s" };
    format!("Too many attempts. Try again in {number} {unit}{plural}")
}

/// Permission for one attempt. Unless [`Throttle::succeeded`] or [`Throttle::not_tried`] takes it
/// back, the attempt counts as failed.
#[derive(Debug)]
pub struct Reservation {
    account: Option<Key>,
    network: Network,
    /// The account's attempts before this one.
    before: Option<Attempts>,
}

/// Permission for one attempt at a second factor. Unless [`Throttle::second_step_succeeded`] takes it
/// back, the attempt counts as failed.
#[derive(Debug)]
pub struct SecondStepReservation {
    member: MemberId,
    /// Whether the next attempt must wait if this one fails.
    pub is_last: bool,
}

type Key = (String, Network);

/// The throttle; one for the whole program.
pub struct Throttle(Mutex<State>);

struct State {
    time: Time,
    accounts: HashMap<Key, Attempts>,
    networks: Rate,
    /// When each member's second factors were tried without success, oldest first.
    second_steps: HashMap<MemberId, Vec<Timestamp>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    fn next_at(self) -> Timestamp {
        let Some(doublings) = self.count.checked_sub(FREE_ATTEMPTS) else { return self.last };
        let wait = MIN_WAIT.saturating_mul(1 << doublings.min(20));
        self.last.plus(wait.min(MAX_WAIT))
    }
}

impl Default for Throttle {
    fn default() -> Self {
        let clock = Clock::fixed(Timestamp::default());
        Self(Mutex::new(State {
            time: Time { clock: clock.clone(), skew: 0 },
            accounts: HashMap::new(),
            networks: Rate::new(clock, ATTEMPTS_PER_MINUTE, MAX_ENTRIES),
            second_steps: HashMap::new(),
        }))
    }
}

impl Throttle {
    /// Reserves an attempt from a network. It is either on `account`, the folded email address that
    /// the lookup uses, or on a code, which does not belong to an account yet. An attempt that must
    /// wait is not counted.
    pub fn reserve(
        &self,
        account: Option<&str>,
        network: impl Into<Network>,
        now: Timestamp,
    ) -> Result<Reservation, Wait> {
        let network = network.into();
        let key = account.map(|account| (account.to_owned(), network));
        let mut state = self.state();
        let now = state.time.at(now);
        let attempts = key.as_ref().and_then(|key| state.attempts(key, now));
        let wait = attempts.map_or(0, |attempts| attempts.next_at().since(now));
        if wait > 0 {
            return Err(Wait::of(Duration::from_millis(wait.unsigned_abs())));
        }
        state.networks.take(network).map_err(Wait::of)?;
        if let Some(key) = &key {
            let count = attempts.map_or(0, |attempts| attempts.count).saturating_add(1);
            state.remember(key.clone(), Attempts { count, last: now });
        }
        Ok(Reservation { account: key, network, before: attempts })
    }

    /// Reserves an attempt at a member's second factor, from any network. After
    /// [`SECOND_STEPS_PER_HOUR`] failures in an hour, each attempt waits for 15 minutes after the one
    /// before. An attempt that must wait is not counted.
    pub fn reserve_second_step(
        &self,
        member: &MemberId,
        now: Timestamp,
    ) -> Result<SecondStepReservation, Wait> {
        let mut state = self.state();
        let now = state.time.at(now);
        if state.second_steps.len() >= MAX_ENTRIES {
            state
                .second_steps
                .retain(|_, tries| tries.last().is_some_and(|last| now.since(*last) < HOUR));
        }
        let tries = state.second_steps.entry(member.clone()).or_default();
        tries.retain(|at| now.since(*at) < HOUR);
        if let Some(last) = tries.last().filter(|_| tries.len() >= SECOND_STEPS_PER_HOUR) {
            let wait = last.plus(MAX_WAIT).since(now);
            if wait > 0 {
                return Err(Wait::of(Duration::from_millis(wait.unsigned_abs())));
            }
        }
        tries.push(now);
        Ok(SecondStepReservation {
            member: member.clone(),
            is_last: tries.len() >= SECOND_STEPS_PER_HOUR,
        })
    }

    /// The second factor was right, so the member's failures are forgotten.
    pub fn second_step_succeeded(&self, reservation: &SecondStepReservation) {
        self.state().second_steps.remove(&reservation.member);
    }

    /// The password was right, but does not suffice to sign in. The network gets the attempt back;
    /// the account's failures count until the second factor is right as well.
    pub fn password_was_right(&self, reservation: &Reservation) {
        self.state().networks.give_back(reservation.network);
    }

    /// The password was not checked because too many others were waiting, so the account gets the
    /// attempt back. The network does not, so that it cannot make more requests than usual.
    pub fn not_tried(&self, reservation: Reservation) {
        let (Some(key), before) = (reservation.account, reservation.before) else { return };
        let mut state = self.state();
        let Some(now) = state.accounts.get_mut(&key) else { return };
        match before {
            Some(before) if now.count == before.count.saturating_add(1) => *now = before,
            // There were concurrent attempts.
            _ => now.count = now.count.saturating_sub(1),
        }
        if now.count == 0 {
            state.accounts.remove(&key);
        }
    }

    /// The attempt succeeded. The account's failures from that network are forgotten, and the
    /// network gets the attempt back, so that an office that shares one address is not slowed down.
    pub fn succeeded(&self, reservation: Reservation) {
        let mut state = self.state();
        state.networks.give_back(reservation.network);
        if let Some(key) = reservation.account {
            state.accounts.remove(&key);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn attempts(&self, key: &Key, now: Timestamp) -> Option<Attempts> {
        self.accounts.get(key).copied().filter(|attempts| now.since(attempts.last) < MEMORY)
    }

    fn remember(&mut self, key: Key, attempts: Attempts) {
        if self.accounts.len() >= MAX_ENTRIES && !self.accounts.contains_key(&key) {
            // Entries with the longest waits stay, so that a stranger cannot end a wait by filling
            // the map from other networks.
            let ends = self.accounts.values().map(|attempts| attempts.next_at());
            let soonest = stalest_tenth(ends.collect());
            self.accounts.retain(|_, attempts| attempts.next_at() > soonest);
        }
        self.accounts.insert(key, attempts);
    }
}

/// The throttle's own time. It follows the program's clock but never goes back, so that setting the
/// clock back does not lengthen a wait.
struct Time {
    clock: Clock,
    skew: i64,
}

impl Time {
    fn at(&mut self, now: Timestamp) -> Timestamp {
        let ahead = now.plus(self.skew).since(self.clock.now());
        if ahead < -JITTER {
            self.skew -= ahead;
        }
        self.clock.advance(ahead.max(0));
        self.clock.now()
    }
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
