//! Responses that people see: pages and redirects.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, ContentType, HeaderValue};
use actix_web::http::{StatusCode, header};
use askama::Template;

use super::fold::fold;
use crate::base::error::{Error, Result};

/// Renders the HTML of every page.
pub fn html(template: &impl Template) -> Result<String> {
    template.render().map(|page| fold(&page)).map_err(Error::internal)
}

/// A page with that status.
pub fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse> {
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html(template)?))
}

/// A page with status 200.
pub fn ok(template: &impl Template) -> Result<HttpResponse> {
    page(StatusCode::OK, template)
}

/// The only response that contains a secret, after the write that created it: it cannot fail. It is
/// not compressed, so that its length reveals nothing about the secret (BREACH). If the template
/// fails, the `secrets` are shown as plain text, each after its name, because they cannot be
/// retrieved again.
pub fn reveal(template: &impl Template, secrets: &[(&str, &str)]) -> HttpResponse {
    let mut response = ok(template).unwrap_or_else(|error| {
        tracing::error!(%error, "a page with a secret could not be drawn");
        let lines = secrets.iter().map(|(name, secret)| format!("{name}: {secret}\n"));
        let body = format!("This is the only time it is shown.\n\n{}", lines.collect::<String>());
        HttpResponse::Ok().content_type(ContentType::plaintext()).body(body)
    });
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    response
}

/// Redirects to `location` after a write.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that cannot be rendered.
    struct Broken;

    impl std::fmt::Display for Broken {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }

    #[derive(Template)]
    #[template(source = "<code>{{ secret }}</code>", ext = "html")]
    struct BrokenPage {
        secret: Broken,
    }

    #[actix_web::test]
    async fn a_failing_template_still_shows_the_secret() {
        let response = reveal(&BrokenPage { secret: Broken }, &[("Secret Key", "lk_prod_x")]);
        assert_eq!(response.status(), StatusCode::OK);
        let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
        assert_eq!(content_type, Some(HeaderValue::from_static("text/plain; charset=utf-8")));
        let body = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
        assert!(String::from_utf8_lossy(&body).ends_with("Secret Key: lk_prod_x\n"), "{body:?}");
    }
}
