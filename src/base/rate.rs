//! The rate of attempts from one network, whatever they are for. Uses governor with our own clock
//! and store, so that callers control the time and memory is bounded.
//!
//! Does not depend on any feature.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

use crate::base::clock::Clock;
use crate::base::network::Network;

/// Counts attempts by network.
pub struct Rate {
    quota: Quota,
    limiter: RateLimiter<Network, Recent, Watch, NoOpMiddleware<Duration>>,
    recent: Recent,
    watch: Watch,
}

impl Rate {
    /// Allows `a_minute` attempts a minute from each network: all of them at once, then one at a
    /// time as they are replenished. Time comes from `clock`; at most `most` networks are
    /// remembered.
    pub fn new(clock: Clock, a_minute: NonZeroU32, most: usize) -> Self {
        let watch = Watch(clock);
        let recent = Recent { times: Arc::default(), most };
        let quota = Quota::per_minute(a_minute);
        let limiter = RateLimiter::new(quota, recent.clone(), watch.clone());
        Self { quota, limiter, recent, watch }
    }

    /// Takes one of the network's attempts.
    pub fn take(&self, network: Network) -> Result<(), Duration> {
        self.limiter.check_key(&network).map_err(|until| until.wait_time_from(self.watch.now()))
    }

    /// Returns an attempt that turned out not to be a guess.
    pub fn give_back(&self, network: Network) {
        let share = Nanos::from(self.quota.replenish_interval());
        if let Some(time) = self.recent.times().get_mut(&network) {
            *time = time.saturating_sub(share);
        }
    }
}

/// The program's clock in governor's form: the time since 1970.
#[derive(Clone)]
struct Watch(Clock);

impl governor::clock::Clock for Watch {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().millis()).unwrap_or(0))
    }
}

/// When all attempts of each network will have been replenished. When there are too many networks,
/// those closest to that time are dropped first.
#[derive(Clone)]
struct Recent {
    times: Arc<Mutex<HashMap<Network, Nanos>>>,
    most: usize,
}

impl Recent {
    fn times(&self) -> MutexGuard<'_, HashMap<Network, Nanos>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Recent {
    type Key = Network;

    fn measure_and_replace<T, F, E>(&self, network: &Network, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut times = self.times();
        let known = times.get(network).copied();
        let (outcome, time) = f(known)?;
        if known.is_none() && times.len() >= self.most {
            let limit = stalest_tenth(times.values().copied().collect());
            times.retain(|_, time| *time > limit);
        }
        times.insert(*network, time);
        Ok(outcome)
    }
}

/// The greatest value of the smallest tenth of `values`: entries up to it are dropped to make room.
pub fn stalest_tenth<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    let tenth = values.len() / 10;
    if values.is_empty() { T::default() } else { *values.select_nth_unstable(tenth).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{SECOND, Timestamp};
    use std::net::IpAddr;

    const TWENTY: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);

    #[test]
    fn twenty_at_once_and_then_one_every_three_seconds() {
        let clock = Clock::fixed(Timestamp::from_millis(1_795_000_000_000));
        let rate = Rate::new(clock.clone(), TWENTY, 10);
        let network = Network::from(IpAddr::from([192, 0, 2, 1]));
        (0..20).for_each(|_| assert_eq!(rate.take(network), Ok(())));
        assert_eq!(rate.take(network), Err(Duration::from_secs(3)));
        clock.advance(3 * SECOND);
        assert_eq!(rate.take(network), Ok(()));
        assert_eq!(rate.take(network), Err(Duration::from_secs(3)));
    }

    #[test]
    fn an_attempt_given_back_can_be_taken_again() {
        let clock = Clock::fixed(Timestamp::from_millis(1_795_000_000_000));
        let rate = Rate::new(clock, TWENTY, 10);
        let network = Network::from(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..100 {
            assert_eq!(rate.take(network), Ok(()));
            rate.give_back(network);
        }
        (0..20).for_each(|_| assert_eq!(rate.take(network), Ok(())));
        assert!(rate.take(network).is_err());
    }

    #[test]
    fn the_networks_closest_to_a_full_quota_are_dropped_first() {
        let recent = Recent { times: Arc::default(), most: 20 };
        for n in 0..30_u8 {
            let network = Network::from(IpAddr::from([192, 0, 2, n]));
            let outcome = recent.measure_and_replace(&network, |known| {
                assert_eq!(known, None);
                Ok::<_, ()>(((), Nanos::new(n.into())))
            });
            assert_eq!(outcome, Ok(()));
        }
        let times = recent.times();
        assert!(times.len() <= 20, "{}", times.len());
        assert!(times.contains_key(&IpAddr::from([192, 0, 2, 29]).into()));
        assert!(!times.contains_key(&IpAddr::from([192, 0, 2, 0]).into()));
    }
}
