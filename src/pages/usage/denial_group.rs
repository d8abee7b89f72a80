//! `/usage/denials/{request_id}`: all stored denied requests like one of them.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::denial_groups::RequestView;
use super::words::reason;
use crate::base::error::{Error, Result};
use crate::domain::api_keys;
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::denials;
use crate::pages::{Allowed, Viewer};
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "usage/denial_group.html")]
struct DenialGroup<'a> {
    viewer: &'a Viewer,
    reason: String,
    /// The id and the name of the key.
    key: Option<(String, String)>,
    address: Option<String>,
    requests: Vec<RequestView>,
    pager: Pager,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    request_id: web::Path<String>,
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let path = format!("/usage/denials/{request_id}");
    let cursor = list.cursor.clone();
    let found = site.db.read(move |c| {
        let denied = denials::find(c, &request_id)?.ok_or(Error::NotFound)?;
        let id = denied.key_id.map(|id| id.as_str().to_owned());
        let keys = api_keys::by_ids(c, &id.iter().map(String::as_str).collect::<Vec<_>>())?;
        let page = denials::like(c, &denied, cursor.as_ref())?;
        Ok((denied, keys, page))
    });
    let (denied, keys, found) = found.await?;
    let key = keys.first().map(|key| (key.id.as_str().into(), key.name.as_str().into()));
    page::ok(&DenialGroup {
        viewer: &viewer,
        reason: reason(denied.reason, &denied.detail),
        key,
        address: denied.address,
        requests: found.rows.iter().map(|like| RequestView::new(like, viewer.now)).collect(),
        pager: list.pager(&path, &found),
    })
}
