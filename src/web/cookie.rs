//! The names and attributes of all cookies. ASVS 3.3.1 to 3.3.4.

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

use super::Site;
use crate::config::PublicUrl;

/// The name of the cookie `base`. Over https, a prefix binds it to this host, `Secure` and `/`
/// (RFC 6265bis, 4.1.3.2). Browsers reject the prefix over plain http, where the name contains the
/// port: cookies ignore ports, and two programs on one machine would overwrite each other's.
pub fn name(url: &PublicUrl, base: &str) -> String {
    if url.is_https() { format!("__Host-{base}") } else { format!("{base}-{}", url.port()) }
}

/// The cookie `base`, valid for `age`, hidden from scripts and cross-site requests.
pub fn build(url: &PublicUrl, base: &str, value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(name(url, base), value)
        .path("/")
        .max_age(age)
        .same_site(SameSite::Lax)
        .http_only(true)
        .secure(url.is_https())
        .finish()
}

/// The value of the cookie `base` in a request.
pub fn value(request: &HttpRequest, base: &str) -> Option<String> {
    let site = request.app_data::<web::Data<Site>>()?;
    request.cookie(&name(&site.public_url, base)).map(|cookie| cookie.value().to_owned())
}

/// Removes cookies that are not UTF-8 from a request: they belong to other programs, and ours could
/// not be read next to them.
pub async fn drop_unreadable(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    keep_readable(request.headers_mut());
    next.call(request).await
}

fn keep_readable(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).all(|line| str::from_utf8(line.as_bytes()).is_ok()) {
        return;
    }
    for line in headers.remove(header::COOKIE) {
        let cookies = line.as_bytes().split(|byte| *byte == b';');
        let readable = cookies.filter_map(|cookie| str::from_utf8(cookie).ok());
        let readable = readable.map(str::trim).collect::<Vec<_>>().join("; ");
        if let Ok(line) = HeaderValue::from_bytes(readable.as_bytes()) {
            headers.append(header::COOKIE, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_in_another_encoding_leaves_the_others_readable() {
        let mut headers = HeaderMap::new();
        for line in [&b"a=1; b=\xfc; c=\xc3\xbc"[..], b"d=4", b"\xff"] {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("a line"));
        }
        keep_readable(&mut headers);
        let lines: Vec<_> = headers.get_all(header::COOKIE).map(HeaderValue::as_bytes).collect();
        assert_eq!(lines, ["a=1; c=ü".as_bytes(), b"d=4", b""]);
    }

    #[test]
    fn each_address_has_its_own_cookies() {
        let named = |url| name(&PublicUrl::parse(url).expect("a URL"), "latchkey");
        assert_eq!(named("https://keys.example.com"), "__Host-latchkey");
        assert_eq!(named("http://127.0.0.1:8081"), "latchkey-8081");
        assert_eq!(named("http://localhost"), "latchkey-80");
    }
}
