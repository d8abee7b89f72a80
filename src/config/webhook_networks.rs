//! The private networks that webhooks may reach.

use std::net::IpAddr;

use ipnet::IpNet;

use super::trusted_proxies::network;

/// Networks that are not public and that webhooks may reach all the same; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookNetworks(Vec<IpNet>);

impl WebhookNetworks {
    /// Reads networks (`10.0.0.0/8`) and addresses, separated by commas.
    ///
    /// # Errors
    /// Which part is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `address` is in one of them; `::ffff:192.0.2.1` is `192.0.2.1`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
