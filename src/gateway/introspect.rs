//! `/v1/introspect`: returns information about a token (RFC 7662). Only for callers whose own secret
//! key has the scope `latchkey:introspect`. Every invalid token gets the same response,
//! `{"active":false}`.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::credentials::{self, Basic};
use super::problem::{denied, problem, undecided};
use crate::base::clock::{SECOND, Timestamp};
use crate::base::error::Result;
use crate::domain::scopes::INTROSPECT;
use crate::domain::usage::{RequestId, RequestLine};
use crate::domain::verification::{
    ClientAddress, Credential, DenialReason, Question, Record, Requirements, Verdict, Verifier,
};
use crate::web::Site;
use crate::web::body::{Body, is_of_type};
use crate::web::connections::Connection;

/// The maximum size of a request body, in bytes.
const MAX_BODY_LENGTH: usize = 64 * 1024;

/// An introspection request.
struct Introspection {
    token: Zeroizing<String>,
    from: ClientAddress,
    requirements: Requirements<'static>,
}

/// The service that asks (RFC 7662, 2.1): its secret key alone, or with its Key ID as a client of
/// OAuth (RFC 6749, 2.3.1).
struct Caller {
    credential: Credential,
    /// The Key ID, if it was sent.
    client_id: Option<String>,
    /// Whether it used HTTP Basic, which a denial then names.
    is_basic: bool,
}

pub(super) async fn introspect(
    request: HttpRequest,
    body: Body,
    site: web::Data<Site>,
    verifier: web::Data<Verifier>,
) -> HttpResponse {
    answer(&request, body, &site, &verifier).await.unwrap_or_else(|error| undecided(&error))
}

/// Tells callers of other methods which one to use.
pub(super) async fn only_post() -> HttpResponse {
    let mut response =
        problem(StatusCode::METHOD_NOT_ALLOWED, "Use POST", "invalid_request", RequestId::random());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// `/.well-known/oauth-authorization-server` (RFC 8414): where services introspect, and how they
/// authenticate.
pub(super) async fn metadata(site: web::Data<Site>) -> HttpResponse {
    let issuer = site.public_url.origin();
    json(&serde_json::json!({
        "issuer": issuer,
        "introspection_endpoint": format!("{issuer}/v1/introspect"),
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "Bearer"],
        "response_types_supported": [],
        "grant_types_supported": [],
    }))
}

async fn answer(
    request: &HttpRequest,
    body: Body,
    site: &Site,
    verifier: &Verifier,
) -> Result<HttpResponse> {
    let now = site.clock.now();
    let (caller, form) = identify(request, body, site).await;
    if let Some(denial) = caller.denial(request, site, verifier, now).await? {
        return Ok(denial);
    }
    if let Some(connection) = Connection::of(request) {
        connection.mark_genuine();
    }
    let introspection = match form.fields(request).await.and_then(Introspection::read) {
        Ok(introspection) => introspection,
        Err((status, title)) => {
            return Ok(problem(status, title, "invalid_request", RequestId::random()));
        }
    };
    let token = Question {
        credential: Credential::text(&introspection.token),
        requirements: introspection.requirements,
        from: introspection.from,
        // Nobody reports the request in which the token was sent.
        request: &RequestLine::default,
    };
    match verifier.verify(token, now).await? {
        Verdict::Pass(record) => Ok(active(&record, site, now)),
        Verdict::Deny(..) => Ok(inactive()),
    }
}

/// The fields of a form.
type Fields = Vec<(String, Zeroizing<String>)>;

