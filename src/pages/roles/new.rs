//! `/roles/new`: the dialog that creates a role, empty or like another one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::form::{Fields, FormView};
use super::location;
use super::table::Table;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::permission::ManageRoles;
use crate::domain::{roles, scopes};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/new.html")]
struct New<'a> {
    viewer: &'a Viewer,
    table: Table,
    form: FormView,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let from = pairs.find(|(name, _)| name == "from").map(|(_, slug)| slug.into_owned());
    let roles = site.db.read(roles::all).await?;
    let found = roles.iter().find(|role| from.as_ref() == Some(&role.slug));
    let fields = found.map(Fields::copied).unwrap_or_default();
    draw(StatusCode::OK, &viewer, &site, fields, Invalid::default()).await
}

pub(super) async fn create(
    viewer: Allowed<ManageRoles>,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    let created = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/roles")?;
        roles::create(tx, &draft, &author)
    });
    match created.await {
        Ok(role) => {
            Notice::done(format!("“{}” created.", role.name)).set(viewer.session())?;
            Ok(page::see_other(&location(&role.slug)))
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
    let scopes = site.db.read(scopes::all).await?;
    let table = Table::load(&site.db, viewer, None).await?;
    page::page(status, &New { viewer, table, form: FormView::new(fields, errors, &scopes) })
}
