//! `/scopes`: the table, and a search in it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::table::Table;
use crate::base::error::Result;
use crate::base::text;
use crate::domain::members::permission::ManageRoles;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

/// The longest search text, in characters.
const LONGEST_SEARCH: usize = 80;

#[derive(Template)]
#[template(path = "scopes/index.html")]
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
    let search = pairs.find(|(name, _)| name == "q").map(|(_, value)| value.into_owned());
    let search = text::visible(search.unwrap_or_default().trim(), LONGEST_SEARCH);
    let mut table = Table::load(&site.db, search).await?;
    table.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, table })
}
