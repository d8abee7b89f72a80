//! The theme switch of the account menu.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::pages::SignedIn;
use crate::web::Site;
use crate::web::form::{Form, STRANGERS};
use crate::web::page::see_other;
use crate::web::path;
use crate::web::theme::Theme;

#[derive(Deserialize)]
pub(super) struct ThemeForm {
    #[serde(default)]
    theme: String,
}

/// Stores the choice and returns to the page. A second submit does no harm, so the token is not
/// spent.
pub(super) async fn set_theme(
    _viewer: SignedIn,
    form: Form<ThemeForm, STRANGERS>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> HttpResponse {
    let back = path::referrer(&request, &site.public_url).unwrap_or_else(|| "/".into());
    let mut response = see_other(&back);
    // Our cookies always fit into a header.
    let theme = Theme::parse(&form.fields.theme).unwrap_or_default();
    let _ = response.add_cookie(&theme.cookie(&site));
    response
}
