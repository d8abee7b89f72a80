//! `/reviews`: every review, the newest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::words::{self, Badge};
use crate::base::clock::{Timestamp, long_date, short_date};
use crate::base::error::Result;
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::domain::reviews::{self, Due, Progress, Review};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::{Site, page};

/// How many reviews a page shows.
const PAGE: i64 = 25;

#[derive(Template)]
#[template(path = "reviews/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// Since when one is due.
    due: Option<String>,
    /// Every how many days; none: never.
    every: Option<i32>,
    may_start: bool,
    rows: Vec<Row>,
    is_later: bool,
    next: Option<String>,
}

struct Row {
    id: String,
    name: String,
    starter: String,
    progress: String,
    ended: String,
    badge: Badge,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let before = pairs.find_map(|(name, value)| (name == "before").then(|| value.parse().ok()));
    let before: Option<Timestamp> = before.flatten().map(Timestamp::from_millis);
    let now = viewer.now;
    let found = site.db.read(move |c| {
        let reviews = reviews::list(c, before, PAGE + 1)?;
        let mut rows = Vec::new();
        for review in reviews {
            rows.push((reviews::progress(c, &review, now)?, review));
        }
        Ok((rows, reviews::due(c, now)?))
    });
    let (mut found, due) = found.await?;
    let has_more = found.len() > 25;
    found.truncate(25);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|(_, r)| format!("/reviews?before={}", r.started_at.millis()));
    let is_open = matches!(due, Some(Due::Open(..)));
    page::ok(&Index {
        viewer: &viewer,
        notice: viewer.take_notice(),
        due: match due {
            Some(Due::Since(at)) => Some(long_date(at.date())),
            _ => None,
        },
        every: Some(viewer.settings.review_days).filter(|days| *days > 0),
        may_start: !is_open && viewer.may(Permission::UpdateKeys),
        rows: found.iter().map(|(progress, review)| row(review, *progress)).collect(),
        is_later: before.is_some(),
        next,
    })
}

fn row(review: &Review, progress: Progress) -> Row {
    Row {
        id: review.id.as_str().into(),
        name: review.name(),
        starter: review.starter.clone(),
        progress: words::decided(progress),
        ended: review.ended.as_ref().map_or("–".into(), |ended| {
            format!("{} by {}", short_date(ended.at.date()), ended.by)
        }),
        badge: Badge::of(review),
    }
}
