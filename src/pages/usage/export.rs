//! `/usage/export.csv`: the counts of each key's requests by outcome, as a file (RFC 4180). ASVS
//! 1.2.10.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Parameters;
use crate::base::clock::{Timestamp, iso_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, ApiKey};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::{self, Outcome, Period};
use crate::pages::Allowed;
use crate::web::export::{self, File, Source};
use crate::web::query::Query;
use crate::web::{Site, csv};

/// How many keys are read at once.
const BATCH: i64 = 100;

pub(super) async fn comma_separated(
    viewer: Allowed<ViewKeys>,
    request: HttpRequest,
    parameters: Query<Parameters>,
    site: web::Data<Site>,
) -> HttpResponse {
    let (period, now) = (parameters.0.period, viewer.now);
    let name = format!(
        "latchkey-usage-{}-to-{}.csv",
        iso_date(period.start(now).date()),
        iso_date(now.date())
    );
    let file = File { name, media_type: csv::MEDIA_TYPE };
    let source = Counts { period, now, after: None };
    export::send(&request, &site, viewer.member.id.as_str(), file, source)
}

/// The counts of all keys.
struct Counts {
    period: Period,
    now: Timestamp,
    /// The last key that was written; `None` before the column names.
    after: Option<String>,
}

impl Source for Counts {
    fn next(&mut self, connection: &mut Connection) -> Result<Option<Vec<u8>>> {
        let Some(after) = &self.after else {
            self.after = Some(String::new());
            return csv::head(columns()).map(Some);
        };
        let keys = api_keys::after(connection, after, BATCH)?;
        let Some(last) = keys.last() else { return Ok(None) };
        let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        let counts = usage::of_keys(connection, &ids, self.period, self.now)?;
        self.after = Some(last.id.as_str().to_owned());
        let none = Vec::new();
        let rows = keys.iter().map(|key| cells(key, counts.get(key.id.as_str()).unwrap_or(&none)));
        csv::written(rows).map(Some)
    }
}

fn columns() -> Vec<String> {
    let names = ["key_id", "name", "environment", "created_at", "last_used_at", "revoked_at"];
    names
        .into_iter()
        .chain(Outcome::ALL.map(|outcome| outcome.as_str()))
        .chain(["owner", "external_id"])
        .map(str::to_owned)
        .collect()
}

fn cells(key: &ApiKey, counts: &[(Outcome, i64)]) -> Vec<String> {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc_3339).unwrap_or_default();
    let mut cells = vec![
        key.id.as_str().to_owned(),
        csv::safe(key.name.as_str()),
        key.environment.as_str().to_owned(),
        at(Some(key.created_at)),
        at(key.last_used_at),
        at(key.revoked_at),
    ];
    cells.extend(Outcome::ALL.iter().map(|outcome| {
        let counted = counts.iter().find(|(other, _)| other == outcome);
        counted.map_or(0, |(_, count)| *count).to_string()
    }));
    cells.extend([key.owner.as_str(), key.external_id.as_str()].map(csv::safe));
    cells
}
