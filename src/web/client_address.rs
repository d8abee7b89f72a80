//! The client's address: the peer's, or the one that a trusted proxy reports.
//!
//! Never the left-most `X-Forwarded-For` entry, which the caller can write. ASVS 15.3.4.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderName, HeaderValue};

use crate::config::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address; `None` if the peer is a trusted proxy that reports no address, or one that
/// cannot be parsed.
pub fn of(head: &RequestHead, trusted: &TrustedProxies) -> Option<IpAddr> {
    let peer = head.peer_addr?.ip().to_canonical();
    if !trusted.contains(peer) {
        return Some(peer);
    }
    let lines = head.headers.get_all(FORWARDED_FOR).map(HeaderValue::as_bytes);
    from_forwarded_for(peer, &lines.collect::<Vec<_>>(), trusted)
}

/// The client's address for a peer and its lines of `X-Forwarded-For`, in order. Entries to the
/// left of the client's address are not read.
pub fn from_forwarded_for(
    peer: IpAddr,
    lines: &[&[u8]],
    trusted: &TrustedProxies,
) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return Some(peer);
    }
    for line in lines.iter().rev() {
        for name in line.rsplit(|byte| *byte == b',') {
            let name = str::from_utf8(name).ok()?.trim_matches([' ', '\t']);
            let address = without_port(name)?.to_canonical();
            if !trusted.contains(address) {
                return Some(address);
            }
        }
    }
    None
}

/// An address, optionally with a port, which some load balancers add: `203.0.113.9:51234`,
/// `[2001:db8::9]:443`.
fn without_port(name: &str) -> Option<IpAddr> {
    if let Ok(address) = name.parse() {
        return Some(address);
    }
    match name.parse().ok()? {
        SocketAddr::V6(address) if address.scope_id() != 0 => None,
        address => Some(address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lines: &[&str]) -> Option<String> {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        let trusted = TrustedProxies::parse("10.0.0.0/8, 2001:db8::/32").expect("networks");
        from_forwarded_for(peer.parse().expect("an address"), &lines, &trusted)
            .map(|a| a.to_string())
    }

    #[test]
    fn the_headers_of_an_untrusted_peer_are_ignored() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(seen("::ffff:203.0.113.9", &[]).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn the_right_most_address_that_is_not_a_trusted_proxy_counts() {
        for (lines, client) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            (&["198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            (&["192.0.2.66", "198.51.100.1 , 10.1.1.1"], "198.51.100.1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            (&["2a00::1, 2001:db8::7"], "2a00::1"),
            (&["198.51.100.1:51234"], "198.51.100.1"),
            (&["192.0.2.66, [2a00::1]:443, 10.1.1.1:80, [2001:db8::7]:1"], "2a00::1"),
        ] {
            assert_eq!(seen("10.0.0.1", lines).as_deref(), Some(client), "{lines:?}");
            assert_eq!(seen("::ffff:10.0.0.1", lines).as_deref(), Some(client), "{lines:?}");
        }
    }

    #[test]
    fn an_unreadable_entry_gives_no_address() {
        for lines in [
            &[][..],
            &[""],
            &["unknown"],
            &["198.51.100.1:"],
            &["198.51.100.1:65536"],
            &["198.51.100.1:80:80"],
            &["2001:db9::9:443:x"],
            &["[2a00::1%1]:443"],
            &["[198.51.100.1]:80"],
            &["198.51.100.1,"],
            &["10.0.0.2"],
            &["[2a00::1]"],
            &["fe80::1%eth0"],
            &["198.51.100.01"],
            &["\u{a0}198.51.100.1"],
            &["198.51.100.\u{661}"],
        ] {
            assert_eq!(seen("10.0.0.1", lines), None, "{lines:?}");
        }
    }
}
