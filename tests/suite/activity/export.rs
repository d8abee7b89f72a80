//! Exports of the activity: complete, safe to open, and never truncated without an error.

use std::io::Read as _;

use latchkey::base::clock::DAY;
use serde_json::Value;

use super::{add_entries, entries};
use crate::support::{App, encoded, is_postgres};

/// The rows of a CSV file without its header.
fn rows(body: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    reader.records().map(|row| row.expect("a row")).collect()
}

#[test]
fn csv_contains_every_entry_with_everything_that_was_recorded() {
    let app = App::set_up();
    let manager = app.super_manager().calling_from("203.0.113.9");
    manager.create_key(&[("name", "=HYPERLINK(\"http://evil.example\")"), ("notes", "a\n\"b\",c")]);
    let page = manager.get("/activity/export.csv?period=all");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let disposition = "attachment; filename=\"latchkey-activity-to-2026-11-23.csv\"";
    assert_eq!(page.header("content-disposition"), disposition);
    assert!(
        page.body.starts_with("\u{feff}number,time,event,person,person_kind,person_id,address,")
    );
    assert_eq!(page.body.matches("\r\n").count(), page.body.matches('\n').count());
    let (rows, entries) = (rows(&page.body), entries(&app));
    assert_eq!(rows.len(), entries.len());
    for (row, entry) in rows.iter().zip(&entries) {
        assert_eq!(row[0], entry.number.to_string());
        assert_eq!(row[1], *"2026-11-23T12:00:00.000Z");
        assert_eq!(row[2], entry.event);
        assert_eq!(&row[6], entry.address.as_deref().unwrap_or_default());
        assert_eq!(row[10], entry.details);
        assert_eq!(row[13], latchkey::base::keyring::hex(&entry.hash));
    }
    let last = rows.last().expect("a row");
    assert_eq!(last[9], *"'=HYPERLINK(\"http://evil.example\")");
    assert!(last[10].contains("a\\n\\\"b\\\",c"), "{}", &last[10]);
}

#[test]
fn cells_that_look_like_formulas_are_escaped() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (n, first) in ["=", "+", "-", "@"].iter().enumerate() {
        manager.key_named(&format!("{first}{n}"));
    }
    let rows = rows(&manager.get("/activity/export.csv?event=api_key").body);
    let names: Vec<&str> = rows.iter().map(|row| &row[9]).collect();
    assert_eq!(names, ["'=0", "'+1", "'-2", "'@3"]);
}

#[test]
fn json_lines_contain_the_values_unchanged() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("=1+1");
    let page = manager.get("/activity/export.jsonl?event=api_key.created");
    assert_eq!(page.header("content-type"), "application/x-ndjson; charset=utf-8");
    let disposition = "attachment; filename=\"latchkey-activity-2026-10-25-to-2026-11-23.jsonl\"";
    assert_eq!(page.header("content-disposition"), disposition);
    let lines: Vec<Value> =
        page.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["subject_name"], "=1+1");
    assert_eq!(lines[0]["subject_id"], id.as_str());
    assert_eq!(lines[0]["details"]["version"], 1);
    assert_eq!(lines[0]["user_agent"], Value::Null);
}

#[test]
fn the_export_applies_the_filters_and_the_page_links_to_it() {
    let app = App::set_up();
    add_entries(&app, 5);
    app.advance(40 * DAY);
    add_entries(&app, 1200);
    let manager = app.super_manager();
    let count = |query: &[(&str, &str)]| {
        let query = encoded(query);
        let page = manager.get(&format!("/activity?{query}"));
        let href = page.attribute(".actions a", "href").expect("a link");
        assert!(href.starts_with("/activity/export.csv"), "{href}");
        rows(&manager.get(&href).body).len()
    };
    assert_eq!(count(&[("event", "organisation")]), 1200);
    assert_eq!(count(&[("event", "organisation.set_up"), ("period", "all")]), 1205);
    assert_eq!(count(&[("period", "all")]), 1206, "changes only, as on the page");
    assert_eq!(count(&[("period", "all"), ("view", "sign-ins")]), 1);
    assert_eq!(count(&[("period", "all"), ("view", "all")]), 1207);
    assert_eq!(rows(&manager.get("/activity/export.csv?period=all").body).len(), 1207);
    assert_eq!(count(&[("person", "command-line"), ("event", "member")]), 1);
    assert_eq!(count(&[("q", "no such thing")]), 0);
    assert_eq!(count(&[("event", "rganisation"), ("period", "all")]), 0);
    let head = manager.any("HEAD", "/activity/export.csv");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn an_export_that_fails_midway_does_not_look_complete() {
    let app = App::set_up();
    let manager = app.super_manager();
    // Insert more than the buffers between the database and the client can hold.
    let details = if is_postgres() { "repeat('0', 20000)" } else { "hex(zeroblob(10000))" };
    let hash = if is_postgres() { "''" } else { "x''" };
    let last = app.number("SELECT MAX(number) FROM activity");
    app.sql(&format!(
        "INSERT INTO activity (number, at, event, actor_kind, actor_name, details, hash) \
         WITH RECURSIVE n(i) AS (SELECT {last} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) \
         SELECT i, 1795435200000, 'test.filled', 'command_line', 'x', {details}, {hash} FROM n; \
         UPDATE activity_head SET number = 4000"
    ));
    let request = manager.http().get(format!("{}/activity/export.csv", app.url));
    let mut response = request.header("cookie", manager.session()).send().expect("a response");
    assert_eq!(response.status(), 200);
    let mut first = [0; 64];
    response.read_exact(&mut first).expect("the first bytes");
    app.sql("ALTER TABLE activity RENAME TO gone");
    let mut rest = Vec::new();
    let result = response.read_to_end(&mut rest);
    app.sql("ALTER TABLE gone RENAME TO activity");
    assert!(result.is_err(), "a truncated export of {} bytes looks complete", rest.len());
    assert!(rest.len() < 60_000_000, "the export was buffered before the client read it");
    let complete = manager.get("/activity/export.csv?event=test.filled");
    assert_eq!(rows(&complete.body).len(), 4000 - usize::try_from(last).expect("a small number"));
}
