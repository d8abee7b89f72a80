//! Networks: the network of an address, which limits are counted by; lists of networks from the
//! configuration; which addresses are public; and which certificate authorities are trusted.
//!
//! Opens no connections. An IPv6 subscriber has at least a /64 (RFC 6177), so a single IPv6 address
//! does not identify one.

mod networks;
mod public;
mod trusted_roots;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

pub use networks::Networks;
pub use public::is_public;
pub use trusted_roots::TrustedRoots;

/// A /32 of IPv4 or a /64 of IPv6. `::ffff:192.0.2.1` is `192.0.2.1` (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}

impl fmt::Display for Network {
    /// `192.0.2.1`, `2001:db8::/64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    proptest! {
        #[test]
        fn every_spelling_of_an_ipv4_address_is_one_network(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = address.octets();
            let network = Network::from(IpAddr::from(address));
            for spelling in [
                format!("::ffff:{a}.{b}.{c}.{d}"),
                format!("::FFFF:{a:x}{b:02x}:{c:x}{d:02x}"),
                format!("0:0:0:0:0:ffff:{a:02X}{b:02X}:{c:02X}{d:02X}"),
            ] {
                let mapped: IpAddr = spelling.parse().expect("an address");
                prop_assert_eq!(Network::from(mapped), network, "{}", spelling);
            }
            let next = IpAddr::from(Ipv4Addr::from_bits(bits ^ 1));
            prop_assert_ne!(Network::from(next), network);
        }

        #[test]
        fn a_64_of_ipv6_is_one_network(prefix in 1_u64.., host: u64, other: u64, next: u64) {
            let address = |prefix: u64, host: u64| {
                IpAddr::from(Ipv6Addr::from_bits(u128::from(prefix) << 64 | u128::from(host)))
            };
            let network = Network::from(address(prefix, host));
            prop_assert_eq!(Network::from(address(prefix, other)), network);
            prop_assume!(next != prefix);
            prop_assert_ne!(Network::from(address(next, host)), network);
        }
    }
}
