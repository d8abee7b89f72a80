//! Changes to a report: adding a note and closing it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::show::{self, PageState};
use crate::base::error::{Error, Result};
use crate::domain::leaks::{self, LeakId};
use crate::domain::members::Permission;
use crate::domain::members::permission::UpdateKeys;
use crate::pages::{Allowed, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NoteForm {
    text: String,
}

pub(super) async fn note(
    viewer: Allowed<UpdateKeys>,
    leak_id: web::Path<String>,
    form: Form<NoteForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = LeakId::parse(&leak_id).ok_or(Error::NotFound)?;
    let (here, note_id, typed) = (location(&id), id.clone(), form.fields.text.clone());
    let written = viewer.submit(&site, form.token, &here, move |tx, context| {
        leaks::note(tx, &note_id, &typed, context)?;
        Ok(Notice::done("Note added."))
    });
    match written.await {
        Err(Error::Invalid(errors)) if viewer.may(Permission::ViewKeys) => {
            let state = PageState { note: form.fields.text, errors, ..PageState::default() };
            show::draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, state).await
        }
        response => response,
    }
}

pub(super) async fn close(
    viewer: Allowed<UpdateKeys>,
    leak_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = LeakId::parse(&leak_id).ok_or(Error::NotFound)?;
    let (here, may_revoke) = (location(&id), viewer.may(Permission::DeleteKeys));
    let closed = viewer.submit(&site, form.token, &here, move |tx, context| {
        let notice = if leaks::close(tx, &id, may_revoke, context)? {
            Notice::done("Report closed.")
        } else {
            Notice::note("This report is closed already.")
        };
        Ok(notice)
    });
    closed.await
}

fn location(id: &LeakId) -> String {
    format!("/leaks/{}", id.as_str())
}
