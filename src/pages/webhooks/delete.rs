//! `/webhooks/{webhook_id}/delete`: the confirmation.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::EndpointPage;
use super::{Nothing, id};
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/delete.html")]
struct Delete<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let page = EndpointPage::load(&site.db, &id, ListQuery::default(), viewer.now).await?;
    page::ok(&Delete { viewer: &viewer, page })
}

pub(super) async fn delete(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let (author, token) = (viewer.author(), form.token);
    let deleted = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/webhooks")?;
        webhooks::delete(tx, &id, &author)
    });
    Notice::done(format!("“{}” deleted.", deleted.await?.name())).set(viewer.session())?;
    Ok(page::see_other("/webhooks"))
}
