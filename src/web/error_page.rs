//! The HTTP responses for errors: every error that a person may see is a page that says what to do.
//!
//! Handlers and extractors respond with a bare status and optionally a [`Problem`]; the middleware
//! in this module renders the page. So actix's own error responses (404, 405, 400) look the same.
//! A member sees it below the links of every page, which a [`Renderer`] adds.

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse, ResponseError, web};
use askama::Template;

use super::routes::Pages;
use super::theme::Theme;
use super::{headers, page};
use crate::base::error::{Error, Result};
use crate::db;

const ASK: &str = "Ask a super manager who manages members";
const HTML: &str = "text/html; charset=utf-8";

/// What went wrong, as the page shows it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub title: String,
    pub advice: String,
    /// Whether the submitted data may have been saved, so that the page links to where this is
    /// visible.
    pub is_unconfirmed: bool,
}

impl Problem {
    /// A problem with a title and advice.
    pub fn new(title: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { title: title.into(), advice: advice.into(), is_unconfirmed: false }
    }

    /// The problem of a request that failed after it had saved something, or may have.
    fn unconfirmed() -> Self {
        let advice = "Latchkey could not confirm what was saved. Check the page below, or go back \
                      and send the same form again: nothing is done twice.";
        Self { is_unconfirmed: true, ..Self::new("It may have been changed", advice) }
    }

    /// The problem of a request that failed with `status`. After a write, the page must not say
    /// that nothing was changed.
    fn after(status: StatusCode, own: Option<Self>, has_written: bool) -> Self {
        if has_written && status.is_server_error() {
            return Self::unconfirmed();
        }
        own.unwrap_or_else(|| Self::of(status))
    }

    pub(super) fn of(status: StatusCode) -> Self {
        let (title, advice) = match status.as_u16() {
            400 | 414 | 431 => ("This URL cannot be read", CHECK_URL),
            403 => ("You cannot do this", "Ask a super manager if you need it."),
            404 => ("Page not found", CHECK_URL),
            405 => {
                ("This page cannot be used that way", "Go back and use the buttons on the page.")
            }
            408 => (
                "The form took too long to arrive",
                "Nothing was changed. Check your connection, then go back and send it again.",
            ),
            409 => ("Someone else changed this", "Go back, check their changes, then try again."),
            413 => (
                "The text is too long",
                "Nothing was changed. Go back, shorten the text, then send it again.",
            ),
            415 => (
                "Compressed forms are not accepted",
                "Nothing was changed. Send the form without a Content-Encoding header.",
            ),
            422 => (
                "This form could not be read",
                "Nothing was changed. Go back, reload the page, then try again.",
            ),
            429 => ("Too many attempts", "Wait a moment, then try again."),
            503 => (
                "Latchkey cannot reach its database",
                "Nothing was changed. Try again in a moment.",
            ),
            _ => (
                "Latchkey could not do this. Nothing was changed.",
                "Try again. If it happens again, look in the server’s log for the request below.",
            ),
        };
        Self::new(title, advice)
    }
}

/// The advice for a URL that leads nowhere.
pub const CHECK_URL: &str = "Check the URL, or go to API Keys.";

/// Marks a response that denies the member's request: contains the missing permission, or the
/// reason.
#[derive(Clone, Debug)]
pub struct Denial(pub String);

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::PermissionMissing { .. } => StatusCode::FORBIDDEN,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::AlreadySubmitted(_) => StatusCode::SEE_OTHER,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) | Self::Unconfirmed(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) | Self::Unclassified { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        match self {
            Self::AlreadySubmitted(location) => super::page::see_other(location),
            Self::Forbidden(_) | Self::PermissionMissing { .. } => {
                let title = self.to_string();
                let (missing, advice) = match self {
                    Self::PermissionMissing { permission, .. } => (
                        (*permission).to_owned(),
                        format!("{ASK} for the permission {permission}."),
                    ),
                    _ => (title.clone(), format!("{ASK}.")),
                };
                let mut response = problem_response(status, Problem::new(title, advice));
                response.extensions_mut().insert(Denial(missing));
                response
            }
            Self::TooMany { seconds, message } => {
                let mut response =
                    problem_response(status, Problem::new("Too many attempts", message));
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, header::HeaderValue::from(*seconds));
                response
            }
            Self::Unconfirmed(_) => {
                tracing::error!(error = %self, "a request failed");
                problem_response(status, Problem::unconfirmed())
            }
            Self::Unavailable(_) | Self::Internal(_) | Self::Unclassified { .. } => {
                tracing::error!(error = %self, "a request failed");
                problem_response(status, Problem::of(status))
            }
            _ => problem_response(status, Problem::of(status)),
        }
    }
}

