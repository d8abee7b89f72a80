//! `/usage/export.csv`: what each key's requests were counted for, as a file (RFC 4180).
//!
//! Read in batches as the client takes them; when one fails, the connection is cut, so that no part
//! passes for the whole. ASVS 1.2.10, 16.3.2.

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::asked_for;
use crate::api_keys::{self, ApiKey};
use crate::clock::{Timestamp, iso_date};
use crate::db::Db;
use crate::error::Result;
use crate::members::http::Allowed;
use crate::members::permission::ViewKeys;
use crate::usage::{self, Outcome, Period};
use crate::web::{Site, csv};

/// How many keys are read at once.
const BATCH: i64 = 200;

pub(super) async fn comma_separated(
    viewer: Allowed<ViewKeys>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (period, now) = (asked_for(request.query_string()), viewer.now);
    let name = format!(
        "latchkey-usage-{}-to-{}.csv",
        iso_date(period.start(now).date()),
        iso_date(now.date())
    );
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, csv::MEDIA_TYPE))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    tracing::info!(member = viewer.member.id.as_str(), "the usage is exported");
    let job = Job { db: site.db.clone(), period, now, after: None };
    Ok(response.streaming(stream::try_unfold(job, Job::step)))
}

/// An export under way.
struct Job {
    db: Db,
    period: Period,
    now: Timestamp,
    /// The last key that was written; none before the columns' names.
    after: Option<String>,
}

impl Job {
    /// The next piece, which is asked for when the client has taken most of the one before.
    async fn step(mut self) -> Result<Option<(Bytes, Self)>> {
        let Some(after) = self.after.clone() else {
            self.after = Some(String::new());
            return Ok(Some((csv::written([columns()])?.into(), self)));
        };
        let (period, now) = (self.period, self.now);
        let read = self.db.read(move |c| {
            let keys = api_keys::after(c, &after, BATCH)?;
            let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
            let counts = usage::of_keys(c, &ids, period, now)?;
            Ok((keys, counts))
        });
        let (keys, counts) = read.await.inspect_err(|error| {
            tracing::error!(%error, "an export of the usage was cut short");
        })?;
        let Some(last) = keys.last() else { return Ok(None) };
        self.after = Some(last.id.as_str().to_owned());
        let none = Vec::new();
        let rows = keys.iter().map(|key| cells(key, counts.get(key.id.as_str()).unwrap_or(&none)));
        Ok(Some((csv::written(rows)?.into(), self)))
    }
}

fn columns() -> Vec<String> {
    let names = ["key_id", "name", "environment", "created_at", "last_used_at", "revoked_at"];
    names.into_iter().chain(Outcome::ALL.map(Outcome::code)).map(str::to_owned).collect()
}

fn cells(key: &ApiKey, counts: &[(Outcome, i64)]) -> Vec<String> {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc_3339).unwrap_or_default();
    let mut cells = vec![
        key.id.as_str().to_owned(),
        csv::safe(key.name.as_str()),
        key.environment.slug().to_owned(),
        at(Some(key.created_at)),
        at(key.last_used_at),
        at(key.revoked_at),
    ];
    cells.extend(Outcome::ALL.iter().map(|outcome| {
        let counted = counts.iter().find(|(other, _)| other == outcome);
        counted.map_or(0, |(_, count)| *count).to_string()
    }));
    cells
}
