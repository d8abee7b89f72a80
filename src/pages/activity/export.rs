//! `/activity/export.csv` and `.jsonl`: all entries that match the filters, as a file.
//!
//! Ends with the entry that was the newest at the start. ASVS 1.2.10.

use actix_web::{HttpRequest, HttpResponse, web};

use super::query::Filters;
use crate::base::clock::iso_date;
use crate::base::error::Result;
use crate::base::keyring::hex;
use crate::base::secret_scan;
use crate::db::Connection;
use crate::domain::activity::{self, Filter, RecordedEntry};
use crate::domain::members::permission::ViewActivity;
use crate::pages::{Allowed, Viewer};
use crate::web::export::{self, File, Source};
use crate::web::query::Query;
use crate::web::{Site, csv};

/// The range of entry numbers in a batch.
const BATCH: i64 = 100;

const COLUMNS: [&str; 15] = [
    "number",
    "time",
    "event",
    "person",
    "person_kind",
    "person_id",
    "address",
    "subject_kind",
    "subject_id",
    "subject_name",
    "details",
    "request_id",
    "user_agent",
    "hash",
    "at_millis",
];

/// The file format of entries.
#[derive(Clone, Copy)]
struct Format {
    ending: &'static str,
    media_type: &'static str,
    head: fn() -> Result<Vec<u8>>,
    entries: fn(&[RecordedEntry]) -> Result<Vec<u8>>,
}

/// RFC 4180.
const CSV: Format = Format {
    ending: "csv",
    media_type: csv::MEDIA_TYPE,
    head: || csv::head(COLUMNS),
    entries: |entries| csv::written(entries.iter().map(cells)),
};

/// <https://jsonlines.org>.
const JSONL: Format = Format {
    ending: "jsonl",
    media_type: "application/x-ndjson; charset=utf-8",
    head: || Ok(Vec::new()),
    entries: |entries| {
        let lines = entries.iter().flat_map(|entry| [object(entry).to_string(), "\n".into()]);
        Ok(lines.collect::<String>().into_bytes())
    },
};

pub(super) async fn comma_separated(
    viewer: Allowed<ViewActivity>,
    request: HttpRequest,
    filters: Query<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    export(&viewer, &request, &filters.0, &site, CSV).await
}

pub(super) async fn jsonl(
    viewer: Allowed<ViewActivity>,
    request: HttpRequest,
    filters: Query<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    export(&viewer, &request, &filters.0, &site, JSONL).await
}

async fn export(
    viewer: &Viewer,
    request: &HttpRequest,
    filters: &Filters,
    site: &Site,
    format: Format,
) -> Result<HttpResponse> {
    let name = file_name(filters, viewer, format.ending);
    let last = site.db.read(activity::last_number).await?;
    let entries = Entries { filter: filters.filter(viewer.now), format, next: 0, last };
    let file = File { name, media_type: format.media_type };
    Ok(export::send(request, site, viewer.member.id.as_str(), file, entries))
}

/// `latchkey-activity-2026-10-25-to-2026-11-23.csv`.
fn file_name(filters: &Filters, viewer: &Viewer, ending: &str) -> String {
    let first = filters.period.first_day(viewer.now).map(|date| format!("{}-", iso_date(date)));
    format!(
        "latchkey-activity-{}to-{}.{ending}",
        first.unwrap_or_default(),
        iso_date(viewer.now.date())
    )
}

/// The entries that match the filter.
struct Entries {
    filter: Filter,
    format: Format,
    /// The number of the next entry; 0 at the start.
    next: i64,
    last: i64,
}

impl Source for Entries {
    fn next(&mut self, connection: &mut Connection) -> Result<Option<Vec<u8>>> {
        if self.next == 0 {
            self.next = 1;
            return (self.format.head)().map(Some);
        }
        if self.next > self.last {
            return Ok(None);
        }
        let numbers = (self.next, self.last.min(self.next + BATCH - 1));
        self.next = numbers.1 + 1;
        let entries = activity::range(connection, &self.filter, numbers)?;
        (self.format.entries)(&entries).map(Some)
    }
}

fn cells(entry: &RecordedEntry) -> [String; COLUMNS.len()] {
    let or_empty = |text: &Option<String>| csv::safe(text.as_deref().unwrap_or_default());
    [
        entry.number.to_string(),
        entry.at.rfc_3339_millis(),
        csv::safe(&entry.event),
        csv::safe(&entry.actor_name),
        csv::safe(&entry.actor_kind),
        or_empty(&entry.actor_id),
        or_empty(&entry.address),
        or_empty(&entry.subject_kind),
        or_empty(&entry.subject_id),
        or_empty(&entry.subject_name),
        csv::safe(&entry.details),
        or_empty(&entry.request_id),
        or_empty(&entry.user_agent),
        hex(&entry.hash),
        entry.at.millis().to_string(),
    ]
}

fn object(entry: &RecordedEntry) -> serde_json::Value {
    let details = match entry.details() {
        serde_json::Value::Null => entry.details.clone().into(),
        details => details,
    };
    secret_scan::json_without_secrets(&serde_json::json!({
        "number": entry.number,
        "time": entry.at.rfc_3339_millis(),
        "event": entry.event,
        "person": entry.actor_name,
        "person_kind": entry.actor_kind,
        "person_id": entry.actor_id,
        "address": entry.address,
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "subject_name": entry.subject_name,
        "details": details,
        "request_id": entry.request_id,
        "user_agent": entry.user_agent,
        "hash": hex(&entry.hash),
        "at_millis": entry.at.millis(),
    }))
}
