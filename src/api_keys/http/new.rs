//! `/api-keys/new`: the dialog that creates a key, and the one look at its secret.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::behind::Behind;
use super::form::{Fields, FormView};
use super::words::ago;
use crate::api_keys::{self, ApiKey, Details, KeyId, SecretKey};
use crate::clock::{Timestamp, long_date};
use crate::error::{Error, Invalid, Result};
use crate::members::Permission;
use crate::members::http::{Allowed, Viewer};
use crate::members::permission::CreateKeys;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};
use crate::{roles, scopes};

/// What a second submit of the form is told.
pub(super) const ALREADY_SHOWN: &str =
    "This secret key has already been shown. If you did not save it, rotate the key.";

#[derive(Template)]
#[template(path = "api_keys/new.html")]
struct New<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    form: FormView,
    candidates: Vec<Candidate>,
}

/// A key that could be revoked to make room.
struct Candidate {
    id: String,
    name: String,
    used: String,
}

#[derive(Template)]
#[template(path = "api_keys/secret.html")]
struct Reveal<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    secret: &'a SecretKey,
    key: &'a ApiKey,
    expires: String,
    /// Where a request tells whether the key passes.
    try_url: String,
    /// Where "I have copied it" leads.
    done: &'a str,
}

pub(super) async fn page(
    viewer: Allowed<CreateKeys>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let from = form_urlencoded::parse(request.query_string().as_bytes())
        .find_map(|(name, value)| (name == "from").then(|| KeyId::parse(&value)))
        .flatten()
        .filter(|_| viewer.may(Permission::ViewKeys));
    let found = site.db.read(move |c| from.map_or(Ok(None), |id| api_keys::find(c, &id))).await?;
    let fields = match found {
        Some(details) => Fields::copied(&details, &viewer.settings),
        None => Fields::proposed(&viewer.settings),
    };
    draw(StatusCode::OK, &viewer, &site, fields, Invalid::default()).await
}

pub(super) async fn create(
    viewer: Allowed<CreateKeys>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    let id = KeyId::random()?;
    let location = format!("/api-keys/{}", id.as_str());
    let created = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &location)?;
        api_keys::create(tx, id, &draft, &author)
    });
    match created.await {
        Ok((details, secret)) => {
            reveal(&viewer, &site, &details, &secret, "created", "/api-keys").await
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, form.fields, errors).await
        }
        Err(Error::AlreadySubmitted(location)) => {
            Notice::warning(ALREADY_SHOWN).set(viewer.session())?;
            Ok(page::see_other(&location))
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    fields: Fields,
    errors: Invalid,
) -> Result<HttpResponse> {
    let now = viewer.now;
    let is_full = errors.has("") && viewer.may(Permission::DeleteKeys);
    let found = site.db.read(move |c| {
        let candidates = if is_full { api_keys::least_used(c, now)? } else { Vec::new() };
        Ok((roles::all(c)?, scopes::all(c)?, candidates))
    });
    let (roles, scopes, candidates) = found.await?;
    let template = New {
        viewer,
        behind: Behind::table(&site.db, viewer).await?,
        form: FormView::new(fields, errors, &roles, &scopes, &viewer.settings, now),
        candidates: candidates.iter().map(|key| candidate(key, now)).collect(),
    };
    page::page(status, &template)
}

fn candidate(key: &ApiKey, now: Timestamp) -> Candidate {
    Candidate {
        id: key.id.as_str().into(),
        name: key.name.as_str().into(),
        used: key
            .last_used_at
            .map_or("Never used".into(), |at| format!("Last used {}", ago(at, now))),
    }
}

/// The one response that holds the secret key. It is not compressed, so that its length tells
/// nothing about the secret (BREACH).
pub(super) async fn reveal(
    viewer: &Viewer,
    site: &Site,
    details: &Details,
    secret: &SecretKey,
    what_was_done: &str,
    done: &str,
) -> Result<HttpResponse> {
    let key = &details.key;
    Notice::done(format!("“{}” {what_was_done}.", key.name.as_str())).set(viewer.session())?;
    let mut response = page::ok(&Reveal {
        viewer,
        behind: Behind::table(&site.db, viewer).await?,
        secret,
        key,
        expires: long_date(key.expires_at.last_day()),
        try_url: format!("{}/v1/authorize", site.public_url),
        done,
    })?;
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    Ok(response)
}
