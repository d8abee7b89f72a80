//! The cookie of a browser that a member has signed in with. It outlives sessions and signing out.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time::Duration};

use crate::base::error::Result;
use crate::domain::sign_in::known;
use crate::web::{Site, cookie};

/// What the cookie is called, but for what every cookie's name has.
const COOKIE: &str = "latchkey-browser";

/// A new cookie for the browser of somebody who has just signed in.
pub(super) fn for_browser(site: &Site) -> Result<Cookie<'static>> {
    let value = known::issue(&site.keyring, site.clock.now())?;
    Ok(cookie::build(&site.public_url, COOKIE, value, Duration::days(known::BROWSER_DAYS)))
}

/// The browser's id, when its cookie is genuine.
pub(super) fn id_of(request: &HttpRequest, site: &Site) -> Option<String> {
    known::browser(&site.keyring, &cookie::value(request, COOKIE)?, site.clock.now())
}
