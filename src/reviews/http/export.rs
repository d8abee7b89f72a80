//! `/reviews/{review_id}/report.csv`: every key of a review, as a file (RFC 4180).
//!
//! Read in batches as the client takes them; when one fails, the connection is cut, so that no part
//! passes for the whole. ASVS 1.2.10, 16.3.2.

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::report::staged;
use crate::clock::{Timestamp, iso_date};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::members::http::Allowed;
use crate::members::permission::ViewKeys;
use crate::reviews::{self, Cursor, Item, ReviewId, Stage};
use crate::web::{Site, csv};

const COLUMNS: [&str; 14] = [
    "key_id",
    "name",
    "environment",
    "role",
    "scopes",
    "created_at",
    "expires_at",
    "last_used_at",
    "decision",
    "note",
    "decided_by",
    "decided_at",
    "outcome",
    "carried_out_at",
];

pub(super) async fn comma_separated(
    viewer: Allowed<ViewKeys>,
    review_id: web::Path<String>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let wanted = id.clone();
    let review = site.db.read(move |c| reviews::find(c, &wanted)).await?.ok_or(Error::NotFound)?;
    let name = format!("latchkey-review-{}.csv", iso_date(review.started_at.date()));
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, csv::MEDIA_TYPE))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    tracing::info!(
        member = viewer.member.id.as_str(),
        review = id.as_str(),
        "a review is exported"
    );
    let job = Job { db: site.db.clone(), id, now: viewer.now, at: Place::Start };
    Ok(response.streaming(stream::try_unfold(job, Job::step)))
}

/// An export under way.
struct Job {
    db: Db,
    id: ReviewId,
    now: Timestamp,
    at: Place,
}

/// How far it is.
enum Place {
    /// Before the columns' names.
    Start,
    /// Behind that item; before the first one without.
    Behind(Option<Cursor>),
}

impl Job {
    /// The next piece, which is asked for when the client has taken most of the one before.
    async fn step(mut self) -> Result<Option<(Bytes, Self)>> {
        let Place::Behind(after) = self.at else {
            self.at = Place::Behind(None);
            return Ok(Some((csv::written([COLUMNS])?.into(), self)));
        };
        let (id, now) = (self.id.clone(), self.now);
        let read = self.db.read(move |c| staged(c, &id, after.as_ref(), now)).await;
        let items = read.inspect_err(|error| {
            tracing::error!(%error, "an export of a review was cut short");
        })?;
        let Some((last, _)) = items.last() else { return Ok(None) };
        self.at = Place::Behind(Some(Cursor::beside(last, true)));
        let rows = items.iter().map(|(item, stage)| cells(item, *stage));
        Ok(Some((csv::written(rows)?.into(), self)))
    }
}

fn cells(item: &Item, stage: Stage) -> [String; COLUMNS.len()] {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc_3339).unwrap_or_default();
    let decided = item.decided.as_ref();
    let (outcome, done) = outcome(stage);
    [
        item.key_id.as_str().to_owned(),
        csv::safe(&item.name),
        item.environment.slug().to_owned(),
        csv::safe(&item.role),
        item.scopes.to_string(),
        at(Some(item.created_at)),
        at(Some(item.expires_at)),
        at(item.last_used_at),
        decided.map(|decided| decided.decision.slug().to_owned()).unwrap_or_default(),
        decided.map(|decided| csv::safe(&decided.note)).unwrap_or_default(),
        decided.map(|decided| csv::safe(&decided.by)).unwrap_or_default(),
        at(decided.map(|decided| decided.at)),
        outcome.to_owned(),
        at(done),
    ]
}

fn outcome(stage: Stage) -> (&'static str, Option<Timestamp>) {
    match stage {
        Stage::Undecided => ("undecided", None),
        Stage::NoLongerActive | Stage::Moot => ("no_longer_active", None),
        Stage::Kept => ("kept", None),
        Stage::Open => ("open", None),
        Stage::Done(at) => ("carried_out", at),
    }
}
