//! What becomes of a report: a note is added, it is closed.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::show::{self, Asked};
use crate::base::error::{Error, Result};
use crate::domain::leaks::{self, LeakId};
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::Allowed;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NoteForm {
    text: String,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn note(
    viewer: Allowed<UpdateKeys>,
    leak_id: web::Path<String>,
    form: Form<NoteForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = LeakId::parse(&leak_id).ok_or(Error::NotFound)?;
    let (author, token, text) = (viewer.author(), form.token, form.fields.text);
    let location = format!("/leaks/{}", id.as_str());
    let (noted, back, typed) = (id.clone(), location.clone(), text.clone());
    let written = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        leaks::note(tx, &noted, &typed, &author)
    });
    match written.await {
        Ok(_) => {
            Notice::done("Note added.").set(viewer.session())?;
            Ok(page::see_other(&location))
        }
        Err(Error::Invalid(errors)) if viewer.may(Permission::ViewKeys) => {
            let asked = Asked { note: text, errors, ..Asked::default() };
            show::draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, asked).await
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn close(
    viewer: Allowed<UpdateKeys>,
    leak_id: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = LeakId::parse(&leak_id).ok_or(Error::NotFound)?;
    let (author, token) = (viewer.author(), form.token);
    let location = format!("/leaks/{}", id.as_str());
    let back = location.clone();
    let closed = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        leaks::close(tx, &id, &author)
    });
    let notice = if closed.await? {
        Notice::done("Report closed.")
    } else {
        Notice::note("This report is closed already.")
    };
    notice.set(viewer.session())?;
    Ok(page::see_other(&location))
}
