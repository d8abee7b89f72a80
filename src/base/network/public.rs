//! Which addresses are on the public internet. This check keeps someone who can name a host for the
//! program to connect to from reaching what only this machine or its network can reach (ASVS 1.3.6;
//! OWASP, Server Side Request Forgery Prevention).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public (IANA's registry of special-purpose addresses), multicast, and
/// the relays of 6to4.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // Azure's metadata and DHCP address, although its number is in a public range.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// IPv6 networks within the public `2000::/3` that are not public: protocol assignments with Teredo
/// and benchmarking, and the two documentation prefixes.
const SPECIAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether `address` is on the public internet. An IPv6 address that leads to an IPv4 address is
/// judged by the IPv4 address.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            embedded(address).map_or_else(|| is_public_v6(address), is_public_v4)
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !SPECIAL_V4.iter().any(|(net, length)| (bits ^ net.to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_global = address.segments()[0] & 0xe000 == 0x2000;
    is_global && !SPECIAL_V6.iter().any(|(net, length)| is_in(address, *net, *length))
}

fn is_in(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (128 - length) == 0
}

/// The IPv4 address that a NAT64 gateway (RFC 6052) or a 6to4 relay (RFC 3056) leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let inner = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(inner(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn what_only_this_machine_or_its_network_can_reach_is_not_public() {
        const ADDRESSES: &str = "127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 \
            192.168.1.1 169.254.169.254 100.64.0.1 100.127.255.255 192.0.0.8 192.0.2.1 \
            198.51.100.1 203.0.113.9 198.18.0.1 198.19.255.255 224.0.0.1 239.255.255.255 \
            255.255.255.255 168.63.129.16 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 \
            ::ffff:169.254.169.254 fe80::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 \
            64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1::1 \
            2002:a9fe:a9fe:: 2001::1 2001:2::1 2001:db8::1 3fff::1 100::1 5f00::1 4000::1";
        for text in ADDRESSES.split_whitespace() {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_distinguished_from_their_neighbours() {
        for text in [
            "8.8.8.8",
            "172.15.255.255",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(address(text)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_standard_library_agrees(bits: u32) {
            let at = Ipv4Addr::from_bits(bits);
            let is_special = at.is_private() || at.is_loopback() || at.is_link_local()
                || at.is_broadcast() || at.is_documentation() || at.is_unspecified()
                || at.is_multicast();
            prop_assert!(!(is_special && is_public(at.into())), "{}", at);
        }

        #[test]
        fn an_ipv4_address_is_judged_the_same_in_every_form(bits: u32, rest: [u16; 5]) {
            let at = Ipv4Addr::from_bits(bits);
            let (high, low) = ((bits >> 16) as u16, (bits & 0xffff) as u16);
            let [a, b, c, d, e] = rest;
            for form in [
                at.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, a, b, c, d, e),
            ] {
                prop_assert_eq!(is_public(form.into()), is_public(at.into()), "{}", form);
            }
        }

        #[test]
        fn no_local_ipv6_address_is_public(bits: u128) {
            let at = Ipv6Addr::from_bits(bits);
            let is_local = at.is_loopback() || at.is_unspecified() || at.is_multicast()
                || at.is_unique_local() || at.is_unicast_link_local();
            prop_assert!(!(is_local && is_public(at.into())), "{}", at);
        }
    }
}
