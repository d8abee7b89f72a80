//! `/api-keys/selected/keep`: what asks for attention was looked at, and the keys stay as they are.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Asked, LIST, Selected, ids, keys, named, nothing};
use crate::base::error::{Invalid, Result};
use crate::base::text;
use crate::domain::api_keys::REVIEWED_DAYS;
use crate::domain::attention;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::api_keys::behind::Behind;
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::query::Query;
use crate::web::{Site, page};

/// The longest note, in characters.
const LONGEST: usize = 500;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::api_keys) struct KeepForm {
    keys: Vec<String>,
    note: String,
}

#[derive(Template)]
#[template(path = "api_keys/selected/keep.html")]
struct Keep<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    named: String,
    selected: Vec<Selected>,
    note: &'a str,
    days: i64,
    errors: Invalid,
}

pub(in crate::pages::api_keys) async fn page(
    viewer: Allowed<UpdateKeys>,
    asked: Query<Asked>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let form = KeepForm { keys: asked.0.keys, ..KeepForm::default() };
    draw(StatusCode::OK, &viewer, &site, &form, Invalid::default()).await
}

pub(in crate::pages::api_keys) async fn keep(
    viewer: Allowed<UpdateKeys>,
    form: Form<KeepForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (author, token, fields) = (viewer.author(), form.token, form.fields);
    let selected = ids(&fields.keys)?;
    let mut errors = Invalid::default();
    let Some(note) = errors.take("note", text::lines(&fields.note, "Note", LONGEST)) else {
        return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &fields, errors).await;
    };
    let kept = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, LIST)?;
        attention::keep(tx, &selected, &note, &author)
    });
    let kept = kept.await?;
    if kept.is_empty() {
        return nothing(&viewer, "No key was selected.");
    }
    let what = if kept.len() == 1 { "stays as it is" } else { "stay as they are" };
    Notice::done(format!("{} {what}.", named(&kept))).set(viewer.session())?;
    Ok(page::see_other(LIST))
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    form: &KeepForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let selected = ids(&form.keys)?;
    let found = site.db.read(move |c| keys(c, &selected)).await?;
    if found.is_empty() {
        return nothing(viewer, "Select keys first.");
    }
    page::page(
        status,
        &Keep {
            viewer,
            behind: Behind::attention(&site.db, viewer).await?,
            named: named(&found),
            selected: Selected::all(&found, viewer.now),
            note: &form.note,
            days: REVIEWED_DAYS,
            errors,
        },
    )
}
