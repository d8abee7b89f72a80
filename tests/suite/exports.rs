//! Exports that nobody reads are limited in number, and do not block other requests.

use std::io::Read as _;
use std::time::{Duration, Instant};

use reqwest::blocking::Response;

use crate::support::{App, Client, is_postgres};

const ALL_ENTRIES: &str = "/activity/export.csv?period=all";
/// An export without entries, which ends immediately.
const NO_ENTRIES: &str = "/activity/export.jsonl?q=no+such+thing";

/// Adds more entries than fit into the buffers between the program and a client, so that an export
/// stays open until the client reads it.
fn fill(app: &App) {
    let details = if is_postgres() { "repeat('0', 20000)" } else { "hex(zeroblob(10000))" };
    let hash = if is_postgres() { "''" } else { "x''" };
    let last = app.number("SELECT MAX(number) FROM activity");
    app.sql(&format!(
        "INSERT INTO activity (number, at, event, actor_kind, actor_name, details, hash) \
         WITH RECURSIVE n(i) AS (SELECT {last} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         SELECT i, 1795435200000, 'test.filled', 'command_line', 'x', {details}, {hash} FROM n; \
         UPDATE activity_head SET number = 2000"
    ));
}

/// Starts an export of all entries without reading it.
fn start(app: &App, client: &Client) -> Response {
    let request = client.http().get(format!("{}{ALL_ENTRIES}", app.url));
    request.header("cookie", client.session()).send().expect("an answer")
}

/// Waits until the server has noticed that a client disconnected, which nothing signals.
fn wait_until_export_starts(client: &Client) {
    let began = Instant::now();
    while client.get(NO_ENTRIES).status != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the export continues without its client"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_csv_file_starts_with_a_byte_order_mark_for_excel() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key("Café");
    assert_eq!(manager.submit("/reviews", &[]).status, 303);
    let review = app.texts("SELECT id AS text FROM reviews").remove(0);
    let review = format!("/reviews/{review}/report.csv");
    for path in [ALL_ENTRIES, "/usage/export.csv", &review] {
        let file = manager.get(path);
        assert_eq!(file.status, 200, "{path}");
        assert!(file.body.starts_with('\u{feff}'), "{path}: {:?}", file.body);
        assert_eq!(file.body.matches('\u{feff}').count(), 1, "{path}");
    }
    assert!(
        !manager.get(NO_ENTRIES).body.starts_with('\u{feff}'),
        "JSON must not have one (RFC 8259, 8.1)"
    );
}

#[test]
fn a_third_export_of_a_member_is_rejected_until_one_ends_or_its_client_disconnects() {
    let app = App::set_up();
    let (manager, other) = (app.super_manager(), app.super_manager());
    fill(&app);
    let first = start(&app, &manager);
    let mut second = start(&app, &manager);
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    for path in [ALL_ENTRIES, NO_ENTRIES, "/usage/export.csv"] {
        let rejected = manager.copy().get(path);
        assert_eq!(rejected.status, 429, "{path}");
        assert_eq!(rejected.header("retry-after"), "10");
        assert_eq!(rejected.header("content-disposition"), "");
        assert_eq!(rejected.text("h1"), "Two of your exports are still running");
        assert!(rejected.body.contains("Wait until one of them has finished"), "{}", rejected.body);
    }
    assert_eq!(manager.any("HEAD", NO_ENTRIES).status, 200, "HEAD does not start an export");
    assert_eq!(other.get(NO_ENTRIES).status, 200, "the limit is per member");
    drop(first);
    wait_until_export_starts(&manager);
    let mut file = Vec::new();
    second.read_to_end(&mut file).expect("the whole file");
    assert!(file.len() > 30_000_000 && file.ends_with(b"\r\n"), "{} bytes", file.len());
    assert_eq!(manager.get(NO_ENTRIES).status, 200);
    let (third, fourth) = (start(&app, &manager), start(&app, &manager));
    assert_eq!((third.status().as_u16(), fourth.status().as_u16()), (200, 200));
}

#[test]
fn only_two_of_many_unread_exports_run_and_new_keys_still_pass() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secrets: Vec<String> =
        (0..10).map(|n| manager.create_key(&[("name", &format!("Worker {n}"))]).secret()).collect();
    fill(&app);
    let started: Vec<Response> = (0..120).map(|_| start(&app, &manager)).collect();
    let running = started.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(running, 2);
    for secret in &secrets {
        let request = manager.http().get(format!("{}/v1/authorize", app.url)).bearer_auth(secret);
        assert_eq!(manager.send(request).status, 200);
    }
}

#[test]
fn at_most_eight_exports_of_all_members_run_at_once() {
    let app = App::set_up();
    let managers: Vec<Client> = (0..4).map(|_| app.super_manager()).collect();
    let last = app.super_manager();
    fill(&app);
    let running: Vec<Response> =
        managers.iter().flat_map(|manager| [start(&app, manager), start(&app, manager)]).collect();
    assert!(running.iter().all(|answer| answer.status() == 200));
    let rejected = last.get(NO_ENTRIES);
    assert_eq!(rejected.status, 429);
    assert_eq!(rejected.text("h1"), "Too many exports are running");
    drop(running);
    wait_until_export_starts(&last);
}
