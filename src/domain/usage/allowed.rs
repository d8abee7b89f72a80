//! What an IP whitelist would have done to requests that passed.

use std::net::IpAddr;

use super::{Period, SeenAddress, of_key, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{IpWhitelist, KeyId};

/// The requests of a key that passed in the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// How many there were.
    pub count: i64,
    /// Where they came from, as far as it is known, the last seen first.
    pub addresses: Vec<SeenAddress>,
}

/// What a list would have refused of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldRefuse {
    /// How many of the requests that passed.
    pub count: i64,
    pub of: i64,
    /// From these addresses, the last seen first, and perhaps from others that are not kept.
    pub addresses: Vec<IpAddr>,
}

/// What passed with a key in the last 30 days.
pub fn passed(connection: &mut Connection, key_id: &KeyId, now: Timestamp) -> Result<Passed> {
    let period = Period::Days30;
    Ok(Passed {
        count: of_key(connection, key_id, period, now)?.passed(),
        addresses: store::addresses(connection, key_id, period.start(now))?,
    })
}

impl Passed {
    /// What `list` would have refused. A request from an address that nobody told, or that is not
    /// kept any more, counts as refused, since a list lets none of the first kind pass.
    pub fn under(&self, list: &IpWhitelist) -> WouldRefuse {
        let allows = |seen: &&SeenAddress| list.addresses().contains(&seen.address);
        if list.addresses().is_empty() {
            return WouldRefuse { count: 0, of: self.count, addresses: Vec::new() };
        }
        let allowed: i64 = self.addresses.iter().filter(allows).map(|seen| seen.count).sum();
        let others = self.addresses.iter().filter(|seen| !allows(seen));
        WouldRefuse {
            count: (self.count - allowed).max(0),
            of: self.count,
            addresses: others.map(|seen| seen.address).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> Passed {
        let seen = |last: u8, count| SeenAddress {
            address: IpAddr::from([203, 0, 113, last]),
            first: Timestamp::default(),
            last: Timestamp::default(),
            count,
        };
        Passed { count: 1_204, addresses: vec![seen(1, 1_201), seen(2, 2)] }
    }

    #[test]
    fn what_is_not_on_the_list_would_have_been_refused() {
        let under = |text: &str| {
            let list = IpWhitelist::parse(text).expect("a list");
            let would = passed().under(&list);
            (would.count, would.of, would.addresses.len())
        };
        assert_eq!(under(""), (0, 1_204, 0), "any address may pass");
        assert_eq!(under("203.0.113.1"), (3, 1_204, 1), "one came from nobody knows where");
        assert_eq!(under("203.0.113.1\n203.0.113.2"), (1, 1_204, 0));
        assert_eq!(under("192.0.2.1"), (1_204, 1_204, 2));
    }
}
