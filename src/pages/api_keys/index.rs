//! `/api-keys`: the table.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::moved;
use super::query::Filters;
use super::table::Table;
use crate::base::error::Result;
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "api_keys/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    if let Some(moved) = moved::attention(&list) {
        return Ok(moved);
    }
    let asking = viewer.viewer();
    let mut table = site.db.read(move |c| Table::load(c, &asking, &list)).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
