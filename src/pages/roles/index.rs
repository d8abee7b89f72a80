//! `/roles`: the table.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::table::Table;
use crate::base::error::Result;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "roles/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    table: Table,
}

pub(super) async fn page(
    viewer: Allowed<ManageRoles>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let scope = pairs.find(|(name, _)| name == "scope").map(|(_, value)| value.into_owned());
    let scope = scope.filter(|scope| scopes::is_scope(scope));
    let reader = viewer.viewer();
    let mut table = site.db.read(move |c| Table::load(c, &reader, scope)).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
