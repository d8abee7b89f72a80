//! `/webhooks/{webhook_id}/secret`: a new signing secret, and the one look at it.

use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::EndpointPage;
use super::query::Query;
use super::{Nothing, id, location};
use crate::error::{Error, Result};
use crate::members::http::{Allowed, Viewer};
use crate::members::permission::ManageSettings;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};
use crate::webhooks::{self, Endpoint, SigningSecret};

/// What a second submit of the form is told.
pub(super) const ALREADY_SHOWN: &str =
    "This signing secret has already been shown. If you did not save it, make a new one.";

#[derive(Template)]
#[template(path = "webhooks/replace.html")]
struct Replace<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
}

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct Reveal<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
    secret: &'a SigningSecret,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let page = EndpointPage::load(&site.db, &id, Query::default(), viewer.now).await?;
    page::ok(&Replace { viewer: &viewer, page })
}

pub(super) async fn replace(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let (author, token, back) = (viewer.author(), form.token, location(&id));
    let replaced = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        webhooks::replace_secret(tx, &id, &author)
    });
    match replaced.await {
        Ok((endpoint, secret)) => {
            let notice = "The signing secret was replaced.".to_owned();
            reveal(&viewer, &site, &endpoint, &secret, notice).await
        }
        Err(Error::AlreadySubmitted(location)) => {
            Notice::warning(ALREADY_SHOWN).set(viewer.session())?;
            Ok(page::see_other(&location))
        }
        Err(error) => Err(error),
    }
}

/// The one response that holds the signing secret. It is not compressed, so that its length tells
/// nothing about the secret (BREACH).
pub(super) async fn reveal(
    viewer: &Viewer,
    site: &Site,
    endpoint: &Endpoint,
    secret: &SigningSecret,
    notice: String,
) -> Result<HttpResponse> {
    Notice::done(notice).set(viewer.session())?;
    let page = EndpointPage::load(&site.db, &endpoint.id, Query::default(), viewer.now).await?;
    let mut response = page::ok(&Reveal { viewer, page, secret })?;
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    Ok(response)
}
