//! The secret key in a request, and the client's address.

use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::domain::usage::RequestLine;
use crate::domain::verification::{ClientAddress, Credential};
use crate::web::{Site, client_address};

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// The credentials in the `Authorization` header.
pub(super) fn credential(headers: &HeaderMap) -> Credential {
    Credential::read(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes))
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
