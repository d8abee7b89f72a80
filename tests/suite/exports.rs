//! Exports that many start and nobody reads: they are few, and requests pass meanwhile.

use std::io::Read as _;
use std::time::{Duration, Instant};

use reqwest::blocking::Response;

use crate::support::{App, Client, is_postgres};

const WHOLE: &str = "/activity/export.csv?period=all";
/// An export without entries, which ends at once.
const EMPTY: &str = "/activity/export.jsonl?q=no+such+thing";

/// Adds more entries than the buffers between the program and a client take.
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

/// Starts an export of everything, and reads none of it.
fn start(app: &App, client: &Client) -> Response {
    let request = client.http().get(format!("{}{WHOLE}", app.url));
    request.header("cookie", client.session()).send().expect("an answer")
}

/// Waits until the server has noticed that a client went away: nothing tells when that is.
fn until_another_starts(client: &Client) {
    let began = Instant::now();
    while client.get(EMPTY).status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "the export goes on without its client");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_file_for_spreadsheets_says_that_it_is_utf_8_as_excel_needs_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key("Café");
    assert_eq!(manager.submit("/reviews", &[]).status, 303);
    let review = app.texts("SELECT id AS text FROM reviews").remove(0);
    let review = format!("/reviews/{review}/report.csv");
    for path in [WHOLE, "/usage/export.csv", &review] {
        let file = manager.get(path);
        assert_eq!(file.status, 200, "{path}");
        assert!(file.body.starts_with('\u{feff}'), "{path}: {:?}", file.body);
        assert_eq!(file.body.matches('\u{feff}').count(), 1, "{path}");
    }
    assert!(!manager.get(EMPTY).body.starts_with('\u{feff}'), "JSON has none (RFC 8259, 8.1)");
}

#[test]
fn a_member_s_third_export_waits_until_one_has_ended_or_its_client_has_gone() {
    let app = App::set_up();
    let (manager, other) = (app.super_manager(), app.super_manager());
    fill(&app);
    let first = start(&app, &manager);
    let mut second = start(&app, &manager);
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    for path in [WHOLE, EMPTY, "/usage/export.csv"] {
        let refused = manager.copy().get(path);
        assert_eq!(refused.status, 429, "{path}");
        assert_eq!(refused.header("retry-after"), "10");
        assert_eq!(refused.header("content-disposition"), "");
        assert_eq!(refused.text("h1"), "Two of your exports are still running");
        assert!(refused.body.contains("Wait until one of them has finished"), "{}", refused.body);
    }
    assert_eq!(manager.any("HEAD", EMPTY).status, 200, "no file is written for it");
    assert_eq!(other.get(EMPTY).status, 200, "other members have their own two");
    drop(first);
    until_another_starts(&manager);
    let mut file = Vec::new();
    second.read_to_end(&mut file).expect("whole");
    assert!(file.len() > 30_000_000 && file.ends_with(b"\r\n"), "{} bytes", file.len());
    assert_eq!(manager.get(EMPTY).status, 200);
    let (third, fourth) = (start(&app, &manager), start(&app, &manager));
    assert_eq!((third.status().as_u16(), fourth.status().as_u16()), (200, 200));
}

#[test]
fn of_many_exports_that_nobody_reads_two_run_and_new_keys_pass() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secrets: Vec<String> =
        (0..10).map(|n| manager.create_key(&[("name", &format!("Worker {n}"))]).secret()).collect();
    fill(&app);
    let started: Vec<Response> = (0..120).map(|_| start(&app, &manager)).collect();
    let running = started.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(running, 2);
    for secret in &secrets {
        let ask = manager.http().get(format!("{}/v1/authorize", app.url)).bearer_auth(secret);
        assert_eq!(manager.send(ask).status, 200);
    }
}

#[test]
fn eight_exports_run_at_once_whoever_started_them() {
    let app = App::set_up();
    let managers: Vec<Client> = (0..4).map(|_| app.super_manager()).collect();
    let last = app.super_manager();
    fill(&app);
    let running: Vec<Response> =
        managers.iter().flat_map(|manager| [start(&app, manager), start(&app, manager)]).collect();
    assert!(running.iter().all(|answer| answer.status() == 200));
    let refused = last.get(EMPTY);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.text("h1"), "Too many exports are running");
    drop(running);
    until_another_starts(&last);
}
