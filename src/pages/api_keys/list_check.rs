//! What the IP whitelist in the edit dialog would have denied.

use crate::base::text::thousands;
use crate::domain::api_keys::IpWhitelist;
use crate::domain::usage::{AllowedRequests, WhitelistEffect};

/// The text below the field.
#[derive(Debug, Default)]
pub(super) struct ListCheck {
    /// How many requests the list would have denied, as a warning.
    pub warning: Option<String>,
    /// Whether it would have denied any request.
    pub denies_requests: bool,
    /// How many addresses seen in the last 30 days are not in the list.
    pub missing: usize,
}

impl ListCheck {
    /// Checks the typed text, unless it is not a valid list.
    pub(super) fn new(typed: &str, passed: &AllowedRequests) -> Self {
        let list = IpWhitelist::parse(typed).ok();
        let has = |address| list.as_ref().is_some_and(|list| list.addresses().contains(address));
        let missing = passed.addresses.iter().filter(|seen| !has(&seen.address)).count();
        let is_list = |list: &&IpWhitelist| !list.addresses().is_empty();
        let under = list.as_ref().filter(is_list).map(|list| passed.effect_of(list));
        Self {
            denies_requests: under.as_ref().is_some_and(|would| would.count > 0),
            warning: under.map(|would| warning(&would)),
            missing,
        }
    }
}

/// `This list would have denied 3 of 1,204 requests in the last 30 days, from 203.0.113.9.`
fn warning(would: &WhitelistEffect) -> String {
    let count = |number: i64| thousands(number.unsigned_abs());
    let requests = if would.of == 1 { "request" } else { "requests" };
    let of = format!("of {} {requests} in the last 30 days", count(would.of));
    let from = match would.addresses.as_slice() {
        [] => String::new(),
        [one] => format!(", from {one}"),
        [one, other] => format!(", from {one} and {other}"),
        [one, others @ ..] => format!(", from {one} and {} other addresses", others.len()),
    };
    match (would.of, would.count) {
        (0, _) => {
            "No request passed in the last 30 days, so there is nothing to check against.".into()
        }
        (_, 0) => format!("This list would have denied none {of}."),
        (_, denied) => format!("This list would have denied {} {of}{from}.", count(denied)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn the_warning_describes_the_requests_that_would_have_been_denied() {
        let address = |last: u8| IpAddr::from([203, 0, 113, last]);
        let sentence = |count, of, addresses: &[IpAddr]| {
            warning(&WhitelistEffect { count, of, addresses: addresses.to_vec() })
        };
        assert_eq!(
            sentence(3, 1_204, &[address(9)]),
            "This list would have denied 3 of 1,204 requests in the last 30 days, from 203.0.113.9."
        );
        assert!(
            sentence(3, 9, &[address(1), address(2)]).ends_with("203.0.113.1 and 203.0.113.2.")
        );
        assert!(
            sentence(3, 9, &[address(1), address(2), address(3)])
                .ends_with("and 2 other addresses.")
        );
        assert_eq!(
            sentence(0, 1, &[]),
            "This list would have denied none of 1 request in the last 30 days."
        );
        assert!(sentence(0, 0, &[]).starts_with("No request passed"));
    }
}
