//! `/members`: everyone who can sign in or was invited.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::table::{Filters, Table};
use crate::base::error::Result;
use crate::domain::members::permission::ManageMembers;
use crate::pages::{Allowed, Viewer};
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "members/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

pub(super) async fn page(
    viewer: Allowed<ManageMembers>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let asking = viewer.viewer();
    let table = site.db.read(move |c| Table::page(c, &asking, list)).await?;
    let table = Table { notice: viewer.take_notice(), ..table };
    page::ok(&Index { viewer: &viewer, table })
}
