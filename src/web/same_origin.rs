//! Refuses what other sites have a browser send: an unsafe method must come from our own pages.
//! ASVS 3.5.1.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{ResponseError as _, web};

use super::Site;
use super::refusal::Refusal;

/// Lets safe methods pass; others need `Sec-Fetch-Site: same-origin` or, from a browser that does
/// not say, our own `Origin`.
///
/// # Errors
/// What fails below.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.method().is_safe() || is_ours(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    Ok(request.into_response(Refusal::CrossSite.error_response()))
}

fn is_ours(request: &ServiceRequest) -> bool {
    let header =
        |name: header::HeaderName| request.headers().get(name).map(header::HeaderValue::as_bytes);
    if let Some(said) = header(header::HeaderName::from_static("sec-fetch-site")) {
        return said == b"same-origin";
    }
    let site = request.app_data::<web::Data<Site>>();
    let ours = site.map(|site| site.public_url.origin().as_bytes());
    ours.is_some() && header(header::ORIGIN) == ours
}
