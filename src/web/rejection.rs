//! Requests that are denied before their handler runs.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

use super::error_page::{Problem, problem_response};

/// The reason why a request is denied before its handler runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The body is larger than this number of bytes, the limit of the form.
    TooLarge(usize),
    /// The body is compressed, which is not supported.
    Encoded,
    /// The body takes too long.
    TooSlow,
    /// The body is not a form, is not well encoded, or repeats a field.
    Unreadable,
    /// The form token is missing, forged, too old or from another session.
    StaleForm,
    /// The request comes from another site.
    CrossSite,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::StaleForm | Self::CrossSite => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let problem = match self {
            Self::TooLarge(limit) => {
                let problem = Problem::of(self.status_code());
                let advice = format!("The limit is {}. {}", size(*limit), problem.advice);
                Problem::new(problem.title, advice)
            }
            Self::Unreadable | Self::Encoded | Self::TooSlow => Problem::of(self.status_code()),
            Self::StaleForm => Problem::new(
                "This form is no longer valid",
                "Nothing was changed. Go back, reload the page, then try again.",
            ),
            Self::CrossSite => Problem::new(
                "This request came from another site",
                "Nothing was changed. Open Latchkey at its own address and try again there.",
            ),
        };
        let mut response = problem_response(self.status_code(), problem);
        if *self == Self::Encoded {
            // The accepted encoding (RFC 9110, 15.5.16).
            let identity = header::HeaderValue::from_static("identity");
            response.headers_mut().insert(header::ACCEPT_ENCODING, identity);
        }
        response
    }
}

/// A number of bytes, as people read it.
fn size(bytes: usize) -> String {
    const KB: usize = 1024;
    const MB: usize = 1024 * KB;
    if bytes < MB { format!("{} KB", bytes / KB) } else { format!("{} MB", bytes / MB) }
}
