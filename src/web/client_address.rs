//! Who is at the other end: the peer, or whom a trusted proxy names.
//!
//! Never the left-most `X-Forwarded-For`, which the caller writes. ASVS 15.3.4.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use crate::config::TrustedProxies;

/// The client's address; `None` when the peer is a trusted proxy that names nobody, or names
/// somebody in a way that cannot be read.
#[must_use]
pub fn of(request: &HttpRequest, trusted: &TrustedProxies) -> Option<IpAddr> {
    behind(request.peer_addr()?.ip(), request.headers(), trusted)
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return Some(peer);
    }
    let lines: Vec<_> = headers.get_all("x-forwarded-for").collect();
    for line in lines.into_iter().rev() {
        for name in line.to_str().ok()?.split(',').rev() {
            let address = name.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !trusted.contains(address) {
                return Some(address);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn seen(peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(line).expect("a header"),
            );
        }
        let trusted = TrustedProxies::parse("10.0.0.0/8, 2001:db8::/32").expect("networks");
        behind(peer.parse().expect("an address"), &headers, &trusted).map(|a| a.to_string())
    }

    #[test]
    fn a_stranger_s_headers_count_for_nothing() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(seen("::ffff:203.0.113.9", &[]).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn the_right_most_address_that_is_no_trusted_proxy_counts() {
        for (lines, client) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            (&["198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            (&["192.0.2.66", "198.51.100.1 , 10.1.1.1"], "198.51.100.1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            (&["2a00::1, 2001:db8::7"], "2a00::1"),
        ] {
            assert_eq!(seen("10.0.0.1", lines).as_deref(), Some(client), "{lines:?}");
            assert_eq!(seen("::ffff:10.0.0.1", lines).as_deref(), Some(client), "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_nobody() {
        for lines in [
            &[][..],
            &[""],
            &["unknown"],
            &["198.51.100.1:80"],
            &["198.51.100.1,"],
            &["10.0.0.2"],
            &["[2a00::1]"],
            &["fe80::1%eth0"],
            &["198.51.100.01"],
        ] {
            assert_eq!(seen("10.0.0.1", lines), None, "{lines:?}");
        }
    }
}