/// A response whose page shows `problem`.
pub(super) fn problem_response(status: StatusCode, problem: Problem) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    response.extensions_mut().insert(problem);
    response
}

/// Marks a response that keeps its own body, whatever its status.
struct HasOwnBody;

/// A response in plain text, for programs.
pub fn plain(status: StatusCode, text: impl Into<String>) -> HttpResponse {
    let mut response =
        HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text.into());
    response.extensions_mut().insert(HasOwnBody);
    response
}

/// The page of an error, for people without a session.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub problem: Problem,
    pub status: u16,
    /// The request to look for in the log.
    pub request_id: Option<String>,
    theme: Theme,
    /// The page on which a change would be visible.
    pub section: String,
}

/// Renders the page of an error for the member who sent the request; in the request's extensions.
#[derive(Clone)]
pub struct Renderer(pub Rc<Render>);

type Render = dyn Fn(&ErrorPage) -> Result<String>;

impl ErrorPage {
    /// The page for a request, created before its outcome is known.
    fn of(request: &ServiceRequest) -> Self {
        let pages = request.app_data::<web::Data<Pages>>();
        let section = pages.and_then(|pages| pages.section(request.path()));
        Self {
            problem: Problem::of(StatusCode::INTERNAL_SERVER_ERROR),
            status: 0,
            request_id: headers::request_id(request.request()),
            theme: Theme::of(request.request()),
            section: section.unwrap_or("/api-keys").to_owned(),
        }
    }

    /// Renders the body and sets the headers that it needs.
    fn fill(
        mut self,
        headers: &mut header::HeaderMap,
        status: StatusCode,
        problem: Problem,
        renderer: Option<Renderer>,
    ) -> String {
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(HTML));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        self.request_id = self.request_id.filter(|_| status.is_server_error());
        (self.status, self.problem) = (status.as_u16(), problem);
        let for_member = renderer.and_then(|Renderer(render)| render(&self).ok());
        for_member.or_else(|| page::html(&self).ok()).unwrap_or(self.problem.title)
    }
}

/// Renders the page of every error response without a page of its own. The page says that nothing
/// was changed only if the request has written nothing.
pub async fn draw(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let page = ErrorPage::of(&request);
    let is_https = headers::is_https(&request);
    let (response, has_written) = db::track_writes(next.call(request)).await;
    let response = match response {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            tracing::error!(%error, "a session could not be read or written");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = HttpResponse::new(status);
            let problem = Problem::after(status, None, has_written);
            let body = page.fill(response.headers_mut(), status, problem, None);
            headers::insert(response.headers_mut(), is_https);
            return Err(
                InternalError::from_response(error, response.set_body(BoxBody::new(body))).into()
            );
        }
    };
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_drawn = content_type.is_some_and(|content_type| content_type == HTML)
        || response.response().extensions().contains::<HasOwnBody>();
    if !(status.is_client_error() || status.is_server_error()) || is_drawn {
        return Ok(response);
    }
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = Problem::after(status, problem, has_written);
    let renderer = response.request().extensions().get::<Renderer>().cloned();
    Ok(response
        .map_body(|head, _| BoxBody::new(page.fill(head.headers_mut(), status, problem, renderer))))
}
