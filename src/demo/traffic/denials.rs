//! Denied requests, each with its reason. Pure.

use std::net::{IpAddr, Ipv4Addr};

use super::pattern::{Shape, any, of_time};
use super::{Story, Use, Window};
use crate::base::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::demo::life::pick;
use crate::domain::api_keys::{Details, Flaw};
use crate::domain::usage::Outcome;

/// A denied request.
#[derive(Clone, Debug)]
pub(super) struct PastDenial {
    pub at: Timestamp,
    pub reason: Outcome,
    /// The missing scope.
    pub detail: String,
    pub address: Option<IpAddr>,
    pub method: &'static str,
    pub path: String,
}

/// An address that uses the showcase's key but is not in its whitelist.
const NOT_ALLOWED: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 77);
/// An address that still sends a secret key that no longer exists.
const OLD_SECRET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 24);
/// Keys for [`of_time`] that vary a day.
const LATE_ATTEMPTS: u32 = 4 << 16;
const STRANGERS: u32 = 5 << 16;

/// The denied requests of a key, within `window` and the key's life.
pub(super) fn of_key(
    index: u32,
    details: &Details,
    used: &Use,
    scopes: &[String],
    window: Window,
) -> Vec<PastDenial> {
    let mut all = Vec::new();
    match used.story {
        Story::Burst => all.extend(burst(used.home, window)),
        Story::KeepsTryingAfterExpiry => all.extend(late_attempts(index, details, used, window)),
        _ => {}
    }
    let has_ended = details.key.expires_at <= window.now || details.key.revoked_at.is_some();
    if !has_ended && used.story == Story::Usual && pick(index, 71, 6) == 0 {
        all.extend(missing(index, details, used, scopes, window));
    }
    all.retain(|one| window.contains(one.at) && one.at > details.key.created_at);
    all
}

/// From an address that is not allowed: 21 yesterday, 12 today; and two each for two missing
/// scopes.
fn burst(home: IpAddr, window: Window) -> Vec<PastDenial> {
    let today = Timestamp::start_of(window.now.date());
    let one = |at, reason, detail: &str, address, method, path: &str| PastDenial {
        at,
        reason,
        detail: detail.into(),
        address: Some(address),
        method,
        path: path.into(),
    };
    let step = window.now.since(today) / 13;
    let yesterday = (1..=21).map(|n| today.plus(-4 * HOUR + n * 11 * MINUTE));
    let times = yesterday.chain((1..=12).map(|n| today.plus(n * step)));
    let mut all: Vec<_> = times
        .map(|at| {
            let (reason, from) = (Outcome::AddressNotAllowed, NOT_ALLOWED.into());
            one(at, reason, "", from, "GET", "/v1/invoices")
        })
        .collect();
    let missing = Outcome::ScopeMissing;
    let late = today.plus(-79 * MINUTE);
    let early = today.plus(-11 * DAY + 8 * HOUR + 20 * MINUTE);
    for (at, scope, method, path) in [
        (late, "reports:read", "GET", "/v1/reports/aging"),
        (late.plus(-HOUR), "reports:read", "GET", "/v1/reports/aging"),
        (early, "customers:write", "PATCH", "/v1/customers/8812"),
        (early.plus(-MINUTE), "customers:write", "PATCH", "/v1/customers/8812"),
    ] {
        all.push(one(at, missing, scope, home, method, path));
    }
    all
}

/// Daily attempts after the key was revoked or expired, by an application that was not updated.
fn late_attempts(index: u32, details: &Details, used: &Use, window: Window) -> Vec<PastDenial> {
    let key = &details.key;
    let (end, reason) = match key.revoked_at {
        Some(at) => (at, Outcome::KeyRevoked),
        None => (key.expires_at, Outcome::KeyExpired),
    };
    let resource = resource(details.role.scopes.iter().next());
    let hour = if used.pattern.shape == Shape::Nightly { 2 } else { 6 };
    let days = window.days().flat_map(|day| {
        let times = 1 + of_time(index, LATE_ATTEMPTS, day).rem_euclid(4);
        let begin = Timestamp::from_millis(day * DAY + hour * HOUR + any(index, 72, 50) * MINUTE);
        (0..times).map(move |n| begin.plus(n * 23 * MINUTE))
    });
    let late_attempts = days.filter(|at| *at >= end).map(|at| PastDenial {
        at,
        reason,
        detail: String::new(),
        address: Some(used.home),
        method: "GET",
        path: format!("/v1/{resource}"),
    });
    late_attempts.collect()
}

/// A few requests in a month for a scope that the key does not have.
fn missing(
    index: u32,
    details: &Details,
    used: &Use,
    scopes: &[String],
    window: Window,
) -> Vec<PastDenial> {
    let held = details.effective_scopes();
    let lacks: Vec<_> = scopes.iter().filter(|scope| !held.contains(*scope)).collect();
    let Some(&scope) = lacks.get(pick(index, 73, lacks.len().max(1))) else { return Vec::new() };
    let method = if scope.ends_with(":read") { "GET" } else { "POST" };
    let times = (0..2 + any(index, 74, 4)).map(|n| {
        let minutes = of_time(index, LATE_ATTEMPTS, n).rem_euclid(30 * DAY / MINUTE);
        window.now.plus(-minutes * MINUTE)
    });
    let path = format!("/v1/{}", resource(Some(scope)));
    let denials = times.map(|at| PastDenial {
        at,
        reason: Outcome::ScopeMissing,
        detail: scope.clone(),
        address: Some(used.home),
        method,
        path: path.clone(),
    });
    denials.collect()
}

/// Requests without a valid secret key: up to four per day.
pub(super) fn of_strangers(window: Window) -> Vec<PastDenial> {
    let days = window.days().flat_map(|day| {
        (0..of_time(0, STRANGERS, day).rem_euclid(5)).map(move |n| {
            let bits = of_time(1, STRANGERS, day * 5 + n);
            let at = Timestamp::from_millis(day * DAY + bits.rem_euclid(DAY));
            let host = u8::try_from(1 + bits.rem_euclid(200)).unwrap_or(1);
            let (reason, address, method, path) = match bits.rem_euclid(4) {
                0 => (Outcome::MissingKey, Ipv4Addr::new(192, 0, 2, host), "GET", "/v1/shipments"),
                1 => (Outcome::MalformedKey, Ipv4Addr::new(192, 0, 2, host), "GET", "/v1/orders"),
                _ => (Outcome::InvalidKey, OLD_SECRET, "POST", "/v1/invoices"),
            };
            let address = Some(address.into());
            let detail = match reason {
                Outcome::MalformedKey if bits.rem_euclid(8) == 1 => Flaw::Truncated.as_str(),
                Outcome::MalformedKey => Flaw::KeyId.as_str(),
                Outcome::InvalidKey => "lk_prod",
                _ => "",
            };
            PastDenial { at, reason, detail: detail.into(), address, method, path: path.into() }
        })
    });
    days.filter(|one| window.contains(one.at)).collect()
}

/// The resource of a scope.
fn resource(scope: Option<&String>) -> &str {
    scope.and_then(|scope| scope.split(':').next()).unwrap_or("orders")
}
