//! Failed sign-ins write a limited number of rows, without the text that unknown people typed.

use latchkey::base::clock::{HOUR, MINUTE};
use latchkey::domain::activity::{self, Occurrence, TallyKind};
use latchkey::domain::members::Permission;

use crate::support::{App, NOW};

const INES: &str = "ines@meridianfreight.example";
const HOURLY: &str = "FROM activity WHERE event = 'session.sign_ins_failed'";

fn fail(app: &App, email: &str, from: &str) {
    let client = app.anonymous().calling_from(from);
    let page = client.submit("/sign-in", &[("email", email), ("password", "wrong")]);
    assert_eq!(page.status, 422, "{}", page.body);
}

/// The details of the hourly entries, oldest first.
fn hourly(app: &App) -> Vec<serde_json::Value> {
    let texts = app.texts(&format!("SELECT details AS text {HOURLY} ORDER BY number"));
    texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[test]
fn failed_sign_ins_of_unknown_people_are_one_entry_per_hour() {
    let app = App::set_up();
    let manager = app.super_manager();
    let before = app.count("activity");
    app.advance(5 * MINUTE);
    for hour in 0..24 {
        for (from, times) in [("203.0.113.9", 3), ("198.51.100.7", 1), ("2001:db8:1:2::7", 2)] {
            for n in 0..times {
                fail(&app, &format!("typed{hour}-{n}@example.com"), from);
            }
        }
        fail(&app, "my password, typed into the wrong field", "203.0.113.9");
        app.advance(HOUR);
        app.purge();
        app.purge();
        assert_eq!(app.count("activity_tallies"), 0);
    }
    let entries = hourly(&app);
    assert_eq!((entries.len(), app.count("activity") - before), (24, 24));
    for (hour, details) in (0_i64..).zip(&entries) {
        let expected = serde_json::json!({
            "began_at": NOW.plus(hour * HOUR).millis(),
            "ended_at": NOW.plus((hour + 1) * HOUR).millis(),
            "failures": 7,
            "networks": 3,
            "largest_networks": ["203.0.113.9: 4", "2001:db8:1:2::/64: 2", "198.51.100.7: 1"],
        });
        assert_eq!(*details, expected);
    }
    for row in app.everything() {
        assert!(!row.contains("typed"), "what was typed is stored: {row}");
    }
    let broken = activity::verify(&app.site.db, &app.site.keyring).expect("read");
    assert!(broken.is_ok(), "{broken:?}");
    drop(manager);
    let page = app.super_manager().get("/activity?event=session.sign_ins_failed&person=system");
    assert_eq!(
        page.text(".log .what"),
        "7 sign-ins from 3 networks failed between 11:00 and 12:00, \
         none for a member’s email address"
    );
}

#[test]
fn failures_for_a_member_are_five_entries_per_hour_and_one_for_the_rest() {
    let app = App::set_up();
    let member = app.member(INES, true, &Permission::ALL);
    app.advance(5 * MINUTE);
    let singles = "activity WHERE event = 'session.sign_in_failed'";
    for n in 0..12 {
        fail(&app, " INES@MeridianFreight.example", &format!("203.0.113.{}", n % 6));
    }
    assert_eq!(app.count(singles), 5);
    let typed = app.texts(&format!("SELECT details AS text FROM {singles}"));
    assert!(typed.iter().all(|details| *details == format!("{{\"email\":\"{INES}\"}}")));
    app.advance(HOUR);
    for _ in 0..3 {
        fail(&app, INES, "203.0.113.9");
    }
    app.purge();
    assert_eq!(app.count(singles), 8, "each hour starts again at zero");
    let expected = serde_json::json!({
        "began_at": NOW.millis(),
        "ended_at": NOW.plus(HOUR).millis(),
        "failures": 7,
        "networks": ["203.0.113.0: 1", "203.0.113.1: 1", "203.0.113.2: 1", "203.0.113.3: 1",
            "203.0.113.4: 1", "203.0.113.5: 2"],
    });
    assert_eq!(hourly(&app), [expected]);
    let subject = app.texts(&format!("SELECT subject_id AS text {HOURLY}"));
    assert_eq!(subject, [member.id.as_str()]);
    app.advance(HOUR);
    app.purge();
    assert_eq!(hourly(&app).len(), 1, "the three later failures have an entry each");
    let manager = app.signed_in(INES);
    let page = manager.get("/activity?event=session.sign_ins_failed");
    let sentence = "7 more sign-ins as Ines Okafor failed between 12:00 and 13:00";
    assert_eq!(page.text(".log .what"), sentence);
    let csv = manager.get("/activity/export.csv").body;
    let line = csv.lines().find(|line| line.contains("session.sign_ins_failed")).expect("a line");
    assert!(line.contains("Latchkey,system"), "{line}");
}

#[test]
fn an_hour_has_at_most_a_thousand_networks_and_one_row_for_the_rest() {
    let app = App::set_up();
    app.write(|tx, context| {
        for n in 0..1_200 {
            let network = format!("10.0.{}.{}", n / 250, n % 250);
            let failure = Occurrence {
                kind: TallyKind::FailedSignInsByNetwork,
                subject_id: &network,
                subject_name: "",
                part: None,
            };
            activity::count(tx, &failure, context.now)?;
            activity::count(tx, &failure, context.now)?;
        }
        Ok(())
    });
    assert_eq!(app.count("activity_tallies"), 1_001);
    app.advance(HOUR + MINUTE);
    app.purge();
    let entries = hourly(&app);
    let [details] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(details["failures"], 2_400);
    assert_eq!(details["networks"], 1_000);
    assert_eq!(details["failures_from_further_networks"], 400);
    assert_eq!(details["largest_networks"].as_array().map(Vec::len), Some(10));
    let page = app.super_manager().get("/activity?event=session");
    assert!(page.all(".log .what").iter().any(|sentence| sentence.starts_with(
        "2,400 sign-ins from more than 1,000 networks failed between 12:00 and 13:00"
    )));
}

#[test]
fn nodes_that_record_an_hour_at_the_same_time_record_it_once() {
    let app = App::set_up();
    app.member(INES, true, &[]);
    let nodes: Vec<App> = (0..3).map(|_| app.second_node()).collect();
    fail(&app, "nobody@example.com", "203.0.113.9");
    fail(&nodes[0], "nobody@example.com", "203.0.113.9");
    for n in 0..6 {
        fail(&nodes[1], INES, &format!("203.0.113.{n}"));
    }
    for node in nodes.iter().chain([&app]) {
        node.advance(HOUR);
        node.purge();
    }
    assert_eq!(hourly(&app).len(), 0, "sign-ins of that hour may still be in progress");
    std::thread::scope(|scope| {
        for node in nodes.iter().chain([&app]) {
            node.advance(MINUTE);
            scope.spawn(|| node.purge());
        }
    });
    let mut failures: Vec<_> =
        hourly(&app).iter().map(|details| details["failures"].clone()).collect();
    failures.sort_by_key(serde_json::Value::as_i64);
    assert_eq!(failures, [1, 2]);
    assert_eq!(app.count("activity_tallies"), 0);
}

#[test]
fn wrong_codes_write_nothing_to_the_database() {
    let app = App::set_up();
    app.member(INES, true, &[]);
    let before = app.everything();
    let visitor = app.anonymous();
    for path in ["/invitation", "/reset-password", "/set-up"] {
        for code in ["", "x", "0000000000000000000000"] {
            let fields = [("code", code), ("password", "lantern orbit cabbage velvet")];
            visitor.get("/sign-in");
            let page = app.post_with_token(&visitor, path, &fields);
            assert!(matches!(page.status, 404 | 422), "{path}: {}", page.status);
        }
    }
    assert_eq!(app.everything(), before);
    let new = App::new();
    new.set_up_code();
    let before = new.everything();
    assert_eq!(new.anonymous().submit("/set-up", &[("code", "x")]).status, 422);
    assert_eq!(new.everything(), before);
}
