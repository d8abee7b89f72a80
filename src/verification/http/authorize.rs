//! `/v1/authorize`: may this request pass? Any method; 200, 401, 403 or 503 and nothing else.

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use super::bearer;
use super::problem::{refused, undecided};
use crate::error::{Error, Result};
use crate::verification::{Question, Record, Verdict, Verifier, Wanted};
use crate::web::Site;

pub(super) async fn authorize(
    request: HttpRequest,
    site: web::Data<Site>,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    answer(&request, &site, &verifier).await.unwrap_or_else(|error| undecided(&error))
}

async fn answer(request: &HttpRequest, site: &Site, verifier: &Verifier) -> Result<HttpResponse> {
    let headers = request.headers();
    let question = Question {
        presented: bearer::presented(headers),
        wanted: &wanted(request.query_string()),
        from: bearer::origin(request, site),
        request: &|| bearer::named(headers),
    };
    match verifier.verify(question, site.clock.now()).await? {
        Verdict::Pass(record) => passed(&record),
        Verdict::Refuse(refusal, request_id) => refused(&refusal, request_id),
    }
}

/// Every `scope` of every parameter of that name is needed; two environments cannot both match.
fn wanted(query: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "scope" => wanted
                .scopes
                .extend(value.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned)),
            "environment" => {
                wanted.environment = Some(match wanted.environment.take() {
                    Some(other) if other != value => String::new(),
                    _ => value.into_owned(),
                });
            }
            _ => {}
        }
    }
    wanted
}

const KEY_ID: HeaderName = HeaderName::from_static("latchkey-key-id");
const ROLE: HeaderName = HeaderName::from_static("latchkey-role");
const SCOPES: HeaderName = HeaderName::from_static("latchkey-scopes");
const ENVIRONMENT: HeaderName = HeaderName::from_static("latchkey-environment");

/// Every identity header is set: gateways forward the client's own where one is missing.
fn passed(record: &Record) -> Result<HttpResponse> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    let mut response = HttpResponse::Ok().finish();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(KEY_ID, value(record.secret.key_id.as_str())?);
    headers.insert(ROLE, value(&record.grant.role)?);
    headers.insert(SCOPES, value(&record.grant.scopes_text)?);
    headers.insert(ENVIRONMENT, HeaderValue::from_static(record.environment.slug()));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scopes_of_all_parameters_are_wanted() {
        let scopes = |query: &str| wanted(query).scopes.into_iter().collect::<Vec<_>>();
        assert_eq!(scopes("scope=b:r+a:r&scope=c:r%20%20a:r"), ["a:r", "b:r", "c:r"]);
        assert!(scopes("scope=&x=1").is_empty());
        assert_eq!(
            wanted("environment=staging&environment=production").environment.as_deref(),
            Some("")
        );
    }
}
