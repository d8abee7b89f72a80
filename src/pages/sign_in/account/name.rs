//! `/account/edit`: one's own name.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{ACCOUNT, draw};
use crate::base::error::{Error, Result};
use crate::domain::members;
use crate::pages::SignedIn;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

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
    let (id, author, token) = (viewer.member.id.clone(), viewer.author(), form.token);
    let name = form.fields.name.clone();
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, ACCOUNT)?;
        members::rename(tx, &id, &name, &author)
    });
    match saved.await {
        Ok(_) => {
            Notice::done("Your name was saved.").set(viewer.session())?;
            Ok(page::see_other(ACCOUNT))
        }
        Err(Error::Invalid(errors)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(status, &viewer, &site, form.fields.name, errors).await
        }
        Err(error) => Err(error),
    }
}
