//! The past requests of the sample's applications, by hour.

mod denials;
mod pattern;

use std::net::IpAddr;
use std::ops::RangeInclusive;

pub(super) use pattern::{Pattern, Shape};

use self::pattern::{any, of_time};
use super::life::pick;
use super::showcase::KEYS;
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::db::Transaction;
use crate::domain::api_keys::Details;
use crate::domain::scopes;
use crate::domain::usage::import::{Requests, UsageHistory};
use crate::domain::usage::{Denial, RequestId, RequestLine, Secret};
use denials::PastDenial;

/// How many of the newest keys have traffic.
pub(super) const BUSY: usize = 200;
/// How many keys' traffic is written at once.
const BATCH: usize = 10;
/// How many days ago the quiet key was last used.
const QUIET_DAYS: i64 = 40;
/// How many days ago some scopes were last requested.
const FORGOTTEN_DAYS: i64 = 23;
/// The key for [`of_time`] that selects an hour's address.
const ADDRESS_SALT: u32 = 3 << 16;

/// A special pattern in how a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    Usual,
    /// Since yesterday it has also been used from another address.
    NewAddress,
    /// It was used every day, and then no longer.
    Quiet,
    /// Since yesterday its requests have been denied repeatedly.
    Burst,
    /// It is still used although it has expired or was revoked.
    KeepsTryingAfterExpiry,
}

/// How a key is used.
struct Use {
    pattern: Pattern,
    story: Story,
    home: IpAddr,
    /// A second address from which it is sometimes used.
    other: Option<IpAddr>,
}

/// The days for which there is traffic.
#[derive(Clone, Copy)]
struct Window {
    start: Timestamp,
    now: Timestamp,
}

impl Window {
    /// A window of `days` days that ends today.
    fn new(days: u32, now: Timestamp) -> Self {
        let today = Timestamp::start_of(now.date());
        Self { start: today.plus((1 - i64::from(days)) * DAY), now }
    }

    fn contains(self, at: Timestamp) -> bool {
        at >= self.start && at <= self.now
    }

    /// The days, counted since 1970.
    fn days(self) -> RangeInclusive<i64> {
        self.start.day()..=self.now.day()
    }
}

/// Writes the outcomes of the requests of `days` days, with `keys`, newest first, and without a
/// key.
pub(super) fn write(
    tx: &mut Transaction<'_>,
    keys: &[Details],
    days: u32,
    now: Timestamp,
) -> Result<()> {
    if days == 0 {
        return Ok(());
    }
    let window = Window::new(days, now);
    let scopes: Vec<String> = scopes::all(tx)?.into_iter().map(|scope| scope.name).collect();
    let mut index = 0;
    for batch in keys.chunks(BATCH) {
        let mut past = UsageHistory::default();
        for details in batch {
            add(&mut past, index, details, &scopes, window);
            index += 1;
        }
        past.write(tx, now)?;
    }
    let mut past = UsageHistory::default();
    for denial in denials::of_strangers(window) {
        deny(&mut past, None, denial);
    }
    past.write(tx, now)
}

/// Adds the outcomes of the requests with the `index`th key.
fn add(past: &mut UsageHistory, index: u32, details: &Details, scopes: &[String], window: Window) {
    let Some(used) = used(index, details) else { return };
    let secret = Secret { key_id: details.key.id, number: 1 };
    let requested_scopes = requested_scopes(index, details);
    let recent = window.now.plus(-FORGOTTEN_DAYS * DAY);
    for allowed in allowed(index, details, &used, secret, window) {
        let requested_scopes = requested_scopes
            .iter()
            .filter(|(_, is_forgotten)| !is_forgotten || allowed.first < recent);
        past.pass(allowed, requested_scopes.map(|(scope, _)| scope.as_str()));
    }
    for denial in denials::of_key(index, details, &used, scopes, window) {
        deny(past, Some(secret), denial);
    }
}

