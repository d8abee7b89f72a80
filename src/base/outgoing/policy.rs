//! Which addresses requests may be sent to: public ones, and the private networks that the
//! configuration allows. A person who enters a URL must not be able to reach what only this machine
//! can reach (ASVS 1.3.6; OWASP, Server Side Request Forgery Prevention).
//!
//! Pure: the client resolves names and checks each address here before it connects.

use std::net::IpAddr;

use crate::base::network::{Networks, TrustedRoots, is_public};

/// The allowed addresses, and the trusted certificates.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    networks: Networks,
    roots: TrustedRoots,
}

impl Policy {
    /// Allows public addresses and those in `networks`; `roots` are the trusted root certificates.
    pub fn new(networks: &Networks, roots: &TrustedRoots) -> Self {
        Self { networks: networks.clone(), roots: roots.clone() }
    }

    pub(super) fn roots(&self) -> &TrustedRoots {
        &self.roots
    }

    /// Whether a request may be sent to `address`. Without TLS, only the networks in the
    /// configuration are allowed.
    pub fn allows(&self, address: IpAddr, is_https: bool) -> bool {
        self.networks.contains(address) || (is_https && is_public(address))
    }

    /// The same check, with the reason as an error.
    pub fn check(&self, address: IpAddr, is_https: bool) -> Result<(), String> {
        if self.allows(address, is_https) {
            Ok(())
        } else if is_public(address) {
            Err(format!("{address} is public, so the URL must start with https://"))
        } else {
            Err(format!(
                "{address} is not a public address. Whoever runs Latchkey can allow it with \
                 --webhook-networks"
            ))
        }
    }

    /// Whether any address is allowed without TLS.
    pub fn allows_http(&self) -> bool {
        !self.networks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnet::IpNet;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    #[test]
    fn public_addresses_are_allowed_only_over_tls() {
        for (text, is_public) in [("8.8.8.8", true), ("2606:4700::1111", true), ("10.0.0.1", false)]
        {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(Policy::default().allows(address, true), is_public, "{text}");
            assert!(!Policy::default().allows(address, false), "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_configured_private_networks_are_allowed(
            bits: u32, length in 8_u8..=32, other: u32
        ) {
            let at = Ipv4Addr::from_bits(bits);
            let networks = Networks::parse(&format!("{at}/{length}")).expect("a network");
            let policy = Policy::new(&networks, &TrustedRoots::default());
            for is_https in [true, false] {
                prop_assert!(policy.allows(at.into(), is_https));
                prop_assert!(policy.allows(at.to_ipv6_mapped().into(), is_https));
            }
            let net: IpNet = format!("{at}/{length}").parse().expect("a network");
            let other = Ipv4Addr::from_bits(other);
            if !net.contains(&IpAddr::from(other)) {
                prop_assert!(!policy.allows(other.into(), false));
                prop_assert_eq!(policy.allows(other.into(), true), is_public(other.into()));
            }
        }
    }
}
