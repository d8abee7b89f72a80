//! `/v1/authorize` and `/v1/ext-authz/…`: decide whether a request is allowed. Any method; the
//! response is always 200, 401, 403 or 503.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, HttpDate};

use super::credentials;
use super::endpoint::{Endpoint, InvalidQuestion};
use super::invalid_query::reject;
use super::problem::{denied, undecided};
use crate::base::clock::{SECOND, Timestamp};
use crate::base::error::{Error, Result};
use crate::domain::usage::RequestLine;
use crate::domain::verification::{
    ClientAddress, Credential, LookUp, Question, Record, Verdict, Verifier,
};
use crate::web::Site;

/// A gateway's request.
#[derive(Clone, Copy)]
pub(super) struct GatewayRequest<'a> {
    pub endpoint: Endpoint,
    pub head: &'a RequestHead,
    pub site: &'a Site,
    pub verifier: &'a Verifier,
}

impl<'a> GatewayRequest<'a> {
    /// The response, if it can be decided from memory.
    pub(super) fn answer_from_memory(self) -> Result<HttpResponse, LookUp> {
        let (request_line, now) = (|| self.endpoint.request_line(self.head), self.site.clock.now());
        match self.question(&request_line) {
            Ok(question) => {
                let verdict = self.verifier.verify_from_memory(&question, now)?;
                Ok(answer(verdict, question.requirements.lifetime, now))
            }
            Err(why) => {
                let (credential, from) = (self.credential(), self.origin());
                let is_genuine = self.verifier.is_genuine_from_memory(&credential, from)?;
                Ok(reject(self, &why, is_genuine, now))
            }
        }
    }

    /// The response that needs a look-up.
    pub(super) async fn answer_with_look_up(self, look_up: LookUp) -> HttpResponse {
        let (request_line, now) = (|| self.endpoint.request_line(self.head), self.site.clock.now());
        let question = match self.question(&request_line) {
            Ok(question) => question,
            Err(why) => {
                let is_genuine = self.verifier.is_genuine(&look_up, self.origin()).await;
                return reject(self, &why, is_genuine, now);
            }
        };
        let lifetime = question.requirements.lifetime;
        match self.verifier.verify_with_look_up(look_up, question, now).await {
            Ok(verdict) => answer(verdict, lifetime, now),
            Err(error) => undecided(&error),
        }
    }

    fn question<'b>(
        self,
        request: &'b dyn Fn() -> RequestLine<'b>,
    ) -> Result<Question<'a, 'b>, InvalidQuestion<'a>> {
        Ok(Question {
            credential: self.credential(),
            requirements: self.endpoint.question(self.head)?,
            from: self.origin(),
            request,
        })
    }

    fn credential(self) -> Credential {
        credentials::credential(&self.head.headers, &self.site.credential_headers)
    }

    fn origin(self) -> ClientAddress {
        credentials::origin(self.head, self.site)
    }
}

fn answer(verdict: Verdict, lifetime: bool, now: Timestamp) -> HttpResponse {
    let answer = match verdict {
        Verdict::Pass(record) => allowed(&record, lifetime, now),
        Verdict::Deny(reason, request_id) => denied(&reason, request_id),
    };
    answer.unwrap_or_else(|error| undecided(&error))
}

const KEY_ID: HeaderName = HeaderName::from_static("latchkey-key-id");
const ROLE: HeaderName = HeaderName::from_static("latchkey-role");
const SCOPES: HeaderName = HeaderName::from_static("latchkey-scopes");
const ENVIRONMENT: HeaderName = HeaderName::from_static("latchkey-environment");
const OWNER: HeaderName = HeaderName::from_static("latchkey-owner");

const KEY_EXPIRES: HeaderName = HeaderName::from_static("latchkey-key-expires");
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

const LABELS: HeaderName = HeaderName::from_static("latchkey-labels");

/// The headers that tell an API whose key it is. Gateways remove the client's own of these names.
pub const IDENTITY: [HeaderName; 6] = [KEY_ID, ROLE, SCOPES, ENVIRONMENT, OWNER, LABELS];

/// Sets every identity header, because gateways forward the client's own header if one is missing;
/// except for labels, which only keys with labels have.
fn allowed(record: &Record, lifetime: bool, now: Timestamp) -> Result<HttpResponse> {
    let key_id = HeaderValue::from_str(record.secret.key_id.as_str()).map_err(Error::internal)?;
    let mut response = HttpResponse::Ok().finish();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(KEY_ID, key_id);
    headers.insert(ROLE, record.grant.role.clone());
    headers.insert(SCOPES, record.grant.scopes_text.clone());
    headers.insert(ENVIRONMENT, HeaderValue::from_static(record.environment.as_str()));
    headers.insert(OWNER, record.owner());
    if let Some(labels) = record.labels() {
        headers.insert(LABELS, labels.header.clone());
    }
    if lifetime {
        add_lifetime(headers, record, now)?;
    }
    Ok(response)
}

/// Says when the key expires, and, for an old secret in its overlap, when that ends, in the forms of
/// RFC 9745 and RFC 8594.
fn add_lifetime(headers: &mut HeaderMap, record: &Record, now: Timestamp) -> Result<()> {
    let value = |text: String| HeaderValue::try_from(text).map_err(Error::internal);
    headers.insert(KEY_EXPIRES, value(record.ends_at().rfc_3339())?);
    if let Some(end) = record.superseded_at.filter(|end| *end > now) {
        let seconds = end.millis() / SECOND;
        let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        headers.insert(DEPRECATION, value(format!("@{seconds}"))?);
        headers.insert(SUNSET, value(HttpDate::from(UNIX_EPOCH + since_1970).to_string())?);
    }
    Ok(())
}
