//! `/roles`: the table.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::table::Table;
use crate::base::error::Result;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Viewer};
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    scope: Option<String>,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    filters: Query<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let scope = filters.0.scope.filter(|scope| scopes::is_scope(scope));
    let reader = viewer.viewer();
    let mut table = site.db.read(move |c| Table::load(c, &reader, scope)).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
