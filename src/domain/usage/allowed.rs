//! The effect that an IP whitelist would have had on allowed requests.

use std::net::IpAddr;

use super::{Period, SeenAddress, of_key, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{IpWhitelist, KeyId};

/// A key's allowed requests in the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedRequests {
    pub count: i64,
    /// The known client addresses, last seen first.
    pub addresses: Vec<SeenAddress>,
}

/// The requests that a whitelist would have denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhitelistEffect {
    /// How many of the allowed requests it would have denied.
    pub count: i64,
    pub of: i64,
    /// Their known addresses, last seen first. There may be others that are no longer stored.
    pub addresses: Vec<IpAddr>,
}

/// A key's allowed requests in the last 30 days.
pub fn allowed_requests(
    connection: &mut Connection,
    key_id: &KeyId,
    now: Timestamp,
) -> Result<AllowedRequests> {
    let period = Period::Days30;
    Ok(AllowedRequests {
        count: of_key(connection, key_id, period, now)?.passed(),
        addresses: store::addresses(connection, key_id, period.start(now))?,
    })
}

impl AllowedRequests {
    /// The requests that `list` would have denied. A request whose address is unknown or no longer
    /// stored counts as denied, because a whitelist never allows a request with an unknown address.
    pub fn effect_of(&self, list: &IpWhitelist) -> WhitelistEffect {
        let allows = |seen: &&SeenAddress| list.addresses().contains(&seen.address);
        if list.addresses().is_empty() {
            return WhitelistEffect { count: 0, of: self.count, addresses: Vec::new() };
        }
        let allowed: i64 = self.addresses.iter().filter(allows).map(|seen| seen.count).sum();
        let others = self.addresses.iter().filter(|seen| !allows(seen));
        WhitelistEffect {
            count: (self.count - allowed).max(0),
            of: self.count,
            addresses: others.map(|seen| seen.address).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_requests() -> AllowedRequests {
        let seen = |last: u8, count| SeenAddress {
            address: IpAddr::from([203, 0, 113, last]),
            first: Timestamp::default(),
            last: Timestamp::default(),
            count,
        };
        AllowedRequests { count: 1_204, addresses: vec![seen(1, 1_201), seen(2, 2)] }
    }

    #[test]
    fn addresses_outside_the_list_would_have_been_denied() {
        let under = |text: &str| {
            let list = IpWhitelist::parse(text).expect("a list");
            let effect = allowed_requests().effect_of(&list);
            (effect.count, effect.of, effect.addresses.len())
        };
        assert_eq!(under(""), (0, 1_204, 0), "any address may pass");
        assert_eq!(under("203.0.113.1"), (3, 1_204, 1), "the address of one is unknown");
        assert_eq!(under("203.0.113.1\n203.0.113.2"), (1, 1_204, 0));
        assert_eq!(under("192.0.2.1"), (1_204, 1_204, 2));
    }
}
