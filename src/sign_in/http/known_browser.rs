//! The cookie of a browser that a member has signed in with. It outlives sessions and signing out.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

use crate::error::Result;
use crate::sign_in::known;
use crate::web::Site;

/// The name of the cookie over https and over plain http, as of the session's cookie.
const COOKIE: &str = "__Host-latchkey-browser";
const PLAIN_COOKIE: &str = "latchkey-browser";

/// A new cookie for the browser of somebody who has just signed in.
pub(super) fn cookie(site: &Site) -> Result<Cookie<'static>> {
    let is_https = site.public_url.is_https();
    let name = if is_https { COOKIE } else { PLAIN_COOKIE };
    Ok(Cookie::build(name, known::issue(&site.keyring, site.clock.now())?)
        .path("/")
        .max_age(Duration::days(known::BROWSER_DAYS))
        .same_site(SameSite::Lax)
        .http_only(true)
        .secure(is_https)
        .finish())
}

/// The browser's id, when its cookie is genuine.
pub(super) fn id_of(request: &HttpRequest, site: &Site) -> Option<String> {
    let name = if site.public_url.is_https() { COOKIE } else { PLAIN_COOKIE };
    known::browser(&site.keyring, request.cookie(name)?.value(), site.clock.now())
}
