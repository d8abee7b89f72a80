//! Answers that people see: pages and redirects.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, http::header::ContentType};
use askama::Template;

use crate::error::Error;

/// A page with that status.
///
/// # Errors
/// When the template fails.
pub fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    let body = template.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(body))
}

/// A page that was found.
///
/// # Errors
/// When the template fails.
pub fn ok(template: &impl Template) -> Result<HttpResponse, Error> {
    page(StatusCode::OK, template)
}

/// After a write: look there.
#[must_use]
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}
