//! `/scopes/{scope}/edit`: the dialog that says what a scope is for.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::location;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::activity::{self, Theirs};
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

const OUT_OF_DATE: &str = "This form is out of date. Check the values, then save again";

#[derive(Template)]
#[template(path = "scopes/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    table: Table,
    close: String,
    name: &'a str,
    fields: Fields,
    errors: Invalid,
    conflict: Option<Theirs>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    description: String,
    version: String,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    scope: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, &scope, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageRoles>,
    scope: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    if !scopes::is_scope(&scope) {
        return Err(Error::NotFound);
    }
    let (fields, author, token) = (form.fields.clone(), viewer.author(), form.token);
    let (name, back) = (scope.clone(), location(&scope));
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        let version = fields.version.parse().map_err(|_| Error::invalid("", OUT_OF_DATE))?;
        scopes::describe(tx, &name, &fields.description, version, &author)
    });
    let (status, errors) = match saved.await {
        Ok(()) => {
            Notice::done(format!("{scope} saved.")).set(viewer.session())?;
            return Ok(page::see_other(&location(&scope)));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &scope, Some(form.fields), errors).await
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    name: &str,
    typed: Option<Fields>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let wanted = name.to_owned();
    let read_version = typed.as_ref().and_then(|fields| fields.version.parse().ok());
    let is_conflict = status == StatusCode::CONFLICT;
    let found = site.db.read(move |c| {
        let scope = scopes::own(c, &wanted)?;
        let since = read_version.filter(|_| is_conflict);
        let theirs = since.map(|version| activity::since(c, &wanted, version)).transpose()?;
        Ok((scope, theirs))
    });
    let (scope, conflict) = found.await?;
    let description = typed.map_or(scope.description, |fields| fields.description);
    // The present version, so that saving again is knowing better.
    let fields = Fields { description, version: scope.version.to_string() };
    let table = Table::load(&site.db, String::new()).await?;
    let close = location(name);
    page::page(status, &Edit { viewer, table, close, name, fields, errors, conflict })
}
