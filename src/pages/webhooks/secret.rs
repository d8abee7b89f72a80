//! `/webhooks/{webhook_id}/secret`: the dialog for a new signing secret, and the page that shows it
//! once.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::EndpointPage;
use super::{id, location};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, Endpoint, EndpointId, SigningSecret};
use crate::pages::{Allowed, NoFields, Reveal, Viewer, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/replace.html")]
struct Replace<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
}

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct Shown<'a> {
    viewer: &'a Viewer,
    page: &'a EndpointPage,
    secret: &'a SigningSecret,
}

/// Everything that the page needs but the secret: the webhook's page, where there is one already.
pub(super) struct SecretPage<'a> {
    pub viewer: &'a Viewer,
    pub page: Option<EndpointPage>,
}

impl Reveal for SecretPage<'_> {
    type Made = (Endpoint, SigningSecret);

    fn show(&self, (endpoint, secret): &Self::Made) -> HttpResponse {
        let fresh;
        let page = if let Some(page) = &self.page {
            page
        } else {
            fresh = EndpointPage::without_deliveries(endpoint, self.viewer.now);
            &fresh
        };
        let plain = [("Webhook", endpoint.url.as_str()), ("Signing Secret", secret.expose())];
        page::reveal(&Shown { viewer: self.viewer, page, secret }, &plain)
    }

    fn already_shown(&self) -> Option<&'static str> {
        Some("This signing secret has already been shown. If you did not save it, make a new one.")
    }
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let page = behind(&site, &id(&webhook_id)?, viewer.now).await?;
    page::ok(&Replace { viewer: &viewer, page })
}

pub(super) async fn replace(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let page = behind(&site, &id, viewer.now).await?;
    let secret = SecretPage { viewer: &viewer, page: Some(page) };
    let form = (form.token, location(&id));
    let replaced = write_and_reveal(&viewer, &site, secret, form, move |tx, author| {
        let replaced = webhooks::replace_secret(tx, &id, author)?;
        Ok((replaced, Notice::done("The signing secret was replaced.")))
    });
    replaced.await
}

async fn behind(site: &Site, id: &EndpointId, now: Timestamp) -> Result<EndpointPage> {
    let id = id.clone();
    site.db.read(move |c| EndpointPage::load(c, &id, &ListQuery::default(), now)).await
}