fn deny(past: &mut UsageHistory, secret: Option<Secret>, denial: PastDenial) {
    let PastDenial { at, reason, detail, address, method, path } = denial;
    let request = RequestLine { method: Some(method.as_bytes()), target: Some(path.as_bytes()) };
    let request_id = RequestId::random();
    past.deny(Denial { secret, reason, detail: detail.into(), address, request_id, request, at });
}

/// How the `index`th key is used; `None` if it was never used.
fn used(index: u32, details: &Details) -> Option<Use> {
    let usual =
        if matches!(index % 25, 7 | 12) { Story::KeepsTryingAfterExpiry } else { Story::Usual };
    let (pattern, story) = match KEYS.get(index as usize) {
        Some(shown) => (Some(shown.pattern), shown.story),
        None => (Pattern::of(index, details.key.environment), usual),
    };
    let pattern = pattern?;
    let (home, other) = match details.ip_whitelist.addresses() {
        [] => addresses(index, story == Story::NewAddress),
        [home, others @ ..] => (*home, others.first().copied()),
    };
    Some(Use { pattern, story, home, other })
}

/// One or two addresses from the ranges that RFC 5737 reserves for documentation.
fn addresses(index: u32, is_two: bool) -> (IpAddr, Option<IpAddr>) {
    let [a, b, c] = [[203, 0, 113], [198, 51, 100], [192, 0, 2]][pick(index, 64, 3)];
    let host = u8::try_from(50 + any(index, 65, 150)).unwrap_or(50);
    let has_two = is_two || pick(index, 66, 2) == 0;
    ([a, b, c, host].into(), has_two.then(|| [a, b, c, host + 1].into()))
}

/// The scopes that the `index`th key's requests need, each with whether it is no longer requested:
/// some keys have more scopes than they need.
fn requested_scopes(index: u32, details: &Details) -> Vec<(String, bool)> {
    let mut scopes: Vec<_> = details.effective_scopes().into_iter().collect();
    if scopes.len() > 2 && index % 3 == 2 {
        scopes.pop();
    }
    let last = scopes.len().saturating_sub(1);
    let is_forgotten = |place| place == last && last > 1 && index.is_multiple_of(4);
    scopes.into_iter().enumerate().map(|(place, scope)| (scope, is_forgotten(place))).collect()
}

/// The allowed requests by hour: none before the key was created, and none after it ended.
fn allowed(
    index: u32,
    details: &Details,
    used: &Use,
    secret: Secret,
    window: Window,
) -> Vec<Requests> {
    let key = &details.key;
    let mut end = window.now.min(key.expires_at).min(key.revoked_at.unwrap_or(window.now));
    let today = Timestamp::start_of(window.now.date());
    if used.story == Story::Quiet {
        end = end.min(today.plus(-QUIET_DAYS * DAY));
    }
    let first_hour = (key.created_at.millis() + HOUR - 1).div_euclid(HOUR);
    let first_hour = first_hour.max(window.start.hour());
    let hours = first_hour..=end.hour();
    let allowed = hours.filter_map(|hour| {
        let begin = Timestamp::from_millis(hour * HOUR);
        // The last hour may be incomplete.
        let span = end.since(begin).clamp(0, HOUR);
        let count = used.pattern.requests(index, hour, window.now) * span / HOUR;
        let gap = if count == 1 { span / 2 } else { span / (count + 1) };
        let (first, last) = (begin.plus(gap), begin.plus(span - gap));
        let last = if count == 1 { first } else { last };
        let count = u32::try_from(count).ok().filter(|count| *count > 0)?;
        let address = from(index, hour, used, begin >= today, begin >= today.plus(-DAY));
        Some(Requests { secret, address, first, last, count })
    });
    allowed.collect()
}

/// The address that the requests of an hour came from.
fn from(index: u32, hour: i64, used: &Use, is_today: bool, is_recent: bool) -> IpAddr {
    let is_other = match used.story {
        Story::NewAddress => is_recent && hour % 3 == 0,
        _ => !is_today && of_time(index, ADDRESS_SALT, hour).rem_euclid(9) == 0,
    };
    used.other.filter(|_| is_other).unwrap_or(used.home)
}
