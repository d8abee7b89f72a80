//! `/scopes/{scope}/delete`: the confirmation, or what keeps the scope.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::location;
use super::table::Table;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::holders::{self, NAMED, ScopeUse};
use crate::domain::api_keys::{ApiKey, count_text};
use crate::domain::members::Permission;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "scopes/delete.html")]
struct Delete<'a> {
    viewer: &'a Viewer,
    table: Table,
    close: String,
    name: &'a str,
    used: ScopeUse,
    /// The keys that may be named.
    keys: Vec<ApiKey>,
    /// Whether there are more keys than are named.
    has_more: bool,
    /// `3 keys`, that lose the scope; empty for none.
    following: String,
    /// `2 revoked keys`; empty for none.
    revoked: String,
    is_refused: bool,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    scope: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, &scope).await
}

pub(super) async fn remove(
    viewer: Allowed<ManageRoles>,
    scope: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (author, token, removed) = (viewer.author(), form.token, scope.clone());
    let outcome = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/scopes")?;
        holders::remove_scope(tx, &removed, &author)
    });
    match outcome.await {
        Ok(()) => {
            Notice::done(format!("{scope} removed.")).set(viewer.session())?;
            Ok(page::see_other("/scopes"))
        }
        Err(Error::Invalid(_)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &scope).await
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    name: &str,
) -> Result<HttpResponse> {
    let wanted = name.to_owned();
    let found = site.db.read(move |c| {
        let scope = scopes::own(c, &wanted)?;
        holders::scope_use(c, &scope)
    });
    let used = found.await?;
    // Who may not view keys hears that there are some, not which.
    let named = used.keys.iter().take(NAMED).filter(|_| viewer.may(Permission::ViewKeys));
    let keys = |count: i64, one: &str, many: &str| match count {
        0 => String::new(),
        1 => format!("1 {one}"),
        count => format!("{} {many}", count_text(count)),
    };
    let template = Delete {
        viewer,
        table: Table::load(&site.db, String::new()).await?,
        close: location(name),
        name,
        keys: named.cloned().collect(),
        has_more: used.keys.len() > NAMED,
        following: keys(used.following, "key", "keys"),
        revoked: keys(used.revoked, "revoked key", "revoked keys"),
        used,
        is_refused: status != StatusCode::OK,
    };
    page::page(status, &template)
}
