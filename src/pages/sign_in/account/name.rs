//! `/account/edit`: changes the member's own name.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{ACCOUNT, draw};
use crate::base::error::{Error, Result};
use crate::domain::members;
use crate::pages::SignedIn;
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NameForm {
    name: String,
}

pub(super) async fn save(
    viewer: SignedIn,
    form: Form<NameForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (id, name) = (viewer.member.id.clone(), form.fields.name.clone());
    let saved = viewer.submit(&site, form.token, ACCOUNT, move |tx, context| {
        members::rename(tx, &id, &name, context)?;
        Ok(Notice::done("Your name was saved."))
    });
    match saved.await {
        Err(Error::Invalid(errors)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(status, &viewer, &site, form.fields.name, errors).await
        }
        response => response,
    }
}
