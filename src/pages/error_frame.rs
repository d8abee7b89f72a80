//! The errors of members, who keep the links at the top of the page.

use std::rc::Rc;
use std::sync::Arc;

use actix_session::SessionExt as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use askama::Template;

use super::{SESSION_KEY, Viewer, gate};
use crate::base::secret_scan::without_secrets;
use crate::base::text;
use crate::domain::members::Permission;
use crate::web::error_page::{CHECK_URL, ErrorPage, Problem, Renderer};
use crate::web::page;

/// The maximum length of a Key ID from a URL in a title, in characters: about twice that of a
/// genuine one.
const MAX_KEY_ID_LENGTH: usize = 32;

#[derive(Template)]
#[template(path = "error_in_frame.html")]
struct FramedError<'a> {
    viewer: &'a Viewer,
    page: &'a ErrorPage,
}

/// Renders errors for `viewer`, without the database.
pub(super) fn renderer(viewer: Arc<Viewer>) -> Renderer {
    Renderer(Rc::new(move |page| page::html(&FramedError { viewer: &viewer, page })))
}

/// Adds a [`Renderer`] to the requests of members that failed without a gate, such as those for a
/// page that does not exist, and says which key does not exist.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let is_drawn = response.headers().contains_key(CONTENT_TYPE);
    if is_drawn || !response.status().is_client_error() {
        return Ok(response);
    }
    let request = response.request().clone();
    let passed_gate = request.extensions().contains::<Renderer>();
    if !passed_gate && request.get_session().contains_key(SESSION_KEY) {
        // Inserts the renderer, unless there is no such member.
        let _ = gate::visit_of(&request).await;
    }
    let missing_key = missing_key(&request).filter(|_| passed_gate);
    if let Some(problem) = missing_key.filter(|_| response.status() == StatusCode::NOT_FOUND) {
        response.response_mut().extensions_mut().insert(problem);
    }
    Ok(response)
}

/// The problem that the key in the path does not exist.
fn missing_key(request: &HttpRequest) -> Option<Problem> {
    let id = request.match_info().get("key_id")?;
    let id = text::visible(&without_secrets(id), MAX_KEY_ID_LENGTH);
    let is_shown = !id.trim().is_empty();
    is_shown.then(|| Problem::new(format!("No key has the ID {id}"), CHECK_URL))
}
