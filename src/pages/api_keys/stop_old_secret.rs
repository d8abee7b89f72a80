//! `/api-keys/{key_id}/stop-old-secret`: ends an overlap before its time, with what speaks for it.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::behind::Behind;
use super::overlap::Overlapping;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::{self, KeyId};
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Template)]
#[template(path = "api_keys/stop_old_secret.html")]
struct Stop<'a> {
    viewer: &'a Viewer,
    behind: Behind,
    id: String,
    name: String,
    overlap: Overlapping,
}

pub(super) async fn page(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let now = viewer.now;
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &id)?.ok_or(Error::NotFound)?;
        Ok((Overlapping::read(c, &details.key, now)?, details.key.name))
    });
    let (overlap, name) = found.await?;
    let Some(overlap) = overlap else { return nothing_to_stop(&viewer, &id) };
    page::ok(&Stop {
        viewer: &viewer,
        behind: Behind::load(&site.db, &viewer, "key", &id).await?,
        id: id.as_str().into(),
        name: name.as_str().into(),
        overlap,
    })
}

pub(super) async fn stop(
    viewer: Allowed<UpdateKeys>,
    key_id: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let (author, token) = (viewer.author(), form.token);
    let location = format!("/api-keys/{}", id.as_str());
    let back = location.clone();
    let stopped = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        let stopped = api_keys::stop_old_secret(tx, &id, &author)?;
        Ok(stopped)
    });
    let (key, was_there) = stopped.await?;
    if !was_there {
        return nothing_to_stop(&viewer, &id);
    }
    let done = format!("The old secret of “{}” stopped working.", key.name.as_str());
    Notice::done(done).set(viewer.session())?;
    Ok(page::see_other(&location))
}

fn nothing_to_stop(viewer: &Visit, id: &KeyId) -> Result<HttpResponse> {
    Notice::note("This key has no old secret that still works.").set(viewer.session())?;
    Ok(page::see_other(&format!("/api-keys/{}", id.as_str())))
}
