//! `/activity/{number}`: everything that was recorded in one entry.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::index::person;
use super::sentence::{self, Parts};
use super::subject::{self, SubjectLink};
use super::words::{self, EventView};
use crate::base::clock::{Timestamp, long_date};
use crate::base::error::{Error, Result};
use crate::base::keyring::hex;
use crate::base::text;
use crate::domain::activity::{self, Change, RecordedEntry};
use crate::domain::members::permission::ViewActivity;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

/// The maximum length of a value on the page, in characters; exports contain all of it.
const MAX_LENGTH: usize = 2000;

#[derive(Template)]
#[template(path = "activity/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    number: i64,
    event: EventView,
    sentence: Parts,
    subject: Option<SubjectLink>,
    changes: Vec<Change>,
    details: Vec<(String, String)>,
    facts: Vec<Fact>,
}

struct Fact {
    label: &'static str,
    value: String,
    /// Whether it is an identifier or an address.
    is_code: bool,
}

pub(super) async fn page(
    viewer: Allowed<ViewActivity>,
    number: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let number: i64 = number.parse().map_err(|_| Error::NotFound)?;
    let found = site.db.read(move |c| activity::find(c, number)).await?;
    let entry = found.ok_or(Error::NotFound)?;
    page::ok(&Show {
        viewer: &viewer,
        number,
        event: words::of(&entry.event),
        sentence: words::sentence(&entry),
        subject: subject::named(&entry, &viewer),
        changes: entry.changes(),
        details: details(&entry),
        facts: facts(&entry),
    })
}

/// The recorded details other than changes.
fn details(entry: &RecordedEntry) -> Vec<(String, String)> {
    let details = match entry.details() {
        Value::Object(details) => details,
        Value::Null => return vec![("Details".into(), text::visible(&entry.details, MAX_LENGTH))],
        other => return vec![("Details".into(), value(&other))],
    };
    let rest = details.into_iter().filter(|(name, _)| name != "changes");
    rest.map(|(name, what)| {
        let label = sentence::capital(&text::visible(&name, 80).replace('_', " "));
        let at = what.as_i64().filter(|_| name.ends_with("_at")).map(Timestamp::from_millis);
        (label, at.map_or_else(|| value(&what), time))
    })
    .collect()
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::Bool(true) => "Yes".into(),
        Value::Bool(false) => "No".into(),
        Value::Null => "None".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(self::value).collect();
            items.join(", ")
        }
        other => other.to_string(),
    };
    text::visible(&text, MAX_LENGTH)
}

fn time(at: Timestamp) -> String {
    format!("{}, {} UTC", long_date(at.date()), at.time_to_millis())
}

fn facts(entry: &RecordedEntry) -> Vec<Fact> {
    let fact = |label, value: Option<&str>, is_code| {
        value.map(|value| Fact { label, value: text::visible(value, 300), is_code })
    };
    let time = time(entry.at);
    [
        fact("Time", Some(&time), false),
        fact("Person", Some(&person(entry)), false),
        fact("Person’s ID", entry.actor_id.as_deref(), true),
        fact("From", entry.address.as_deref(), true),
        fact("Browser", entry.user_agent.as_deref(), false),
        fact("Request", entry.request_id.as_deref(), true),
        fact("Event", Some(&entry.event), true),
        fact("About", entry.subject_id.as_deref(), true),
        fact("Hash", Some(&hex(&entry.hash)), true),
    ]
    .into_iter()
    .flatten()
    .collect()
}
