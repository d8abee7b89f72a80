//! Rejects cross-site requests: a request with an unsafe method must come from our own pages. ASVS
//! 3.5.1.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{ResponseError as _, web};
use url::Url;

use super::Site;
use super::rejection::Rejection;

/// The one path to which other servers send requests: a signed token proves who they are.
const FOREIGN: &str = "/sign-in/sso/logout";

/// Lets safe methods pass. Others need `Sec-Fetch-Site: same-origin`; from browsers without that
/// header, our own `Origin`; or, without either, one of our pages as `Referer`.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.method().is_safe() || request.path() == FOREIGN || is_ours(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    Ok(request.into_response(Rejection::CrossSite.error_response()))
}

fn is_ours(request: &ServiceRequest) -> bool {
    let header =
        |name: header::HeaderName| request.headers().get(name).map(header::HeaderValue::as_bytes);
    if let Some(fetch_site) = header(header::HeaderName::from_static("sec-fetch-site")) {
        return fetch_site == b"same-origin";
    }
    let Some(site) = request.app_data::<web::Data<Site>>() else { return false };
    let ours = site.public_url.origin();
    if let Some(origin) = header(header::ORIGIN) {
        return origin == ours.as_bytes();
    }
    let referer = header(header::REFERER).and_then(|referer| str::from_utf8(referer).ok());
    let referer = referer.and_then(|referer| Url::parse(referer).ok());
    referer.is_some_and(|referer| referer.origin().ascii_serialization() == ours)
}
