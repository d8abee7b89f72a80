//! The proxies that are trusted to report the client's address.

use std::net::IpAddr;

use crate::base::network::Networks;

/// The networks whose proxies are trusted to report the client's address; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Networks);

impl TrustedProxies {
    /// Reads networks (`10.0.0.0/8`) and addresses, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        Networks::parse(text).map(Self)
    }

    /// Whether `address` is in one of the networks; `::ffff:192.0.2.1` is `192.0.2.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(address)
    }
}
