//! `/webhooks`: the table.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::table::Table;
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let now = viewer.now;
    let mut table = site.db.read(move |c| Table::load(c, now)).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
