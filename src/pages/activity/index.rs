//! `/activity`: the log.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::query::{ANONYMOUS, COMMAND_LINE, LONGEST, Period, Query, SYSTEM};
use super::sentence::Parts;
use super::subject::{self, Named};
use super::words::{self, EventView};
use crate::base::clock::{Timestamp, day_name, long_date};
use crate::base::error::Result;
use crate::base::text::{self, thousands};
use crate::domain::activity::{self, Page, Recorded};
use crate::domain::members::permission::ViewActivity;
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

/// The address of the log.
const PATH: &str = "/activity";

#[derive(Template)]
#[template(path = "activity/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    search: String,
    /// The Key ID that the log is narrowed to, and the log without that.
    key: Option<(String, String)>,
    kinds: Vec<Kind>,
    people: Vec<Choice>,
    periods: Vec<Choice>,
    csv_href: String,
    jsonl_href: String,
    nothing: Option<(String, &'static str)>,
    days: Vec<Day>,
    foot: String,
    newer: Option<String>,
    older: Option<String>,
}

struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// A kind of events in the filter, with its events.
struct Kind {
    label: String,
    choices: Vec<Choice>,
}

struct Day {
    heading: String,
    rows: Vec<Row>,
}

struct Row {
    number: i64,
    time: String,
    at: String,
    event: EventView,
    said: Parts,
    subject: Option<Named>,
    person: String,
    address: Option<String>,
}

pub(super) async fn page(
    viewer: Allowed<ViewActivity>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let query = Query::parse(request.query_string());
    let (filter, cursor) = (query.filter(viewer.now), query.cursor);
    let found = site.db.read(move |c| {
        let page = activity::list(c, &filter, cursor)?;
        Ok((page, activity::event_names(c)?, activity::people(c)?))
    });
    let (found, events, people) = found.await?;
    page::ok(&Index::new(&viewer, &query, &found, &events, people))
}

impl<'a> Index<'a> {
    fn new(
        viewer: &'a Viewer,
        query: &Query,
        page: &Page,
        events: &[String],
        people: Vec<(String, String)>,
    ) -> Self {
        let end = page.position.saturating_add(page.entries.len() as u64);
        let beside = |entry: Option<&Recorded>, position, is_after| {
            entry.map(|entry| query.beside(entry, position, is_after).href(PATH))
        };
        let whole = Query { cursor: None, ..query.clone() };
        let without_key = query.without_key().href(PATH);
        Self {
            viewer,
            search: query.search.clone(),
            key: query.key.map(|id| (id.as_str().to_owned(), without_key)),
            kinds: kinds(events, &query.event),
            people: choices(people, &query.person),
            periods: periods(query),
            csv_href: whole.href("/activity/export.csv"),
            jsonl_href: whole.href("/activity/export.jsonl"),
            nothing: page.entries.is_empty().then(|| nothing(query)),
            days: days(&page.entries, viewer),
            foot: foot(page),
            newer: beside(page.entries.first().filter(|_| page.has_before), page.position, false),
            older: beside(page.entries.last().filter(|_| page.has_after), end, true),
        }
    }
}

/// The kinds of events that have happened, each with its events, and with what is chosen.
fn kinds(events: &[String], chosen: &str) -> Vec<Kind> {
    // A name that cannot be written into the address cannot be chosen.
    let events: Vec<&String> =
        events.iter().filter(|event| text::visible(event, LONGEST) == **event).collect();
    let mut kinds: Vec<&str> = events.iter().filter_map(|event| event.split('.').next()).collect();
    kinds.dedup();
    kinds.sort_by_key(|kind| words::kind_position(kind));
    let choice = |value: &str, label: String| Choice {
        value: value.into(),
        label,
        is_chosen: value == chosen,
    };
    let of = |kind: &&str| {
        let label = words::kind_label(kind);
        let start = format!("{kind}.");
        let events = events.iter().filter(|event| event.starts_with(&start));
        let all = choice(kind, format!("{label}: any"));
        let each = events.map(|event| choice(event, words::of(event).label));
        Kind { choices: std::iter::once(all).chain(each).collect(), label }
    };
    kinds.iter().map(of).collect()
}

fn choices(people: Vec<(String, String)>, chosen: &str) -> Vec<Choice> {
    let others =
        [(COMMAND_LINE, "Command line"), (ANONYMOUS, "Not signed in"), (SYSTEM, "Latchkey")];
    let others = others.map(|(value, label)| (value.to_owned(), label.to_owned()));
    let all = people.into_iter().chain(others);
    all.map(|(value, label)| Choice { is_chosen: value == chosen, value, label }).collect()
}

fn periods(query: &Query) -> Vec<Choice> {
    Period::ALL
        .map(|period| Choice {
            value: period.as_str().into(),
            label: period.label().into(),
            is_chosen: period == query.period,
        })
        .into()
}

fn nothing(query: &Query) -> (String, &'static str) {
    if query.search.is_empty() {
        let advice =
            "Choose another event, person or period, or show everything that happened lately.";
        ("No entries match these filters".into(), advice)
    } else {
        let advice = "Check the spelling, choose a longer period, or search for part of the name.";
        (format!("No entries match “{}”", query.search), advice)
    }
}

fn days(entries: &[Recorded], viewer: &Viewer) -> Vec<Day> {
    let by_day = entries.chunk_by(|one, next| one.at.date() == next.at.date());
    by_day
        .map(|entries| {
            let date = entries.first().map_or(viewer.now, |entry| entry.at).date();
            let heading = format!("{}, {}", day_name(date, viewer.now.date()), long_date(date));
            Day { heading, rows: entries.iter().map(|entry| row(entry, viewer)).collect() }
        })
        .collect()
}

fn row(entry: &Recorded, viewer: &Viewer) -> Row {
    Row {
        number: entry.number,
        time: entry.at.time_of_day(),
        at: Timestamp::rfc_3339(entry.at),
        event: words::of(&entry.event),
        said: words::say(entry),
        subject: subject::named(entry, viewer),
        person: person(entry),
        address: entry.address.clone(),
    }
}

/// Who did it, as the pages call them.
pub(super) fn person(entry: &Recorded) -> String {
    match entry.actor_kind.as_str() {
        "anonymous" => "Not signed in".into(),
        _ => text::visible(&entry.actor_name, 80),
    }
}

/// `1–25 of 214 entries`.
fn foot(page: &Page) -> String {
    let first = page.position.saturating_add(1);
    let last = page.position.saturating_add(page.entries.len() as u64);
    let counted = thousands(page.total.min(activity::COUNTED) as u64);
    let more = if page.total > activity::COUNTED { "+" } else { "" };
    let noun = if page.total == 1 { "entry" } else { "entries" };
    format!("{}–{} of {counted}{more} {noun}", thousands(first), thousands(last))
}