/// The form of a request. It is read only after the caller has shown who it is, unless the form
/// says so.
enum Form {
    Unread(Body),
    Read(Result<Fields, (StatusCode, &'static str)>),
}

impl Form {
    async fn fields(self, request: &HttpRequest) -> Result<Fields, (StatusCode, &'static str)> {
        match self {
            Self::Unread(body) => read_fields(request, body).await,
            Self::Read(fields) => fields,
        }
    }
}

async fn identify(request: &HttpRequest, body: Body, site: &Site) -> (Caller, Form) {
    let caller = Caller::of_headers(request, site);
    if !matches!(caller.credential, Credential::Nothing) {
        return (caller, Form::Unread(body));
    }
    let fields = read_fields(request, body).await;
    let caller = fields.as_ref().map_or(caller, Caller::of_fields);
    (caller, Form::Read(fields))
}

impl Caller {
    fn of_headers(request: &HttpRequest, site: &Site) -> Self {
        let mut values = request.headers().get_all(AUTHORIZATION);
        let only = values.next().filter(|_| values.next().is_none());
        let basic = only.and_then(|value| Basic::read(value.to_str().ok()?));
        match basic.as_ref().map(Basic::parts).filter(|(_, password)| !password.is_empty()) {
            Some((user, password)) => {
                let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
                let secret = Zeroizing::new(decoded(password));
                Self {
                    credential: Credential::text(&secret),
                    client_id: Some(decoded(user)),
                    is_basic: true,
                }
            }
            None => Self {
                credential: credentials::credential(request.headers(), &site.credential_headers),
                client_id: None,
                is_basic: false,
            },
        }
    }

    fn of_fields(fields: &Fields) -> Self {
        let only = |name: &str| {
            let mut values = fields.iter().filter(|(given, _)| given == name);
            values.next().filter(|_| values.next().is_none()).map(|(_, value)| value)
        };
        Self {
            credential: only("client_secret")
                .map_or(Credential::Nothing, |secret| Credential::text(secret)),
            client_id: only("client_id").map(|id| id.to_string()),
            is_basic: false,
        }
    }

    /// The response, unless the caller may introspect.
    async fn denial(
        self,
        request: &HttpRequest,
        site: &Site,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Option<HttpResponse>> {
        let Self { credential, client_id, is_basic } = self;
        let scopes = [INTROSPECT.into()].into_iter().collect();
        let question = Question {
            credential,
            requirements: Requirements { scopes, ..Requirements::default() },
            from: credentials::origin(request.head(), site),
            request: &|| RequestLine { method: Some(b"POST"), target: Some(b"/v1/introspect") },
        };
        let (reason, id) = match verifier.verify(question, now).await? {
            Verdict::Deny(reason, id) => (reason, id),
            Verdict::Pass(record) => {
                let is_own = |id: &String| id == record.secret.key_id.as_str();
                if client_id.as_ref().is_none_or(is_own) {
                    return Ok(None);
                }
                (DenialReason::InvalidKey(String::new()), RequestId::random())
            }
        };
        let mut response = denied(&reason, id)?;
        if is_basic && response.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="latchkey""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        Ok(Some(response))
    }
}

/// Reads the form; otherwise returns the status and what is wrong with it. Another body is an empty
/// form.
async fn read_fields(
    request: &HttpRequest,
    body: Body,
) -> Result<Fields, (StatusCode, &'static str)> {
    let body = body.read(MAX_BODY_LENGTH).await;
    let body = body.map_err(|reason| (reason.status_code(), "The body cannot be read"))?;
    let is_form = is_of_type(request, "application/x-www-form-urlencoded");
    let fields = if is_form { body.as_slice() } else { b"" };
    let fields = form_urlencoded::parse(fields);
    Ok(fields
        .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
        .collect())
}

impl Introspection {
    fn read(fields: Fields) -> Result<Self, (StatusCode, &'static str)> {
        let (mut tokens, mut addresses, mut requirements) =
            (Vec::new(), Vec::new(), Requirements::default());
        for (name, value) in fields {
            match name.as_str() {
                "token" => tokens.push(value),
                "client_ip" => addresses.push(value),
                "scope" => requirements.require(value.to_string().into()),
                _ => {}
            }
        }
        let from = match addresses.as_slice() {
            [] => Some(ClientAddress::NotRequired),
            [address] => Some(address.parse().map_or(ClientAddress::Missing, ClientAddress::Known)),
            _ => None,
        };
        // A parameter that occurs twice is ambiguous (RFC 6749, 3.2).
        match (tokens.pop().filter(|_| tokens.is_empty()), from) {
            (Some(token), Some(from)) => Ok(Self { token, from, requirements }),
            _ => Err((
                StatusCode::BAD_REQUEST,
                "Give one token, and one client_ip at most, in a form",
            )),
        }
    }
}

fn active(record: &Record, site: &Site, now: Timestamp) -> HttpResponse {
    // The values were made from text and contain only ASCII.
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let key_id = record.secret.key_id.as_str();
    // Clients may cache the answer until `exp`.
    let expires = site.introspection_max_age.map_or(record.ends_at(), |seconds| {
        record.ends_at().min(now.plus(i64::from(seconds) * SECOND))
    });
    let mut body = serde_json::json!({
        "active": true,
        "scope": text(&record.grant.scopes_text),
        "client_id": key_id,
        "sub": key_id,
        "token_type": "Bearer",
        "iat": record.created_at.millis() / SECOND,
        "exp": expires.millis() / SECOND,
        "iss": site.public_url.origin(),
        "latchkey_role": text(&record.grant.role),
        "latchkey_environment": record.environment.as_str(),
        "latchkey_owner": text(&record.owner()),
    });
    if let Some(labels) = record.labels() {
        let labels: BTreeMap<&str, &str> = labels.labels.iter().collect();
        body["latchkey_labels"] = serde_json::json!(labels);
    }
    json(&body)
}

fn inactive() -> HttpResponse {
    json(&serde_json::json!({ "active": false }))
}

fn json(body: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(body.to_string())
}
