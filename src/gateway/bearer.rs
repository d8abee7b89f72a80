//! The bearer of a request: its secret key, and where it comes from.

use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::domain::usage::Named;
use crate::domain::verification::{From, Presented};
use crate::web::{Site, client_address};

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// What the `Authorization` header bears.
pub(super) fn presented(headers: &HeaderMap) -> Presented {
    Presented::read(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes))
}

/// Where the request comes from: the peer, or whom a trusted proxy names.
pub(super) fn origin(head: &RequestHead, site: &Site) -> From {
    client_address::of(head, &site.trusted_proxies).map_or(From::Unknown, From::Address)
}

/// The request that a gateway asks about, as the first header of either kind names it.
pub(super) fn named(headers: &HeaderMap) -> Named<'_> {
    let either = |one: &HeaderName, other: &HeaderName| {
        headers.get(one).or_else(|| headers.get(other)).map(HeaderValue::as_bytes)
    };
    Named {
        method: either(&ORIGINAL_METHOD, &FORWARDED_METHOD),
        target: either(&ORIGINAL_URI, &FORWARDED_URI),
    }
}
