//! `/usage/address`: which keys were used from an address, and which have it in their IP whitelist.

use std::net::IpAddr;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::seen::SeenView;
use crate::base::error::{Error, Result};
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage;
use crate::pages::{Allowed, Viewer};
use crate::web::query::Query;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "usage/address.html")]
struct Page<'a> {
    viewer: &'a Viewer,
    address: String,
    used: Vec<Row>,
    /// Keys whose IP whitelist contains the address.
    listed: Vec<KeyName>,
    /// How many keys of each kind are shown at most.
    limit: i64,
    /// Whether more keys may have been used from it.
    is_cut: bool,
}

struct Row {
    key: KeyName,
    environment: &'static str,
    seen: SeenView,
}

struct KeyName {
    id: String,
    name: String,
}

impl KeyName {
    fn new(key: &ApiKey) -> Self {
        Self { id: key.id.as_str().into(), name: key.name.as_str().into() }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    #[serde(rename = "q")]
    address: String,
}

/// The largest number of keys of each kind.
const LIMIT: i64 = 100;

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let address: IpAddr = query.0.address.trim().parse().map_err(|_| Error::NotFound)?;
    let address = address.to_canonical();
    let found = site.db.read(move |c| {
        let used = usage::keys_from(c, address, LIMIT)?;
        let ids: Vec<&str> = used.iter().map(|(id, _)| id.as_str()).collect();
        let keys = api_keys::by_ids(c, &ids)?;
        Ok((used, keys, api_keys::listing_address(c, address, LIMIT)?))
    });
    let (used, keys, listed) = found.await?;
    let row = |(id, seen): &(String, _)| {
        let key = keys.iter().find(|key| key.id.as_str() == id)?;
        let (environment, seen) = (key.environment.label(), SeenView::new(seen, viewer.now));
        Some(Row { key: KeyName::new(key), environment, seen })
    };
    page::ok(&Page {
        viewer: &viewer,
        address: address.to_string(),
        used: used.iter().filter_map(row).collect(),
        listed: listed.iter().map(KeyName::new).collect(),
        limit: LIMIT,
        is_cut: i64::try_from(used.len()) == Ok(LIMIT),
    })
}
