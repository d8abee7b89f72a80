//! `/api-keys/{key_id}/addresses`: the addresses from which a key was used.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::seen::SeenView;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::{self, KeyId};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "usage/addresses.html")]
struct Addresses<'a> {
    viewer: &'a Viewer,
    id: String,
    name: String,
    seen: Vec<SeenView>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    key_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = KeyId::parse(&key_id).ok_or(Error::NotFound)?;
    let found = site.db.read(move |c| {
        let details = api_keys::find(c, &id)?.ok_or(Error::NotFound)?;
        Ok((details.key.name, usage::addresses(c, &id, Timestamp::default())?))
    });
    let (name, seen) = found.await?;
    page::ok(&Addresses {
        viewer: &viewer,
        id: id.as_str().into(),
        name: name.as_str().into(),
        seen: seen.iter().map(|seen| SeenView::new(seen, viewer.now)).collect(),
    })
}
