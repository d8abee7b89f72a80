//! `/reviews/{review_id}/report`: the report for an auditor, on paper or as a file.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::words::{Badge, count, moment};
use crate::base::clock::{Timestamp, long_date, short_date};
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::api_keys::{self, Details};
use crate::domain::members::permission::ViewKeys;
use crate::domain::reviews::{self, Decision, Item, Progress, Review, ReviewId, Stage};
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::{Site, page};

/// The maximum number of keys on the page; the file contains all.
const ROWS: usize = 1000;
/// How many are read at once.
const BATCH: usize = 100;

#[derive(Template)]
#[template(path = "reviews/report.html")]
struct Report<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    id: String,
    name: String,
    badge: Badge,
    period: String,
    started: String,
    ended: Option<(&'static str, String)>,
    total: String,
    /// The number of decisions of each kind.
    totals: Vec<(&'static str, String)>,
    inactive: String,
    still_open: String,
    printed: String,
    rows: Vec<Row>,
    /// The number of keys that are not shown.
    more: Option<String>,
}

struct Row {
    name: String,
    id: String,
    environment: &'static str,
    role: String,
    scopes: i64,
    last_used: String,
    decision: &'static str,
    note: String,
    by: String,
    at: String,
    outcome: String,
}

struct ReportData {
    review: Review,
    before: Option<Review>,
    progress: Progress,
    totals: Vec<(&'static str, String)>,
    still_open: i64,
    items: Vec<(Item, Stage)>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    review_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let now = viewer.now;
    let read = site.db.read(move |c| read(c, &id, now)).await?;
    page::ok(&Report::new(&viewer, &read))
}

fn read(c: &mut Connection, id: &ReviewId, now: Timestamp) -> Result<ReportData> {
    let review = reviews::find(c, id)?.ok_or(Error::NotFound)?;
    let counted = reviews::totals(c, id)?;
    let total = |decision: Decision| {
        (decision.label(), count(counted.get(&decision).copied().unwrap_or_default()))
    };
    let mut items = Vec::new();
    while items.len() < ROWS {
        let last = items.last().map(|(item, _)| item);
        let batch = staged(c, id, last, now)?;
        if batch.is_empty() {
            break;
        }
        items.extend(batch);
    }
    Ok(ReportData {
        before: reviews::finished_before(c, &review)?,
        progress: reviews::progress(c, &review, now)?,
        totals: Decision::ALL.map(total).into(),
        still_open: reviews::still_open(c, id, now)?,
        items,
        review,
    })
}

/// The next items by name, each with its stage.
pub(super) fn staged(
    c: &mut Connection,
    id: &ReviewId,
    last: Option<&Item>,
    now: Timestamp,
) -> Result<Vec<(Item, Stage)>> {
    let items = reviews::next_items(c, id, last, BATCH)?;
    let keys: Vec<&str> = items.iter().map(|item| item.key_id.as_str()).collect();
    let details = api_keys::details_of(c, &keys)?;
    let stage = |item: &Item| {
        let known: Option<&Details> = details.get(item.key_id.as_str());
        item.stage(known, now)
    };
    Ok(items.into_iter().map(|item| (item.clone(), stage(&item))).collect())
}

impl<'a> Report<'a> {
    fn new(viewer: &'a Visit, read: &ReportData) -> Self {
        let review = &read.review;
        let start = long_date(review.started_at.date());
        let shown = i64::try_from(read.items.len()).unwrap_or(i64::MAX);
        Self {
            viewer,
            notice: viewer.take_notice(),
            id: review.id.as_str().into(),
            name: review.name(),
            badge: Badge::of(review),
            period: match &read.before {
                Some(before) => {
                    format!("{} to {start}", long_date(before.started_at.date()))
                }
                None => format!("Up to {start}; there was no review before"),
            },
            started: format!("{}, by {}", moment(review.started_at), review.starter),
            ended: review.ended.as_ref().map(|ended| {
                let verb = if ended.is_cancelled { "Cancelled" } else { "Finished" };
                (verb, format!("{}, by {}", moment(ended.at), ended.by))
            }),
            total: count(review.total),
            totals: read.totals.clone(),
            inactive: count(read.progress.inactive),
            still_open: api_keys::count_text(read.still_open),
            printed: moment(viewer.now),
            rows: read.items.iter().map(|(item, stage)| row(item, *stage)).collect(),
            more: (review.total > shown).then(|| count(review.total - shown)),
        }
    }
}

fn row(item: &Item, stage: Stage) -> Row {
    let decided = item.decided.as_ref();
    Row {
        name: item.name.clone(),
        id: item.key_id.as_str().into(),
        environment: item.environment.label(),
        role: item.role.clone(),
        scopes: item.scopes,
        last_used: item.last_used_at.map_or("Never".into(), |at| short_date(at.date())),
        decision: decided.map_or("–", |decided| decided.decision.label()),
        note: decided.map(|decided| decided.note.clone()).unwrap_or_default(),
        by: decided.map(|decided| decided.by.clone()).unwrap_or_default(),
        at: decided.map(|d| short_date(d.at.date())).unwrap_or_default(),
        outcome: match stage {
            Stage::Undecided => "Undecided".into(),
            Stage::NoLongerActive => "No longer active, no decision needed".into(),
            Stage::Kept => "Nothing to carry out".into(),
            Stage::Open => "Still to be carried out".into(),
            Stage::Done(Some(at)) => format!("Carried out {}", short_date(at.date())),
            Stage::Done(None) => "Carried out".into(),
            Stage::Moot => "No longer active, nothing to carry out".into(),
        },
    }
}
