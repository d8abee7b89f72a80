//! The bearer of a request: its secret key (RFC 6750, 2.1), and where it comes from.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use crate::api_keys::SecretKey;
use crate::verification::{From, Presented};
use crate::web::{Site, client_address};

/// What the `Authorization` header bears. Another scheme bears no key; two headers, or anything
/// but one well-formed secret key, are malformed.
pub(super) fn presented(headers: &HeaderMap) -> Presented {
    let mut values = headers.get_all(AUTHORIZATION);
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Presented::Nothing };
    let (None, Ok(value)) = (second, value.to_str()) else { return Presented::Malformed };
    let (scheme, secret) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        let is_bearer_like =
            scheme.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("bearer"));
        return if is_bearer_like { Presented::Malformed } else { Presented::Nothing };
    }
    SecretKey::parse(secret.trim_matches(' ')).map_or(Presented::Malformed, Presented::Secret)
}

/// Where the request comes from: the peer, or whom a trusted proxy names.
pub(super) fn origin(request: &HttpRequest, site: &Site) -> From {
    client_address::of(request, &site.trusted_proxies).map_or(From::Unknown, From::Address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_keys::Environment;
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    fn seen(values: &[&[u8]]) -> &'static str {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(AUTHORIZATION, value);
            }
        }
        match presented(&headers) {
            Presented::Nothing => "nothing",
            Presented::Malformed => "malformed",
            Presented::Secret(_) => "secret",
        }
    }

    #[test]
    fn one_well_formed_secret_key_after_bearer_is_read() {
        let secret = SecretKey::generate("lk", Environment::Production).expect("random");
        let secret = secret.expose();
        for good in ["Bearer S", "bearer S", "BEARER S", "Bearer   S", "Bearer S "] {
            assert_eq!(seen(&[good.replace('S', secret).as_bytes()]), "secret", "{good}");
        }
        for bad in [
            "Bearer",
            "Bearer ",
            "Bearer\tS",
            "Bearer S S",
            "Bearer key_7QF2M8KDX4TN",
            "BearerS",
            "Bearer \tS",
        ] {
            assert_eq!(seen(&[bad.replace('S', secret).as_bytes()]), "malformed", "{bad}");
        }
        for other in ["", "Basic S", "Token S", secret] {
            assert_eq!(seen(&[other.replace('S', secret).as_bytes()]), "nothing", "{other}");
        }
        let good = format!("Bearer {secret}");
        assert_eq!(seen(&[good.as_bytes(), good.as_bytes()]), "malformed");
        assert_eq!(seen(&[b"Bearer \xff"]), "malformed");
        assert_eq!(seen(&[&[b"Bearer ".as_slice(), &[b'a'; 8192]].concat()]), "malformed");
        assert_eq!(seen(&[]), "nothing");
    }

    proptest! {
        #[test]
        fn no_header_is_taken_for_a_secret_key_by_chance(value: Vec<u8>) {
            prop_assert_ne!(seen(&[&value]), "secret");
            prop_assert_ne!(seen(&[&[b"Bearer ".as_slice(), &value].concat()]), "secret");
        }
    }
}
