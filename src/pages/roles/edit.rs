//! `/roles/{slug}/edit`: the dialog that changes a role, and says first what that takes from keys.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::form::{Fields, FormView};
use super::location;
use super::loss::LossView;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::activity::{self, Theirs};
use crate::domain::api_keys::holders;
use crate::domain::members::permission::ManageRoles;
use crate::domain::{roles, scopes};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/edit.html")]
struct Edit<'a> {
    viewer: &'a Viewer,
    table: Table,
    close: String,
    slug: &'a str,
    form: FormView,
    loss: Option<LossView>,
    conflict: Option<Theirs>,
}

const OUT_OF_DATE: &str = "This form is out of date. Check the values, then save again";

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    slug: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, &slug, None, Invalid::default()).await
}

pub(super) async fn save(
    viewer: Allowed<ManageRoles>,
    slug: web::Path<String>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    if !roles::is_slug(&slug) {
        return Err(Error::NotFound);
    }
    let (fields, author, token) = (form.fields.clone(), viewer.author(), form.token);
    let (edited, back) = (slug.clone(), location(&slug));
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        let version = fields.version.parse().map_err(|_| Error::invalid("", OUT_OF_DATE))?;
        holders::edit_role(tx, &edited, &fields.draft(), version, &fields.confirmed, &author)
    });
    let (status, errors) = match saved.await {
        Ok(role) => {
            Notice::done(format!("“{}” saved.", role.name)).set(viewer.session())?;
            return Ok(page::see_other(&location(&slug)));
        }
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict) => (StatusCode::CONFLICT, Invalid::default()),
        Err(error) => return Err(error),
    };
    draw(status, &viewer, &site, &slug, Some(form.fields), errors).await
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    slug: &str,
    typed: Option<Fields>,
    mut errors: Invalid,
) -> Result<HttpResponse> {
    let (wanted, sent) = (slug.to_owned(), typed.clone());
    let (is_conflict, asks) = (status == StatusCode::CONFLICT, errors.has(holders::CONFIRMED));
    let found = site.db.read(move |c| {
        let role = roles::own(c, &wanted)?;
        let sent = sent.unwrap_or_default();
        let version = sent.version.parse().unwrap_or(role.version);
        let theirs = is_conflict.then(|| activity::since(c, &role.id, version)).transpose()?;
        let loss = asks.then(|| holders::loss(c, &role, &sent.scopes)).transpose()?;
        Ok((role, scopes::all(c)?, theirs, loss))
    });
    let (role, scopes, conflict, loss) = found.await?;
    let loss = loss.map(|loss| LossView::new(&loss, viewer));
    errors.0.retain(|error| error.field != holders::CONFIRMED);
    let present = Fields::of(&role);
    let version = present.version.clone();
    let mut fields = typed.unwrap_or(present);
    // The present one, so that saving again is knowing better.
    fields.version = version;
    fields.confirmed = loss.as_ref().map(|loss| loss.fingerprint.clone()).unwrap_or_default();
    let table = Table::load(&site.db, viewer, None).await?;
    let form = FormView::new(fields, errors, &scopes);
    let close = location(slug);
    page::page(status, &Edit { viewer, table, close, slug, form, loss, conflict })
}
