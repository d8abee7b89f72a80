//! `/roles/{slug}`: a role, with its scopes and the number of its keys.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::table::{Row, Table};
use crate::base::error::{Error, Result};
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::{self, Scope};
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    role: Row,
    /// Its scopes.
    scopes: Vec<Scope>,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    slug: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (reader, slug) = (viewer.viewer(), slug.into_inner());
    let found = site.db.read(move |c| {
        let (role, row) = Table::role(c, &reader, &slug)?.ok_or(Error::NotFound)?;
        let mut scopes = scopes::all(c)?;
        scopes.retain(|scope| role.scopes.contains(&scope.name));
        Ok((row, scopes))
    });
    let (role, scopes) = found.await?;
    page::ok(&Show { viewer: &viewer, role, scopes })
}
