//! `/api-keys/{key_id}/revoke`: the confirmation, and the end of a key.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::behind::{Asked, Behind};
use super::words::{ago, requests};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::{self, KeyId, Status};
use crate::domain::members::permission::DeleteKeys;
use crate::domain::usage;
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct RevokeForm {
    confirm: String,
    behind: String,
}

#[derive(Template)]
#[template(path = "api_keys/revoke.html")]
struct Revoke<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    asked: &'a str,
    close: String,
    id: String,
    name: String,
    last_four: String,
    last_used: Option<String>,
    last_used_address: Option<String>,
    last_day: String,
    is_in_use: bool,
    errors: Invalid,
}

pub(super) async fn page(
    viewer: Allowed<DeleteKeys>,
    key_id: web::Path<String>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    draw(StatusCode::OK, &viewer, &site, &id, &asked.0.behind, Invalid::default()).await
}

pub(super) async fn revoke(
    viewer: Allowed<DeleteKeys>,
    key_id: web::Path<String>,
    form: Form<RevokeForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let RevokeForm { confirm, behind } = form.fields;
    let location =
        if behind.is_empty() { "/api-keys".into() } else { Behind::location(&behind, &id) };
    let (author, token) = (viewer.author(), form.token);
    let (revoked, back) = (id, location.clone());
    let outcome = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        let key = api_keys::revoke(tx, &revoked, &confirm, &author)?;
        Ok(key)
    });
    match outcome.await {
        Ok(key) => {
            Notice::done(format!("“{}” revoked.", key.name.as_str())).set(viewer.session())?;
            Ok(page::see_other(&location))
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, &behind, errors).await
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &KeyId,
    asked: &str,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (wanted, now) = (*id, viewer.now);
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &wanted)?.ok_or(Error::NotFound)?;
        Ok((details.key, usage::last_day(c, &wanted, now)?))
    });
    let (key, last_day) = found.await?;
    if key.status(now) == Status::Revoked {
        Notice::note(format!("“{}” is already revoked.", key.name.as_str()))
            .set(viewer.session())?;
        return Ok(page::see_other(&format!("/api-keys/{}", id.as_str())));
    }
    page::page(
        status,
        &Revoke {
            viewer,
            behind: Behind::load(&site.db, viewer, asked, id).await?,
            asked,
            close: Behind::location(asked, id),
            id: id.as_str().into(),
            name: key.name.as_str().into(),
            last_four: id.last_four().into(),
            last_used: key.last_used_at.map(|at| ago(at, now)),
            last_used_address: key.last_used_address.clone(),
            last_day: requests(last_day),
            is_in_use: api_keys::is_in_use(&key, now),
            errors,
        },
    )
}
