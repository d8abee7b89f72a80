//! `/api-keys/new`: the dialog that creates a key.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::behind::Behind;
use super::form::{Fields, FormView};
use super::secret::{SecretPage, noted};
use super::words::ago;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::Permission;
use crate::domain::members::permission::CreateKeys;
use crate::domain::{roles, scopes};
use crate::pages::{Allowed, Viewer, write_and_reveal};
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

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

/// What the address of the dialog asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The key to copy.
    from: Option<KeyId>,
}

pub(super) async fn page(
    viewer: Allowed<CreateKeys>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let from = asked.0.from.filter(|_| viewer.may(Permission::ViewKeys));
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
    let draft = form.fields.draft();
    let id = KeyId::random()?;
    let location = format!("/api-keys/{}", id.as_str());
    let secret = SecretPage::load(&viewer, &site, "/api-keys").await?;
    let form_token = (form.token, location);
    let created = write_and_reveal(&viewer, &site, secret, form_token, move |tx, author| {
        Ok(noted(api_keys::create(tx, id, &draft, author)?, "created"))
    });
    match created.await {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, form.fields, errors).await
        }
        result => result,
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
