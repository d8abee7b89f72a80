//! What an edit would deny, in words.

use super::words::ago_within;
use crate::base::clock::{Timestamp, long_date};
use crate::base::text::thousands;
use crate::domain::api_keys::ApiKey;
use crate::domain::impact::{Impact, LostScopes};
use crate::domain::usage::WhitelistEffect;

pub(super) struct ImpactView {
    pub lines: Vec<String>,
    /// The button that adds the missing addresses: its text, and the addresses.
    pub add: Option<(String, String)>,
}

impl ImpactView {
    pub(super) fn new(impact: &Impact, key: &ApiKey, now: Timestamp) -> Self {
        let used = key
            .last_used_at
            .map_or(String::new(), |at| format!(" It was last used {}.", ago_within(at, now)));
        let ends = impact.last_day.map(|day| {
            let before = long_date(key.expires_at.last_day());
            format!("The key would expire after {} instead of {before}.{used}", long_date(day))
        });
        let lines = [impact.whitelist.as_ref().map(denied), impact.scopes.as_ref().map(lost), ends];
        let add = impact.whitelist.as_ref().and_then(|effect| {
            let all: Vec<String> = effect.addresses.iter().map(ToString::to_string).collect();
            let text = match all.as_slice() {
                [] => return None,
                [address] => format!("Add {address}"),
                addresses => format!("Add the {} Addresses", addresses.len()),
            };
            Some((text, all.join(" ")))
        });
        Self { lines: lines.into_iter().flatten().collect(), add }
    }
}

/// `138,239 of 138,239 requests in the last 30 days came from an address that is not on the list:
/// 198.51.100.70.`
fn denied(effect: &WhitelistEffect) -> String {
    let count = |number: i64| thousands(number.unsigned_abs());
    let from = match effect.addresses.as_slice() {
        [] => "from an unknown address.".to_owned(),
        [one] => format!("from an address that is not on the list: {one}."),
        [one, other] => format!("from addresses that are not on the list: {one} and {other}."),
        [one, others @ ..] => {
            format!("from addresses that are not on the list: {one} and {} others.", others.len())
        }
    };
    let requests = if effect.of == 1 { "request" } else { "requests" };
    let (denied, of) = (count(effect.count), count(effect.of));
    format!("{denied} of {of} {requests} in the last 30 days came {from}")
}

fn lost(lost: &LostScopes) -> String {
    let names = lost.names.join(", ");
    if lost.are_requested {
        format!("The key would lose scopes that requests asked for in the last 90 days: {names}.")
    } else {
        format!(
            "The key would lose {names}. Its requests do not say which scope they need, so it may \
             need them."
        )
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn the_line_about_the_whitelist_has_numbers_and_addresses() {
        let address = |last: u8| IpAddr::from([203, 0, 113, last]);
        let line = |count, of, addresses: &[IpAddr]| {
            denied(&WhitelistEffect { count, of, addresses: addresses.to_vec() })
        };
        assert_eq!(
            line(3, 1_204, &[address(9)]),
            "3 of 1,204 requests in the last 30 days came from an address that is not on the list: \
             203.0.113.9."
        );
        assert!(line(1, 1, &[]).starts_with("1 of 1 request in the last 30 days came from an unk"));
        assert!(line(3, 9, &[address(1), address(2)]).ends_with("203.0.113.1 and 203.0.113.2."));
        let three = [address(1), address(2), address(3)];
        assert!(line(3, 9, &three).ends_with("203.0.113.1 and 2 others."));
    }
}
