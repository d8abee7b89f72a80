//! The page that shows a secret key once, after the key was created or rotated.

use std::sync::Arc;

use askama::Template;

use super::backdrop::Backdrop;
use crate::base::clock::long_date;
use crate::base::text;
use crate::domain::api_keys::{Details, SecretKey};
use crate::pages::{Dialog, Input, SubmitResult, Viewer};
use crate::web::flash::Notice;
use crate::web::page;

/// The message after a second submit of the form.
pub(super) const ALREADY_SHOWN: &str =
    "This secret key has already been shown. If you did not save it, rotate the key.";

#[derive(Template)]
#[template(path = "api_keys/secret.html")]
struct SecretPage {
    viewer: Arc<Viewer>,
    backdrop: Option<Arc<Backdrop>>,
    secret: SecretKey,
    id: String,
    name: String,
    expires: String,
    /// Where "I have copied it" leads: the key's page.
    done: String,
}

/// Shows the secret that a dialog has created. "I have copied it" leads to `done`, and a second
/// submit to `location`.
pub(super) fn reveal<D: Dialog<Backdrop = Backdrop>>(
    input: &Input<D>,
    (Details { key, .. }, secret): (Details, SecretKey),
    what_was_done: &str,
    location: String,
    done: String,
) -> SubmitResult {
    let page = SecretPage {
        viewer: input.viewer.clone(),
        backdrop: input.backdrop_of_secret.clone(),
        secret,
        id: key.id.as_str().into(),
        name: key.name.as_str().into(),
        expires: long_date(key.expires_at.last_day()),
        done,
    };
    let notice = Notice::done(format!("{} {what_was_done}.", text::quoted(&page.name)));
    SubmitResult::at(location, notice).reveal(move || {
        page::reveal(&page, &[("Key ID", &page.id), ("Secret Key", page.secret.expose())])
    })
}
