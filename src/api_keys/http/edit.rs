//! `/api-keys/{key_id}/edit`: the dialog that changes a key, without losing anybody's change.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::behind::Behind;
use super::form::{Fields, FormView};
use crate::activity::{self, Theirs};
use crate::api_keys::{self, Details, KeyId, Status};
use crate::clock::long_date;
use crate::error::{Error, Invalid, Result};
use crate::members::http::{Allowed, Viewer};
use crate::members::permission::UpdateKeys;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};
use crate::{roles, scopes};

#[derive(Template)]
#[template(path = "api_keys/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    close: String,
    id: String,
    form: FormView,
    is_expired: bool,
    expired_on: String,
    conflict: Option<Theirs>,
}

pub(super) async fn page(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let behind = Behind::asked_for(request.query_string());
    draw(StatusCode::OK, &viewer, &site, &id, None, Invalid::default(), &behind).await
}

pub(super) async fn save(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let location = Behind::location(&form.fields.behind, &id);
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    let Ok(version) = form.fields.version.parse() else {
        let errors = one("This form is out of date. Check the values, then save again");
        let behind = form.fields.behind.clone();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(status, &viewer, &site, &id, Some(form.fields), errors, &behind).await;
    };
    let (edited, back) = (id, location.clone());
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        api_keys::edit(tx, &edited, &draft, version, &author)
    });
    let behind = form.fields.behind.clone();
    let (status, errors) = match saved.await {
        Ok(key) => {
            Notice::done(format!("“{}” saved.", key.name.as_str())).set(viewer.session())?;
            return Ok(page::see_other(&location));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &id, Some(form.fields), errors, &behind).await
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    id: &KeyId,
    typed: Option<Fields>,
    errors: Invalid,
    behind: &str,
) -> Result<HttpResponse> {
    let (wanted, now) = (*id, viewer.now);
    let read_version =
        typed.as_ref().and_then(|fields| fields.version.parse().ok()).unwrap_or_default();
    let is_conflict = status == StatusCode::CONFLICT;
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &wanted)?.ok_or(Error::NotFound)?;
        let theirs = is_conflict.then(|| activity::since(c, wanted.as_str(), read_version));
        Ok((details, roles::all(c)?, scopes::all(c)?, theirs.transpose()?))
    });
    let (details, roles, scopes, conflict) = found.await?;
    if details.key.status(now) == Status::Revoked {
        Notice::note("This key was revoked. It can no longer be changed.").set(viewer.session())?;
        return Ok(page::see_other(&format!("/api-keys/{}", id.as_str())));
    }
    let fields = fields(&details, typed, behind);
    page::page(
        status,
        &Edit {
            viewer,
            behind: Behind::load(&site.db, viewer, behind, id).await?,
            close: Behind::location(behind, id),
            id: id.as_str().into(),
            form: FormView::new(fields, errors, &roles, &scopes, &viewer.settings, now),
            is_expired: details.key.status(now) == Status::Expired,
            expired_on: long_date(details.key.expires_at.last_day()),
            conflict,
        },
    )
}

/// What is wrong with the form as a whole.
fn one(message: &str) -> Invalid {
    let mut errors = Invalid::default();
    errors.add("", message);
    errors
}

/// What was typed stays; the version is the present one, so that saving again is knowing better.
fn fields(details: &Details, typed: Option<Fields>, behind: &str) -> Fields {
    let present = Fields::of(details);
    let version = present.version.clone();
    let mut fields = typed.unwrap_or(present);
    fields.version = version;
    behind.clone_into(&mut fields.behind);
    fields
}
