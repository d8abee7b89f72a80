//! `/api-keys/selected/revoke`: the confirmation, and the end of several keys.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Asked, LIST, Selected, ids, live, named, nothing};
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::permission::DeleteKeys;
use crate::pages::api_keys::behind::Behind;
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct RevokeForm {
    keys: Vec<String>,
    confirm: String,
}

#[derive(Template)]
#[template(path = "api_keys/selected/revoke.html")]
struct Revoke<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    named: String,
    selected: Vec<Selected>,
    /// How many of them are in use.
    in_use: usize,
    errors: Invalid,
}

pub(in crate::pages::api_keys) async fn page(
    viewer: Allowed<DeleteKeys>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let form = RevokeForm { keys: asked.0.keys, ..RevokeForm::default() };
    draw(StatusCode::OK, &viewer, &site, &form, Invalid::default()).await
}

pub(in crate::pages::api_keys) async fn revoke(
    viewer: Allowed<DeleteKeys>,
    form: Form<RevokeForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (author, token, fields) = (viewer.author(), form.token, form.fields);
    let (selected, confirm) = (ids(&fields.keys)?, fields.confirm.clone());
    let revoked = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, LIST)?;
        revoke_all(tx, &selected, &confirm, &author)
    });
    match revoked.await {
        Ok(revoked) if revoked.is_empty() => nothing(&viewer, NONE),
        Ok(revoked) => {
            Notice::done(format!("{} revoked.", named(&revoked))).set(viewer.session())?;
            Ok(page::see_other(LIST))
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &fields, errors).await
        }
        Err(error) => Err(error),
    }
}

const NONE: &str = "None of these keys still works.";

/// All or none of them. That keys are in use is confirmed with how many are to be revoked.
fn revoke_all(
    tx: &mut Transaction<'_>,
    selected: &[KeyId],
    confirm: &str,
    author: &Author,
) -> Result<Vec<ApiKey>> {
    let live = live(tx, selected)?;
    let in_use = live.iter().any(|key| api_keys::is_in_use(key, author.now));
    if in_use && confirm.trim() != live.len().to_string() {
        let message = format!("Type {} to confirm how many keys you are revoking", live.len());
        return Err(Error::invalid("confirm", message));
    }
    for key in &live {
        api_keys::revoke(tx, &key.id, key.id.last_four(), author)?;
    }
    Ok(live)
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    form: &RevokeForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let selected = ids(&form.keys)?;
    let is_empty = selected.is_empty();
    let found = site.db.read(move |c| live(c, &selected)).await?;
    if found.is_empty() {
        return nothing(viewer, if is_empty { "Select keys first." } else { NONE });
    }
    page::page(
        status,
        &Revoke {
            viewer,
            behind: Behind::attention(&site.db, viewer).await?,
            named: named(&found),
            selected: Selected::all(&found, viewer.now),
            in_use: found.iter().filter(|key| api_keys::is_in_use(key, viewer.now)).count(),
            errors,
        },
    )
}
