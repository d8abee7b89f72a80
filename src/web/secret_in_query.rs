//! A secret key in a URL: proxies log URLs and browsers store them, so a request with one is not
//! answered but redirected to the same URL without the secret key, where a notice says what to do.
//!
//! A cookie records only that there is a notice, since a visitor's session stores no text. ASVS
//! 14.2.1.

use actix_session::SessionExt as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;
use actix_web::web;

use super::flash::Notice;
use super::{Site, cookie, page, path};
use crate::base::error::Error;
use crate::base::secret_scan;

const NOTICE: &str = "The address held a secret key, which was removed. It may be in the browser’s \
                      history or a proxy’s log: rotate the key it belongs to.";
/// The name of the cookie, without the common prefix or suffix.
const COOKIE: &str = "latchkey-notice";
/// How long the notice waits for a page that shows it.
const NOTICE_LIFETIME: Duration = Duration::minutes(10);

/// Redirects a request with a secret key in its query to the same URL without it, whatever its
/// method; shows the notice on the next page.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let site = request.app_data::<web::Data<Site>>().ok_or_else(|| Error::internal("no site"))?;
    let url = site.public_url.clone();
    if let Some(location) = without_secrets(request.uri()) {
        let mut response = page::see_other(&location);
        response.add_cookie(&cookie::build(&url, COOKIE, "1".into(), NOTICE_LIFETIME))?;
        return Ok(request.into_response(response));
    }
    if request.method() != Method::GET || cookie::value(request.request(), COOKIE).is_none() {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let session = request.get_session();
    // Another waiting notice is shown on the page after this one.
    let other = Notice::take(&session);
    let is_set = Notice::warning(NOTICE).set(&session).is_ok();
    let mut response = next.call(request).await?.map_into_boxed_body();
    if is_set && !Notice::is_pending(&session) {
        let removed = cookie::build(&url, COOKIE, String::new(), Duration::ZERO);
        response.response_mut().add_cookie(&removed)?;
    } else if is_set {
        // Nothing was shown: the cookie restores the notice.
        let _ = Notice::take(&session);
    }
    if let Some(other) = other {
        let _ = other.set(&session);
    }
    Ok(response)
}

/// The URL without the parameters that contain a secret key; `None` if none does.
fn without_secrets(uri: &Uri) -> Option<String> {
    let query = uri.query().filter(|query| secret_scan::contains_secret(query))?;
    let kept = query.split('&').filter(|part| !secret_scan::contains_secret(part));
    let kept = kept.collect::<Vec<_>>().join("&");
    let location = match kept.as_str() {
        // A secret key that spans several parameters is in none of them.
        kept if kept.is_empty() || secret_scan::contains_secret(kept) => uri.path().to_owned(),
        kept => format!("{}?{kept}", uri.path()),
    };
    Some(path::own(&location).unwrap_or_else(|| "/".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parameters_with_a_secret_key_are_removed() {
        let body = format!("lk_prod_{}", "a".repeat(secret_scan::RANDOM));
        let sum = secret_scan::checksum(&body);
        let secret = format!("{body}{}", str::from_utf8(&sum).expect("ASCII"));
        let encoded = secret.replace('_', "%5f");
        let (start, end) = secret.split_at(20);
        for (uri, expected) in [
            (format!("/api-keys?q={secret}"), "/api-keys"),
            (format!("/api-keys?view=all&q={encoded}&sort=name"), "/api-keys?view=all&sort=name"),
            (format!("/sign-in?next=%2Fapi-keys%3Fq%3D{encoded}&ended=1"), "/sign-in?ended=1"),
            (format!("/x?{secret}"), "/x"),
            (format!("/x?{secret}=1&a=%zz"), "/x?a=%zz"),
            (format!("/x?a={start}+{end}&b=1"), "/x?b=1"),
            (format!("/x?{start}&{end}"), "/x"),
            (format!("/{secret}?q={secret}"), "/"),
            (format!("//evil.example/?q={secret}"), "/"),
        ] {
            let uri: Uri = uri.parse().expect("an address");
            assert_eq!(without_secrets(&uri).as_deref(), Some(expected), "{uri}");
        }
        let uri: Uri = format!("/x?q=lk_prod_{end}").parse().expect("an address");
        assert_eq!(without_secrets(&uri), None);
    }
}
