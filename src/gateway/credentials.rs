//! The secret key in a request, and the client's address.

use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::config::CredentialHeaders;
use crate::domain::usage::RequestLine;
use crate::domain::verification::{ClientAddress, Credential};
use crate::web::{Site, client_address};

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// The user and the password of HTTP Basic (RFC 7617).
pub(super) struct Basic(Zeroizing<String>);

impl Basic {
    /// Reads the credentials of an `Authorization` header with the scheme Basic.
    pub(super) fn read(value: &str) -> Option<Self> {
        let encoded = without_scheme(value, "basic")?;
        let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
        let text = Zeroizing::new(str::from_utf8(&decoded).ok()?.to_owned());
        text.contains(':').then_some(Self(text))
    }

    pub(super) fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or_default()
    }
}

/// The credentials in the headers that may carry a secret key.
pub(super) fn credential(headers: &HeaderMap, allowed: &CredentialHeaders) -> Credential {
    let values = |name| headers.get_all(name).map(HeaderValue::as_bytes);
    match allowed.only() {
        Some(name) if name == AUTHORIZATION => Credential::read(values(&AUTHORIZATION)),
        Some(name) => Credential::read_alone(values(name)),
        None => among(headers, allowed),
    }
}

fn among(headers: &HeaderMap, allowed: &CredentialHeaders) -> Credential {
    let texts = |name| headers.get_all(name).filter_map(|value| value.to_str().ok());
    let basic: Vec<Basic> =
        texts(&AUTHORIZATION).filter(|_| allowed.allows_basic()).filter_map(Basic::read).collect();
    // With a password, the user is somebody else's, and the secret key stays where it is.
    let users = basic.iter().map(Basic::parts).filter(|(_, password)| password.is_empty());
    let named = allowed.names().iter().flat_map(|name| {
        texts(name).filter_map(move |value| {
            if name == AUTHORIZATION {
                without_scheme(value, "bearer")
            } else {
                Some(value.trim_matches(' '))
            }
        })
    });
    Credential::read_among(named.chain(users.map(|(user, _)| user)))
}

/// What follows the scheme and its spaces.
fn without_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim_matches(' '))
}

/// The client's address: the peer, or the one that a trusted proxy reports.
pub(super) fn origin(head: &RequestHead, site: &Site) -> ClientAddress {
    client_address::of(head, &site.trusted_proxies)
        .map_or(ClientAddress::Missing, ClientAddress::Known)
}

/// The request that a gateway asks about, from the first header of either kind.
pub(super) fn request_line(headers: &HeaderMap) -> RequestLine<'_> {
    let either = |one: &HeaderName, other: &HeaderName| {
        headers.get(one).or_else(|| headers.get(other)).map(HeaderValue::as_bytes)
    };
    RequestLine {
        method: either(&ORIGINAL_METHOD, &FORWARDED_METHOD),
        target: either(&ORIGINAL_URI, &FORWARDED_URI),
    }
}
