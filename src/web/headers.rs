//! Headers of every response, and the request's id. ASVS 3.4, 14.3.2.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, web};
use tracing_actix_web::RequestId;

use super::Site;

const ALWAYS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
         connect-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    // `no-referrer` would make forms send `Origin: null`.
    ("referrer-policy", "same-origin"),
];

/// What documents may use. Without it assets are smaller, and they are no documents.
const PERMISSIONS: (&str, &str) = (
    "permissions-policy",
    "accelerometer=(),camera=(),clipboard-read=(),clipboard-write=(self),display-capture=(),\
         geolocation=(),gyroscope=(),hid=(),idle-detection=(),magnetometer=(),\
         microphone=(),midi=(),payment=(),publickey-credentials-create=(self),\
         publickey-credentials-get=(self),serial=(),usb=(),\
         xr-spatial-tracking=()",
);

/// The header with rules for search engines
/// (<https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag>).
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// Two years, including subdomains (ASVS 3.4.1).
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Adds the headers; a response keeps its own `Cache-Control`.
pub async fn add(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_https = is_https(&request);
    let mut response = next.call(request).await?;
    insert(response.headers_mut(), is_https);
    Ok(response)
}

/// Whether people reach the site over TLS.
pub(super) fn is_https(request: &ServiceRequest) -> bool {
    request.app_data::<web::Data<Site>>().is_some_and(|site| site.public_url.is_https())
}

pub(super) fn insert(headers: &mut HeaderMap, is_https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let is_asset = headers
        .get(header::CACHE_CONTROL)
        .is_some_and(|value| value.as_bytes().ends_with(b"immutable"));
    if !is_asset {
        let (name, value) = PERMISSIONS;
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    // The value prevented compression, and has no meaning for clients (RFC 9110, 8.4).
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        headers.remove(header::CONTENT_ENCODING);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // No page is meant for search engines. Only assets may be cached, and search engines do not
        // list them.
        headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
    }
}

/// The request's id, as in the log.
pub fn request_id(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(ToString::to_string)
}
