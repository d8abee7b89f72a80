//! A list of networks, as given in options.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// A list of networks; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads networks (`10.0.0.0/8`) and addresses, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `address` is in one of the networks; `::ffff:192.0.2.1` is `192.0.2.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a network, or an address as a network of one address.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network
        .map_err(|_| format!("{text} is neither a network, as 10.0.0.0/8, nor an address"))?;
    // Addresses are compared in their IPv4 form, so a network of mapped addresses must be too.
    let mapped = match network {
        IpNet::V6(mapped) => {
            mapped.addr().to_ipv4_mapped().zip(mapped.prefix_len().checked_sub(96))
        }
        IpNet::V4(_) => None,
    };
    let folded = mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    Ok(folded.map_or(network, IpNet::from).trunc())
}
