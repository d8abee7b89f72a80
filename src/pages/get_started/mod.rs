//! `/get-started`: how to protect an API, with the configuration of each gateway; and the checklist of
//! first steps.

mod checklist;
mod guides;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::base::error::{Error, Result};
use crate::config::{PublicUrl, TrustedProxies};
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::query::Query;
use crate::web::routes::Routes;
use crate::web::{Site, page};
use guides::{GUIDES, Guide};

pub use checklist::Checklist;

const PATH: &str = "/get-started";

/// The routes of the guide.
pub fn routes(routes: &mut Routes) {
    routes.get(PATH, show);
    routes.post("/api-keys/checklist/dismiss", checklist::dismiss);
}

#[derive(Deserialize)]
#[serde(default)]
struct Parameters {
    gateway: String,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { gateway: "nginx".into() }
    }
}

#[derive(Template)]
#[template(path = "get_started/index.html")]
struct GetStarted<'a> {
    viewer: &'a Viewer,
    guide: &'static Guide,
    tabs: Vec<Tab>,
    /// The guides under the same tab, if there are several.
    variants: Vec<Tab>,
    files: Vec<File>,
    /// The URL at which gateways and services reach this server.
    server: &'a PublicUrl,
    trusts_proxies: bool,
}

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

struct File {
    name: &'static str,
    text: String,
}

async fn show(
    viewer: Allowed<ViewKeys>,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let guide = Guide::find(&query.0.gateway).ok_or(Error::NotFound)?;
    page::ok(&GetStarted::new(&viewer, guide, &site))
}

impl<'a> GetStarted<'a> {
    fn new(viewer: &'a Viewer, guide: &'static Guide, site: &'a Site) -> Self {
        let server = &site.gateway_url;
        let file = |file: &guides::Example| File { name: file.name, text: file.for_server(server) };
        Self {
            viewer,
            guide,
            tabs: tabs(guide),
            variants: variants(guide),
            files: guide.files.iter().map(file).collect(),
            server,
            trusts_proxies: site.trusted_proxies != TrustedProxies::default(),
        }
    }
}

fn tab(guide: &Guide, label: &'static str, is_current: bool) -> Tab {
    Tab { label, href: format!("{PATH}?gateway={}", guide.slug), is_current }
}

/// The tabs; each leads to its first guide.
fn tabs(current: &Guide) -> Vec<Tab> {
    let mut tabs: Vec<Tab> = Vec::new();
    for guide in GUIDES {
        if tabs.last().is_none_or(|last| last.label != guide.tab) {
            tabs.push(tab(guide, guide.tab, guide.tab == current.tab));
        }
    }
    tabs
}

fn variants(current: &Guide) -> Vec<Tab> {
    let same = GUIDES.iter().filter(|guide| guide.tab == current.tab);
    let variants: Vec<Tab> =
        same.map(|guide| tab(guide, guide.name, guide.slug == current.slug)).collect();
    if variants.len() > 1 { variants } else { Vec::new() }
}
