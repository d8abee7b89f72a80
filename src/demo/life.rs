//! When a key was created, rotated, edited and revoked, and when it expires.

use crate::base::clock::{DAY, Timestamp};
use crate::domain::api_keys::Environment;
use crate::domain::settings::Settings;

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Fresh,
    ExpiresSoon,
    RotationDue,
    NeverUsed,
    Expired,
    Revoked,
}

use State::{Expired, ExpiresSoon, Fresh, NeverUsed, Revoked, RotationDue};

/// The states in a repeating order: 20 of 25 active, 4 of these in need of attention.
const STATES: [State; 25] = [
    Fresh,
    Fresh,
    Revoked,
    Fresh,
    ExpiresSoon,
    Fresh,
    Fresh,
    Expired,
    Fresh,
    Fresh,
    RotationDue,
    Fresh,
    Revoked,
    Fresh,
    Fresh,
    Fresh,
    ExpiresSoon,
    Fresh,
    Fresh,
    Expired,
    Fresh,
    NeverUsed,
    Fresh,
    Revoked,
    Fresh,
];

/// Typical lifetimes, in days.
const LIFETIMES: [i64; 3] = [90, 180, 365];
/// How many days before today the newest and the oldest key were created.
const NEWEST: i64 = 60;
const OLDEST: i64 = 360;

/// The days of a key's life, counted back from today, or forward for `left`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub created: i64,
    /// When its current secret key was created; equal to `created` for the first one.
    pub secret: i64,
    /// Days until its last day; negative if it has expired.
    pub left: i64,
    pub revoked: Option<i64>,
}

impl Life {
    /// The life of the `index`th of `count` keys, newest first.
    pub fn of(index: u32, count: u32, environment: Environment, settings: &Settings) -> Self {
        let age = NEWEST + (OLDEST - NEWEST) * i64::from(index) / i64::from(count.max(1));
        let lifetime = LIFETIMES[pick(index, 1, LIFETIMES.len())];
        let among = |what, days: i64| scatter(index, what).rem_euclid(days);
        let (secret, left, revoked) = match state(index) {
            Fresh => (1 + among(2, 28), None, None),
            // Covers every day of the last two weeks before expiry, starting with today.
            ExpiresSoon => {
                let left = (i64::from(index / 12) + 14) % 15;
                (lifetime.min(age) - left, Some(left), None)
            }
            RotationDue => {
                let interval = environment.rotation_interval(settings) / DAY;
                (interval + 1 + among(2, 40), Some(20 + among(3, 100)), None)
            }
            NeverUsed => (31 + among(2, 30), Some(20 + among(3, 100)), None),
            Expired => (age, Some(-1 - among(3, age / 2)), None),
            Revoked => (age, None, Some(1 + among(3, age - 2))),
        };
        let left = left.unwrap_or(lifetime - secret.rem_euclid(lifetime));
        Self { created: age.max(secret), secret, left, revoked }
    }
}

/// The state of the `index`th key.
pub(super) fn state(index: u32) -> State {
    STATES[index as usize % STATES.len()]
}

/// An instant `days` ago, at a different time of day for each key.
pub(super) fn ago(index: u32, days: i64, now: Timestamp) -> Timestamp {
    now.plus(-days * DAY - scatter(index, 9).rem_euclid(DAY / 3))
}

/// One of `choices`, for the `index`th key and the question `what`.
pub(super) fn pick(index: u32, what: u32, choices: usize) -> usize {
    let choices = i64::try_from(choices).unwrap_or(1);
    usize::try_from(scatter(index, what).rem_euclid(choices)).unwrap_or(0)
}

/// A number that looks random but is always the same for its arguments (the finaliser of
/// `SplitMix64`).
pub(super) fn scatter(index: u32, what: u32) -> i64 {
    let mut bits = (u64::from(index) << 32 | u64::from(what)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).cast_signed()
}
