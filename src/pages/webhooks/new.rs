//! `/webhooks/new`: the dialog that creates a webhook.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::form::Fields;
use super::location;
use super::secret::SecretPage;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, EndpointId, Policy};
use crate::pages::{Allowed, Viewer, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/new.html")]
struct New<'a> {
    viewer: &'a Viewer,
    table: Table,
    fields: Fields,
    errors: Invalid,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, Fields::proposed(), Invalid::default()).await
}

pub(super) async fn create(
    viewer: Allowed<ManageSettings>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let draft = form.fields.draft();
    let (id, policy) = (EndpointId::random()?, Policy::from(&**site));
    let location = location(&id);
    let secret = SecretPage { viewer: &viewer, page: None };
    let created =
        write_and_reveal(&viewer, &site, secret, (form.token, location), move |tx, author| {
            let created = webhooks::create(tx, id, &draft, &policy, author)?;
            let notice = Notice::done(format!("“{}” created.", created.0.name()));
            Ok((created, notice))
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
    let table = Table::load(&site.db, viewer.now).await?;
    page::page(status, &New { viewer, table, fields, errors })
}
