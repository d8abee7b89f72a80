//! `/roles/{slug}/delete`: the confirmation, or what keeps the role.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::location;
use super::table::{Table, keys_do};
use crate::base::error::{Error, Result};
use crate::domain::api_keys::holders;
use crate::domain::members::Permission;
use crate::domain::members::permission::ManageRoles;
use crate::domain::roles::{self, Role};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/delete.html")]
struct Delete<'a> {
    viewer: &'a Viewer,
    table: Table,
    close: String,
    role: Role,
    /// `3 keys have`; empty when none keeps the role.
    keys: String,
    /// Whether these are revoked ones.
    are_revoked: bool,
    links_keys: bool,
    is_refused: bool,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    slug: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, &slug).await
}

pub(super) async fn delete(
    viewer: Allowed<ManageRoles>,
    slug: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (author, token, deleted) = (viewer.author(), form.token, slug.clone());
    let outcome = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/roles")?;
        holders::delete_role(tx, &deleted, &author)
    });
    match outcome.await {
        Ok(role) => {
            Notice::done(format!("“{}” deleted.", role.name)).set(viewer.session())?;
            Ok(page::see_other("/roles"))
        }
        Err(Error::Invalid(_)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &slug).await
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    slug: &str,
) -> Result<HttpResponse> {
    let wanted = slug.to_owned();
    let found = site.db.read(move |c| {
        let role = roles::own(c, &wanted)?;
        let counts = holders::of_roles(c, std::slice::from_ref(&role))?;
        Ok((counts.get(&role.id).copied().unwrap_or_default(), role))
    });
    let (keys, role) = found.await?;
    let count = keys.live + keys.revoked;
    let template = Delete {
        viewer,
        table: Table::load(&site.db, viewer, None).await?,
        close: location(slug),
        role,
        keys: if count == 0 { String::new() } else { keys_do(count, "has", "have") },
        are_revoked: keys.live == 0,
        links_keys: viewer.may(Permission::ViewKeys),
        is_refused: status != StatusCode::OK,
    };
    page::page(status, &template)
}
