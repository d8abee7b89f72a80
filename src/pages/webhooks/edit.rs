//! `/webhooks/{webhook_id}/edit`: the dialog that changes a webhook.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::EndpointPage;
use super::form::{Fields, FormView};
use super::{id, location};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::activity::{self, Theirs};
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, EndpointId, Policy};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
    form: FormView,
    conflict: Option<Theirs>,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, &id(&webhook_id)?, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    // What is no version is an old one.
    let version = form.fields.version.parse().unwrap_or_default();
    let (edited, back, policy) = (id.clone(), location(&id), Policy::from(&**site));
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        webhooks::edit(tx, &edited, &draft, version, &policy, &author)
    });
    let (status, errors) = match saved.await {
        Ok(endpoint) => {
            Notice::done(format!("“{}” saved.", endpoint.name())).set(viewer.session())?;
            return Ok(page::see_other(&location(&id)));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &id, Some(form.fields), errors).await
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    id: &EndpointId,
    typed: Option<Fields>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let is_conflict = status == StatusCode::CONFLICT;
    let (wanted, sent) = (id.clone(), typed.as_ref().map(|fields| fields.version.clone()));
    let found = site.db.read(move |c| {
        let endpoint = webhooks::find(c, &wanted)?;
        let version = sent.and_then(|version| version.parse().ok()).unwrap_or(endpoint.version);
        let theirs =
            is_conflict.then(|| activity::since(c, wanted.as_str(), version)).transpose()?;
        Ok((endpoint, theirs))
    });
    let (endpoint, conflict) = found.await?;
    let present = Fields::of(&endpoint);
    let version = present.version.clone();
    let mut fields = typed.unwrap_or(present);
    // The present one, so that saving again is knowing better.
    fields.version = version;
    let page = EndpointPage::load(&site.db, id, ListQuery::default(), viewer.now).await?;
    page::page(status, &Edit { viewer, page, form: FormView::new(fields, errors), conflict })
}
