//! Words that are stored, exported or sent. Others rely on them: databases of earlier versions, spreadsheets,
//! receivers of webhooks, dashboards. So they change on purpose only, and never with a name in the code.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::architecture::sources;
use crate::support::App;
use crate::verification::Key;
use crate::verification::process::Process;
use crate::verification::wire::Request;

/// Adding a word is harmless; another one in its place needs a migration, and a note in the change log.
const KNOWN: &str = include_str!("words.txt");

/// The closed sets: `enum Environment: production, staging`.
fn closed_sets() -> Vec<String> {
    let mut sets = Vec::new();
    for source in sources() {
        let mut set: Option<String> = None;
        for (_, line) in source.lines() {
            if let Some((_, name)) = line.split_once(" enum ") {
                set = Some(format!("enum {}", name.trim_end_matches(" {")));
            } else if let Some(name) = line.strip_suffix("! {").filter(|name| !name.contains(':')) {
                set = Some(name.to_owned());
            } else if line.trim() == "}" {
                sets.extend(set.take().filter(|set| set.contains(':')));
            } else if let (Some(set), Some(word)) = (&mut set, word(line)) {
                set.push_str(if set.contains(':') { ", " } else { ": " });
                set.push_str(word);
            }
        }
    }
    sets
}

/// What stands for a variant, in `Production = "production" "Production",`.
fn word(line: &str) -> Option<&str> {
    let (variant, rest) = line.trim().split_once(" = \"")?;
    variant.chars().all(char::is_alphanumeric).then(|| rest.split('"').next())?
}

/// The names of an object's members, and of those within: `actor.name`.
fn members(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let name = format!("{above}{name}");
                members(value, &format!("{name}."), found);
                found.insert(name);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| members(value, above, found)),
        _ => {}
    }
}

fn json(what: &str, texts: &[String]) -> String {
    let mut found = BTreeSet::new();
    for text in texts {
        members(&serde_json::from_str(text).expect("JSON"), "", &mut found);
    }
    assert!(!found.is_empty(), "{what}");
    format!("{what}: {}", found.into_iter().collect::<Vec<_>>().join(", "))
}

/// The heads of files for spreadsheets, and the members of JSON.
fn files_and_messages() -> Vec<String> {
    let app = App::set_up();
    let manager = app.super_manager();
    crate::webhooks::webhook(&app, "https://receiver.example/");
    let key = Key::new(&manager, &[]);
    let service = Key::introspecting(&manager, &[]);
    assert_eq!(manager.submit("/reviews", &[]).status, 303);
    let review = app.texts("SELECT id AS text FROM reviews").remove(0);
    let report = format!("/reviews/{review}/report.csv");
    let head = |name: &str, path: &str| {
        let body = manager.get(path).body;
        format!("{name}: {}", body.trim_start_matches('\u{feff}').lines().next().expect("a head"))
    };
    let ask = Request::new(&app.url, "POST", "/v1/introspect").from("203.0.113.7");
    let ask = ask.bearer(&service.secret).form(&[("token", key.secret.as_str())]);
    let entries = manager.get("/activity/export.jsonl?period=all").body;
    app.find_alerts();
    vec![
        head("activity as CSV", "/activity/export.csv?period=all"),
        head("usage as CSV", "/usage/export.csv"),
        head("review as CSV", &report),
        json("activity as JSON", &entries.lines().map(str::to_owned).collect::<Vec<_>>()),
        json("introspection", &[ask.send().body]),
        json("webhook", &app.texts("SELECT body AS text FROM webhook_messages")),
    ]
}

/// The names of metrics, with their labels.
fn metrics() -> Vec<String> {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    Request::new(&process.programs, "GET", "/v1/authorize").bearer(&key.secret).send();
    let told = Request::new(&process.programs, "GET", "/metrics").send().body;
    let lines = told.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let names: BTreeSet<&str> =
        lines.map(|line| line.split([' ', '=']).next().expect("a name")).collect();
    names.into_iter().map(|name| format!("metric {}", name.replace('{', ", by "))).collect()
}

#[test]
fn words_that_are_stored_or_sent_change_on_purpose_only() {
    let words = [closed_sets(), files_and_messages(), metrics()].concat().join("\n") + "\n";
    assert!(words == KNOWN, "tests/suite/words.txt knows other words than these:\n{words}");
}
