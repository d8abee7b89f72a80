//! `/scopes/new`: the dialog that adds a scope.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::location;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::{self, Draft};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "scopes/new.html")]
struct New<'a> {
    viewer: &'a Viewer,
    table: Table,
    fields: Fields,
    errors: Invalid,
    /// Resources and operations that are there, to choose from.
    resources: Vec<String>,
    operations: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    resource: String,
    operation: String,
    description: String,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, Fields::default(), Invalid::default()).await
}

pub(super) async fn add(
    viewer: Allowed<ManageRoles>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Fields { resource, operation, description } = form.fields.clone();
    let draft = Draft { resource, operation, description };
    let (author, token) = (viewer.author(), form.token);
    let added = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/scopes")?;
        scopes::create(tx, &draft, &author)
    });
    match added.await {
        Ok(scope) => {
            Notice::done(format!("{} added.", scope.name)).set(viewer.session())?;
            Ok(page::see_other(&location(&scope.name)))
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, form.fields, errors).await
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    fields: Fields,
    errors: Invalid,
) -> Result<HttpResponse> {
    let known = site.db.read(scopes::all).await?;
    let own = known.iter().filter(|scope| !scope.built_in);
    let (mut resources, mut operations): (Vec<_>, Vec<_>) =
        own.map(|scope| (scope.resource.clone(), scope.operation.clone())).unzip();
    for names in [&mut resources, &mut operations] {
        names.sort_unstable();
        names.dedup();
    }
    let table = Table::load(&site.db, String::new()).await?;
    page::page(status, &New { viewer, table, fields, errors, resources, operations })
}
