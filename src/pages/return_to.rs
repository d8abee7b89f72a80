//! Where a member returns to after signing in or confirming who they are.

use actix_web::{HttpRequest, web};
use url::form_urlencoded;

use crate::base::secret_scan;
use crate::web::routes::Pages;

/// The sign-in page, with the page to return to.
pub(super) fn sign_in_location(request: &HttpRequest) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(next) = page_to_return_to(request) {
        query.append_pair("next", next);
        if !request.method().is_safe() {
            query.append_pair("ended", "1");
        }
    }
    let query = query.finish();
    if query.is_empty() { "/sign-in".into() } else { format!("/sign-in?{query}") }
}

/// The page to return to after signing in: the requested page, or the page to which a form was sent.
pub(super) fn page_to_return_to(request: &HttpRequest) -> Option<&str> {
    if request.method().is_safe() {
        let next = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Some(next).filter(|next| !secret_scan::contains_secret(next));
    }
    let (pages, pattern) = request.app_data::<web::Data<Pages>>().zip(request.match_pattern())?;
    pages.has(&pattern).then(|| request.path())
}

/// The page with the form that was sent: at the path of the form or, if there is no page, above it.
pub(super) fn page_above(request: &HttpRequest) -> String {
    let pages = request.app_data::<web::Data<Pages>>();
    let mut path = request.path();
    while !path.is_empty() && !pages.is_some_and(|pages| pages.has(path)) {
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    path.to_owned()
}
