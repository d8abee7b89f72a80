//! `/scopes`: the table, and its search.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::table::Table;
use crate::base::error::Result;
use crate::domain::members::permission::ManageRoles;
use crate::pages::{Allowed, Viewer};
use crate::web::query::{self, Query};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "scopes/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    #[serde(rename = "q", deserialize_with = "query::search")]
    search: String,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    filters: Query<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let mut table = site.db.read(|c| Table::load(c, filters.0.search)).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
