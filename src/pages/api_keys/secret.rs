//! The page that shows a secret key once, after the key was created or rotated.

use actix_web::HttpResponse;
use askama::Template;

use super::behind::Behind;
use crate::base::clock::long_date;
use crate::base::error::Result;
use crate::domain::api_keys::{ApiKey, Details, SecretKey};
use crate::pages::{Reveal, Viewer};
use crate::web::flash::Notice;
use crate::web::{Site, page};

/// What a second submit of the form is told.
pub(super) const ALREADY_SHOWN: &str =
    "This secret key has already been shown. If you did not save it, rotate the key.";

/// Everything that the page needs but the key and its secret.
pub(super) struct SecretPage<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    /// Where a request tells whether the key passes.
    try_url: String,
    /// Where "I have copied it" leads.
    done: String,
}

#[derive(Template)]
#[template(path = "api_keys/secret.html")]
struct Shown<'a> {
    viewer: &'a Viewer,
    behind: &'a Behind,
    secret: &'a SecretKey,
    key: &'a ApiKey,
    expires: String,
    try_url: &'a str,
    done: &'a str,
}

impl<'a> SecretPage<'a> {
    pub(super) async fn load(viewer: &'a Viewer, site: &Site, done: &str) -> Result<Self> {
        Ok(Self {
            viewer,
            behind: Behind::table(&site.db, viewer).await?,
            try_url: format!("{}/v1/authorize", site.public_url),
            done: done.to_owned(),
        })
    }

    pub(super) fn draw(&self, details: &Details, secret: &SecretKey) -> HttpResponse {
        let Self { viewer, behind, try_url, done } = self;
        let key = &details.key;
        let expires = long_date(key.expires_at.last_day());
        let template = Shown { viewer, behind, secret, key, expires, try_url, done };
        let plain = [("Key ID", key.id.as_str()), ("Secret Key", secret.expose())];
        page::reveal(&template, &plain)
    }
}

impl Reveal for SecretPage<'_> {
    type Made = (Details, SecretKey);

    fn show(&self, (details, secret): &Self::Made) -> HttpResponse {
        self.draw(details, secret)
    }

    fn already_shown(&self) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }
}

/// What was made, with the notice that says what was done.
pub(super) fn noted(
    made: (Details, SecretKey),
    what_was_done: &str,
) -> ((Details, SecretKey), Notice) {
    let notice = Notice::done(format!("“{}” {what_was_done}.", made.0.key.name.as_str()));
    (made, notice)
}
