//! `/v1/authorize`: decides whether a request is allowed. Any method; the response is always 200,
//! 401, 403 or 503.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use super::bearer;
use super::invalid_query::reject;
use super::problem::{denied, undecided};
use crate::base::error::{Error, Result};
use crate::domain::verification::{
    InvalidQuery, LookUp, Question, Record, Requirements, Verdict, Verifier,
};
use crate::web::Site;

/// The response, if it can be decided from memory.
pub(super) fn answer_from_memory(
    head: &RequestHead,
    site: &Site,
    verifier: &Verifier,
) -> Result<HttpResponse, LookUp> {
    let (request_line, now) = (|| bearer::request_line(&head.headers), site.clock.now());
    match question(head, site, &request_line) {
        Ok(question) => verifier.verify_from_memory(&question, now).map(answer),
        Err(what) => Ok(reject(&what, now)),
    }
}

/// The response that needs a look-up.
pub(super) async fn answer_with_look_up(
    look_up: LookUp,
    head: &RequestHead,
    site: &Site,
    verifier: &Verifier,
) -> HttpResponse {
    let (request_line, now) = (|| bearer::request_line(&head.headers), site.clock.now());
    let question = match question(head, site, &request_line) {
        Ok(question) => question,
        Err(what) => return reject(&what, now),
    };
    match verifier.verify_with_look_up(look_up, question, now).await {
        Ok(verdict) => answer(verdict),
        Err(error) => undecided(&error),
    }
}

fn question<'a, 'b>(
    head: &'a RequestHead,
    site: &Site,
    request: &'b dyn Fn() -> crate::domain::usage::RequestLine<'b>,
) -> Result<Question<'a, 'b>, InvalidQuery<'a>> {
    Ok(Question {
        credential: bearer::credential(&head.headers),
        requirements: Requirements::read(head.uri.query().unwrap_or_default())?,
        from: bearer::origin(head, site),
        request,
    })
}

fn answer(verdict: Verdict) -> HttpResponse {
    let answer = match verdict {
        Verdict::Pass(record) => allowed(&record),
        Verdict::Deny(denial_reason, request_id) => denied(&denial_reason, request_id),
    };
    answer.unwrap_or_else(|error| undecided(&error))
}

const KEY_ID: HeaderName = HeaderName::from_static("latchkey-key-id");
const ROLE: HeaderName = HeaderName::from_static("latchkey-role");
const SCOPES: HeaderName = HeaderName::from_static("latchkey-scopes");
const ENVIRONMENT: HeaderName = HeaderName::from_static("latchkey-environment");

/// Sets every identity header, because gateways forward the client's own header if one is missing.
fn allowed(record: &Record) -> Result<HttpResponse> {
    let key_id = HeaderValue::from_str(record.secret.key_id.as_str()).map_err(Error::internal)?;
    let mut response = HttpResponse::Ok().finish();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(KEY_ID, key_id);
    headers.insert(ROLE, record.grant.role.clone());
    headers.insert(SCOPES, record.grant.scopes_text.clone());
    headers.insert(ENVIRONMENT, HeaderValue::from_static(record.environment.as_str()));
    Ok(response)
}
