//! The addresses that a key may be used from: single addresses, one per line.

use std::net::IpAddr;

use crate::base::text;

/// The largest number of addresses for a key.
const MAX_ADDRESSES: usize = 100;
/// How much of an invalid line an error message repeats, in characters.
const MAX_SHOWN: usize = 60;
/// How many invalid lines are reported at once.
const MAX_ERRORS: usize = 5;

/// Single addresses in the order in which they were entered. If empty, any address is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpWhitelist(Vec<IpAddr>);

impl IpWhitelist {
    /// Reads one address per line. Empty lines are skipped. Duplicates are removed, also in
    /// different spellings: `::ffff:203.0.113.7` is `203.0.113.7`.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let text = text::without_secret(text).map_err(|message| vec![message])?;
        let text = text::without_bom(text);
        let mut addresses = Vec::new();
        let mut errors = Vec::new();
        for (index, line) in
            text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty())
        {
            match parse_line(line) {
                Ok(address) if addresses.contains(&address) => {}
                Ok(address) if addresses.len() < MAX_ADDRESSES => addresses.push(address),
                Ok(_) => return Err(vec![format!("Enter {MAX_ADDRESSES} addresses or fewer")]),
                Err(message) => errors.push(format!("Line {}: {message}", index + 1)),
            }
            if errors.len() == MAX_ERRORS {
                break;
            }
        }
        if errors.is_empty() { Ok(Self(addresses)) } else { Err(errors) }
    }

    /// Reads a whitelist from the database.
    pub(super) fn stored(lines: &[String]) -> crate::base::error::Result<Self> {
        lines
            .iter()
            .map(|line| line.parse().map_err(crate::base::error::Error::internal))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn addresses(&self) -> &[IpAddr] {
        &self.0
    }
}

impl std::fmt::Display for IpWhitelist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn parse_line(line: &str) -> Result<IpAddr, String> {
    let shown: String = text::visible(line, MAX_SHOWN);
    let address = match line.parse::<IpAddr>() {
        Ok(address) => address.to_canonical(),
        Err(_) if is_several(line) => {
            return Err(format!("“{shown}” is more than one address. Enter one address per line"));
        }
        Err(_) if is_range(line) => {
            return Err(format!("“{shown}” is a range. Enter one address per line"));
        }
        Err(_) => return Err(format!("“{shown}” is not an IPv4 or IPv6 address")),
    };
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || is_broadcast {
        return Err(format!("“{shown}” is not the address of one client"));
    }
    Ok(address)
}

fn is_several(line: &str) -> bool {
    let mut parts = line.split([',', ';', ' ', '\t']).filter(|part| !part.is_empty());
    parts.clone().count() > 1 && parts.all(|part| part.parse::<IpAddr>().is_ok())
}

/// Networks (`10.0.0.0/8`), ranges (`10.0.0.1-10.0.0.9`) and wildcards (`10.0.0.*`).
fn is_range(line: &str) -> bool {
    let digits = line.chars().all(|c| c.is_ascii_hexdigit() || ".:/-–* ".contains(c));
    digits && line.contains(['/', '-', '–', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn errors(text: &str) -> Vec<String> {
        IpWhitelist::parse(text).expect_err(text)
    }

    #[test]
    fn each_address_is_kept_once_in_its_shortest_spelling() {
        let list = IpWhitelist::parse(
            " 203.0.113.7\r\n\n::ffff:203.0.113.7\n2001:DB8:0:0::1\n2001:db8::1\n",
        );
        assert_eq!(list.expect("valid addresses").to_string(), "203.0.113.7\n2001:db8::1");
    }

    #[test]
    fn ranges_and_wildcards_are_invalid_and_reported_with_their_line() {
        assert_eq!(
            errors("198.51.100.7\n203.0.113.0/24"),
            ["Line 2: “203.0.113.0/24” is a range. Enter one address per line"]
        );
        for line in ["10.0.0.*", "10.0.0.1-10.0.0.9", "2001:db8::/32", "*", "10.0.0.1/32"] {
            assert!(errors(line)[0].contains("is a range"), "{line}");
        }
    }

    #[test]
    fn a_line_must_contain_a_single_address() {
        assert_eq!(
            errors("\n\n10.0.0.300"),
            ["Line 3: “10.0.0.300” is not an IPv4 or IPv6 address"]
        );
        for line in [
            "203.0.113.7:443",
            "[2001:db8::1]",
            "[2001:db8::1]:443",
            "fe80::1%eth0",
            "203.0.113.07",
            "0x7f.0.0.1",
            "2130706433",
            "localhost",
            "1.2.3",
            "1.2.3.4.5",
            "'; DROP TABLE x; --",
        ] {
            assert!(errors(line)[0].contains("is not an IPv4 or IPv6 address"), "{line}");
        }
        assert!(errors("10.0.0.1, 10.0.0.2")[0].contains("more than one address"));
        for line in ["0.0.0.0", "::", "255.255.255.255", "ff02::1", "224.0.0.1"] {
            assert!(errors(line)[0].contains("is not the address of one client"), "{line}");
        }
    }

    #[test]
    fn at_most_a_hundred_addresses_are_allowed() {
        let lines =
            |count: u8| (1..=count).map(|n| format!("10.0.0.{n}")).collect::<Vec<_>>().join("\n");
        assert!(IpWhitelist::parse(&lines(100)).is_ok());
        assert_eq!(errors(&lines(101)), ["Enter 100 addresses or fewer"]);
    }

    proptest! {
        #[test]
        fn every_ipv4_spelling_becomes_the_same_address(bits: u32) {
            let address = Ipv4Addr::from(bits);
            prop_assume!(!address.is_unspecified() && !address.is_multicast() && !address.is_broadcast());
            let mapped = format!("{address}\n::ffff:{address}\n{}", address.to_ipv6_mapped());
            let list = IpWhitelist::parse(&mapped).expect("valid addresses");
            prop_assert_eq!(list.addresses(), &[IpAddr::V4(address)]);
        }

        #[test]
        fn a_displayed_list_is_read_back_unchanged(v6: Vec<u128>) {
            let text: Vec<_> = v6.iter().take(50).map(|bits| Ipv6Addr::from(*bits).to_string()).collect();
            if let Ok(list) = IpWhitelist::parse(&text.join("\n")) {
                prop_assert_eq!(IpWhitelist::parse(&list.to_string()), Ok(list));
            }
        }

        #[test]
        fn no_text_causes_a_panic(text in ".*") {
            let _ = IpWhitelist::parse(&text);
        }
    }
}
