//! Former URLs of pages of keys, which lead to the present ones.

use actix_web::{HttpRequest, HttpResponse, web};

use super::query::{ATTENTION, Filters};
use crate::base::error::{Error, Result};
use crate::domain::api_keys::View;
use crate::pages::SignedIn;
use crate::web::list::ListQuery;
use crate::web::page;

/// `/api-keys/selected/…`, which is `/api-keys/bulk/…` now.
pub(super) async fn bulk(
    _: SignedIn,
    action: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let action = match action.as_str() {
        "keep" => "snooze",
        action @ ("disable" | "revoke" | "rotate") => action,
        _ => return Err(Error::NotFound),
    };
    let query = request.query_string();
    let separator = if query.is_empty() { "" } else { "?" };
    Ok(page::see_other(&format!("/api-keys/bulk/{action}{separator}{query}")))
}

/// `/api-keys?view=attention`, which is a page of its own now.
pub(super) fn attention(list: &ListQuery<Filters>) -> Option<HttpResponse> {
    (list.filters.view == View::Attention).then(|| page::see_other(&list.href(ATTENTION)))
}
