//! The bearer of a request: its secret key, and where it comes from.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::verification::{From, Presented};
use crate::web::{Site, client_address};

/// What the `Authorization` header bears.
pub(super) fn presented(headers: &HeaderMap) -> Presented {
    Presented::read(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes))
}

/// Where the request comes from: the peer, or whom a trusted proxy names.
pub(super) fn origin(request: &HttpRequest, site: &Site) -> From {
    client_address::of(request, &site.trusted_proxies).map_or(From::Unknown, From::Address)
}
