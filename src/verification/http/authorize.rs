//! `/v1/authorize`: may this request pass? Any method; 200, 401, 403 or 503 and nothing else.

use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::bearer;
use super::problem::{refused, undecided};
use crate::error::{Error, Result};
use crate::verification::{Question, Record, Verdict, Verifier, Wanted};
use crate::web::Site;

pub(super) async fn authorize(request: HttpRequest) -> HttpResponse {
    answer(&request).await.unwrap_or_else(|error| undecided(&error))
}

async fn answer(request: &HttpRequest) -> Result<HttpResponse> {
    let shared = request.app_data::<web::Data<Site>>().zip(request.app_data());
    let (site, verifier): (_, &web::Data<Verifier>) =
        shared.ok_or_else(|| Error::internal("the server is not set up"))?;
    let headers = request.headers();
    let question = Question {
        presented: bearer::presented(headers),
        wanted: Wanted::read(request.query_string()),
        from: bearer::origin(request, site),
        request: &|| bearer::named(headers),
    };
    match verifier.verify(question, site.clock.now()).await? {
        Verdict::Pass(record) => passed(&record),
        Verdict::Refuse(refusal, request_id) => refused(&refusal, request_id),
    }
}

const KEY_ID: HeaderName = HeaderName::from_static("latchkey-key-id");
const ROLE: HeaderName = HeaderName::from_static("latchkey-role");
const SCOPES: HeaderName = HeaderName::from_static("latchkey-scopes");
const ENVIRONMENT: HeaderName = HeaderName::from_static("latchkey-environment");

/// Every identity header is set: gateways forward the client's own where one is missing.
fn passed(record: &Record) -> Result<HttpResponse> {
    let key_id = HeaderValue::from_str(record.secret.key_id.as_str()).map_err(Error::internal)?;
    let mut response = HttpResponse::Ok().finish();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(KEY_ID, key_id);
    headers.insert(ROLE, record.grant.role.clone());
    headers.insert(SCOPES, record.grant.scopes_text.clone());
    headers.insert(ENVIRONMENT, HeaderValue::from_static(record.environment.slug()));
    Ok(response)
}
