//! `/reviews`: every review, newest first.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::words::{self, Badge};
use crate::base::clock::{long_date, short_date};
use crate::base::error::Result;
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::domain::reviews::{self, Due, Progress, Review};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "reviews/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// Since when a review is due.
    due: Option<String>,
    /// The interval in days; `None` if reviews are never due.
    every: Option<i32>,
    may_start: bool,
    rows: Vec<Row>,
    pager: Pager,
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
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (cursor, now) = (list.cursor.clone(), viewer.now);
    let found = site.db.read(move |c| {
        let reviews = reviews::list(c, cursor.as_ref())?;
        let progress = reviews.rows.iter().map(|review| reviews::progress(c, review, now));
        Ok((progress.collect::<Result<Vec<_>>>()?, reviews, reviews::due(c, now)?))
    });
    let (progress, reviews, due) = found.await?;
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
        rows: reviews.rows.iter().zip(progress).map(|(review, done)| row(review, done)).collect(),
        pager: list.pager("/reviews", &reviews),
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
