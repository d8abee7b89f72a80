//! `/leaks`: every report, or those of a key.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::words::{Badge, done};
use crate::base::clock::{Timestamp, day_and_time, short_date};
use crate::base::error::Result;
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::leaks::{self, Cursor, Leak, Page};
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "leaks/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// The key that the list is narrowed to.
    key: Option<String>,
    rows: Vec<Row>,
    /// Whether it is not the first page.
    is_later: bool,
    next: Option<String>,
}

struct Row {
    id: String,
    name: String,
    key_id: String,
    done: &'static str,
    since: String,
    when: String,
    at: String,
    reporter: String,
    badge: Badge,
}

/// What the address asks for. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default)]
struct Query {
    key: Option<KeyId>,
    after: Option<Cursor>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let query = Query::parse(request.query_string());
    let (key, after) = (query.key, query.after.clone());
    let found = site.db.read(move |c| {
        let page = match &key {
            Some(id) => Page { leaks: leaks::of_key(c, id)?, next: None },
            None => leaks::list(c, after.as_ref())?,
        };
        let ids: Vec<&str> = page.leaks.iter().map(|leak| leak.key_id.as_str()).collect();
        let keys = api_keys::by_ids(c, &ids)?;
        Ok((page, keys))
    });
    let (page, keys) = found.await?;
    let now = viewer.now;
    page::ok(&Index {
        viewer: &viewer,
        notice: viewer.take_notice(),
        key: query.key.map(|id| id.as_str().to_owned()),
        rows: page.leaks.iter().map(|leak| row(leak, &keys, now)).collect(),
        is_later: query.after.is_some(),
        next: page.next.map(|cursor| href(&cursor)),
    })
}

fn row(leak: &Leak, keys: &[ApiKey], now: Timestamp) -> Row {
    let key = keys.iter().find(|key| key.id == leak.key_id);
    Row {
        id: leak.id.as_str().into(),
        name: key.map_or(leak.key_id.as_str(), |key| key.name.as_str()).into(),
        key_id: leak.key_id.as_str().into(),
        done: done(leak.action),
        since: short_date(leak.since.date()),
        when: day_and_time(leak.reported_at, now),
        at: leak.reported_at.rfc_3339(),
        reporter: leak.reporter.clone(),
        badge: Badge::of(leak),
    }
}

fn href(cursor: &Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("/leaks?{}", query.append_pair("after", &cursor.text()).finish())
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "key" => parsed.key = KeyId::parse(value.trim()),
                "after" => parsed.after = Cursor::parse(&value),
                _ => {}
            }
        }
        parsed
    }
}
