//! What the IP whitelist in the edit dialog would have refused.

use crate::base::text::thousands;
use crate::domain::api_keys::IpWhitelist;
use crate::domain::usage::{Passed, WouldRefuse};

/// What stands below the field.
#[derive(Debug, Default)]
pub(super) struct ListCheck {
    /// What the list would have refused.
    pub said: Option<String>,
    /// Whether it would have refused anything.
    pub refuses: bool,
    /// How many addresses were seen in the last 30 days that the list lacks.
    pub missing: usize,
}

impl ListCheck {
    /// Checks what was typed, unless it is no list.
    pub(super) fn new(typed: &str, passed: &Passed) -> Self {
        let list = IpWhitelist::parse(typed).ok();
        let has = |address| list.as_ref().is_some_and(|list| list.addresses().contains(address));
        let missing = passed.addresses.iter().filter(|seen| !has(&seen.address)).count();
        let is_list = |list: &&IpWhitelist| !list.addresses().is_empty();
        let under = list.as_ref().filter(is_list).map(|list| passed.under(list));
        Self {
            refuses: under.as_ref().is_some_and(|would| would.count > 0),
            said: under.map(|would| said("This list", &would)),
            missing,
        }
    }
}

/// `This list would have refused 3 of 1,204 requests in the last 30 days, from 203.0.113.9.`
pub(super) fn said(what: &str, would: &WouldRefuse) -> String {
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
        (_, 0) => format!("{what} would have refused none {of}."),
        (_, refused) => format!("{what} would have refused {} {of}{from}.", count(refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn what_would_have_been_refused_is_said_in_a_sentence() {
        let address = |last: u8| IpAddr::from([203, 0, 113, last]);
        let said = |count, of, addresses: &[IpAddr]| {
            said("This list", &WouldRefuse { count, of, addresses: addresses.to_vec() })
        };
        assert_eq!(
            said(3, 1_204, &[address(9)]),
            "This list would have refused 3 of 1,204 requests in the last 30 days, from 203.0.113.9."
        );
        assert!(said(3, 9, &[address(1), address(2)]).ends_with("203.0.113.1 and 203.0.113.2."));
        assert!(
            said(3, 9, &[address(1), address(2), address(3)]).ends_with("and 2 other addresses.")
        );
        assert_eq!(
            said(0, 1, &[]),
            "This list would have refused none of 1 request in the last 30 days."
        );
        assert!(said(0, 0, &[]).starts_with("No request passed"));
    }
}
