//! `/reviews/{review_id}/report.csv`: every key of a review, as a file (RFC 4180).
//! ASVS 1.2.10.

use actix_web::{HttpRequest, HttpResponse, web};

use super::report::staged;
use crate::base::clock::{Timestamp, iso_date};
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::members::permission::ViewKeys;
use crate::domain::reviews::{self, Item, ReviewId, Stage};
use crate::pages::Allowed;
use crate::web::export::{self, File, Source};
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
    let requested = id.clone();
    let review =
        site.db.read(move |c| reviews::find(c, &requested)).await?.ok_or(Error::NotFound)?;
    let name = format!("latchkey-review-{}.csv", iso_date(review.started_at.date()));
    let file = File { name, media_type: csv::MEDIA_TYPE };
    let source = Items { id, now: viewer.now, position: Position::Start };
    Ok(export::send(&request, &site, viewer.member.id.as_str(), file, source))
}

/// The items of a review.
struct Items {
    id: ReviewId,
    now: Timestamp,
    position: Position,
}

/// The position in the file.
enum Position {
    /// Before the column names.
    Start,
    /// After that item; before the first item if `None`.
    After(Option<Box<Item>>),
}

impl Source for Items {
    fn next(&mut self, connection: &mut Connection) -> Result<Option<Vec<u8>>> {
        let Position::After(after) = &self.position else {
            self.position = Position::After(None);
            return csv::head(COLUMNS).map(Some);
        };
        let items = staged(connection, &self.id, after.as_deref(), self.now)?;
        let Some((last, _)) = items.last() else { return Ok(None) };
        self.position = Position::After(Some(Box::new(last.clone())));
        csv::written(items.iter().map(|(item, stage)| cells(item, *stage))).map(Some)
    }
}

fn cells(item: &Item, stage: Stage) -> [String; COLUMNS.len()] {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc_3339).unwrap_or_default();
    let decided = item.decided.as_ref();
    let (outcome, done) = outcome(stage);
    [
        item.key_id.as_str().to_owned(),
        csv::safe(&item.name),
        item.environment.as_str().to_owned(),
        csv::safe(&item.role),
        item.scopes.to_string(),
        at(Some(item.created_at)),
        at(Some(item.expires_at)),
        at(item.last_used_at),
        decided.map(|decided| decided.decision.as_str().to_owned()).unwrap_or_default(),
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
