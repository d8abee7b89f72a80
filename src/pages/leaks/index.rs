//! `/leaks`: every report, or those of a key.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::words::{Badge, done};
use crate::base::clock::{Timestamp, short_date};
use crate::base::error::Result;
use crate::db::keyset::Page;
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::leaks::{self, Leak};
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "leaks/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// The key that the list is filtered by.
    key: Option<String>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: String,
    name: String,
    key_id: String,
    done: &'static str,
    since: String,
    when: TimeView,
    reporter: String,
    badge: Badge,
}

/// The filters of the list.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    key: Option<KeyId>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (key, cursor) = (list.filters.key, list.cursor.clone());
    let found = site.db.read(move |c| {
        let page = match &key {
            Some(id) => Page::single(leaks::of_key(c, id)?),
            None => leaks::list(c, cursor.as_ref())?,
        };
        let ids: Vec<&str> = page.rows.iter().map(|leak| leak.key_id.as_str()).collect();
        let keys = api_keys::by_ids(c, &ids)?;
        Ok((page, keys))
    });
    let (page, keys) = found.await?;
    let now = viewer.now;
    page::ok(&Index {
        viewer: &viewer,
        notice: viewer.take_notice(),
        key: list.filters.key.map(|id| id.as_str().to_owned()),
        rows: page.rows.iter().map(|leak| row(leak, &keys, now)).collect(),
        pager: list.pager("/leaks", &page),
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
        when: TimeView::day_and_time(leak.reported_at, now),
        reporter: leak.reporter.clone(),
        badge: Badge::of(leak),
    }
}
