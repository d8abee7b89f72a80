//! `/webhooks/{webhook_id}`: a webhook and its delivery log.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::{EndpointPage, Filters};
use super::id;
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::pages::{Allowed, Viewer};
use crate::web::list::ListQuery;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    page: EndpointPage,
}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (id, now) = (id(&webhook_id)?, viewer.now);
    let mut page = site.db.read(move |c| EndpointPage::load(c, &id, &list, now)).await?;
    page.notice = viewer.take_notice();
    page::ok(&Show { viewer: &viewer, page })
}
