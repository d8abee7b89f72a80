//! `/activity`: the log.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::query::{ANONYMOUS, COMMAND_LINE, Filters, Period, SYSTEM, View};
use super::sentence::Parts;
use super::subject::{self, SubjectLink};
use super::words::{self, EventView};
use crate::base::clock::{day_name, long_date};
use crate::base::error::Result;
use crate::base::text;
use crate::db::keyset::Page;
use crate::domain::activity::{self, RecordedEntry};
use crate::domain::members::permission::ViewActivity;
use crate::pages::{Allowed, Viewer};
use crate::web::list::{Choice, ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

/// The path of the log.
const PATH: &str = "/activity";
/// The maximum length of an event name that can be selected, in characters.
const MAX_LENGTH: usize = 80;

#[derive(Template)]
#[template(path = "activity/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    tabs: Vec<Tab>,
    /// The tab, if it is not the first one.
    view: Option<View>,
    search: String,
    /// The key ID that the log is filtered by, and the URL of the log without that filter.
    key: Option<(String, String)>,
    kinds: Vec<Kind>,
    people: Vec<Choice>,
    periods: Vec<Choice>,
    csv_href: String,
    jsonl_href: String,
    nothing: Option<(String, &'static str)>,
    /// The tab without filters.
    unfiltered: String,
    days: Vec<Day>,
    pager: Pager,
}

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// A kind of event in the filter, with its events.
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
    time: TimeView,
    event: EventView,
    sentence: Parts,
    subject: Option<SubjectLink>,
    person: String,
    address: Option<String>,
}

pub(super) async fn page(
    viewer: Allowed<ViewActivity>,
    list: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let shown = Filters { view: Some(list.filters.view()), ..list.filters.clone() };
    let (filter, cursor) = (shown.filter(viewer.now), list.cursor.clone());
    let found = site.db.read(move |c| {
        let page = activity::list(c, &filter, cursor.as_ref())?;
        Ok((page, activity::event_names(c)?, activity::people(c)?))
    });
    let (found, events, people) = found.await?;
    page::ok(&Index::new(&viewer, &list, &found, &events, people))
}

impl<'a> Index<'a> {
    fn new(
        viewer: &'a Viewer,
        list: &ListQuery<Filters>,
        page: &Page<RecordedEntry>,
        events: &[String],
        people: Vec<(String, String)>,
    ) -> Self {
        let filters = &list.filters;
        let view = filters.view();
        let exported = Filters { view: Some(view), ..filters.clone() };
        let without_key = Filters { key: None, ..filters.clone() }.href(PATH);
        let noun = if page.total == Some(1) { "entry" } else { "entries" };
        let pager = list.pager(PATH, page);
        Self {
            viewer,
            tabs: View::ALL.map(|tab| Tab::new(tab, filters)).into(),
            view: tab(view),
            search: filters.search.clone(),
            key: filters.key.map(|id| (id.as_str().to_owned(), without_key)),
            kinds: kinds(events, view, &filters.event),
            people: choices(people, &filters.person),
            periods: periods(filters),
            csv_href: exported.href("/activity/export.csv"),
            jsonl_href: exported.href("/activity/export.jsonl"),
            nothing: page.rows.is_empty().then(|| nothing(&filters.search)),
            unfiltered: Filters { view: tab(view), ..Filters::default() }.href(PATH),
            days: days(&page.rows, viewer),
            pager: Pager { range: format!("{} {noun}", pager.range), ..pager },
        }
    }
}

/// The tab in a URL. The first one needs no word.
fn tab(view: View) -> Option<View> {
    Some(view).filter(|view| *view != View::Changes)
}

impl Tab {
    /// The tab with the other filters. A selected event may not exist there.
    fn new(view: View, filters: &Filters) -> Self {
        let there = Filters { view: tab(view), event: String::new(), ..filters.clone() };
        let is_current = filters.view() == view;
        Self { label: view.label(), href: there.href(PATH), is_current }
    }
}

/// The kinds of events that have happened, each with its events, and with the selected one.
fn kinds(events: &[String], view: View, chosen: &str) -> Vec<Kind> {
    // A name that cannot be written into the URL cannot be selected.
    let is_offered =
        |event: &&String| view.includes(event) && text::visible(event, MAX_LENGTH) == **event;
    let events: Vec<&String> = events.iter().filter(is_offered).collect();
    let mut kinds: Vec<&str> = events.iter().filter_map(|event| event.split('.').next()).collect();
    kinds.dedup();
    kinds.sort_by_key(|kind| words::kind_position(kind));
    let choice = |value: &str, label: String| Choice::new(value, label, chosen);
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
    let others = others.map(|(value, label)| Choice::new(value, label, chosen));
    let people = people.into_iter().map(|(id, name)| Choice::new(id, name, chosen));
    people.chain(others).collect()
}

fn periods(filters: &Filters) -> Vec<Choice> {
    Period::ALL
        .map(|period| Choice::new(period.as_str(), period.label(), filters.period.as_str()))
        .into()
}

fn nothing(search: &str) -> (String, &'static str) {
    if search.is_empty() {
        let advice =
            "Choose another event, person or period, or show everything that happened lately.";
        ("No entries match these filters".into(), advice)
    } else {
        let advice = "Check the spelling, choose a longer period, or search for part of the name.";
        (format!("No entries match “{search}”"), advice)
    }
}

fn days(entries: &[RecordedEntry], viewer: &Viewer) -> Vec<Day> {
    let by_day = entries.chunk_by(|one, next| one.at.date() == next.at.date());
    by_day
        .map(|entries| {
            let date = entries.first().map_or(viewer.now, |entry| entry.at).date();
            let heading = format!("{}, {}", day_name(date, viewer.now.date()), long_date(date));
            Day { heading, rows: entries.iter().map(|entry| row(entry, viewer)).collect() }
        })
        .collect()
}

fn row(entry: &RecordedEntry, viewer: &Viewer) -> Row {
    Row {
        number: entry.number,
        time: TimeView::new(entry.at.time_of_day(), entry.at),
        event: words::of(&entry.event),
        sentence: words::sentence(entry),
        subject: subject::named(entry, viewer),
        person: person(entry),
        address: entry.address.clone(),
    }
}

/// The name that pages show for the person who caused an entry.
pub(super) fn person(entry: &RecordedEntry) -> String {
    match entry.actor_kind.as_str() {
        "anonymous" => "Not signed in".into(),
        _ => text::visible(&entry.actor_name, 80),
    }
}
