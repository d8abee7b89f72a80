//! The cookie of a browser in which a member has signed in. It outlives sessions and signing out.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time::Duration};

use crate::base::error::Result;
use crate::domain::sign_in::known;
use crate::web::{Site, cookie};

/// The name of the cookie, without the common prefix or suffix.
const COOKIE: &str = "latchkey-browser";

/// A new cookie for the browser after signing in.
pub(super) fn for_browser(site: &Site) -> Result<Cookie<'static>> {
    let value = known::issue(&site.keyring, site.clock.now())?;
    Ok(cookie::build(&site.public_url, COOKIE, value, Duration::days(known::BROWSER_DAYS)))
}

/// The browser's id, if its cookie is genuine.
pub(super) fn id_of(request: &HttpRequest, site: &Site) -> Option<String> {
    known::browser(&site.keyring, &cookie::value(request, COOKIE)?, site.clock.now())
}
