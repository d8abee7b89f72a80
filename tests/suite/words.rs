//! Words that are stored, exported or sent. Existing databases, spreadsheets, webhook receivers and
//! dashboards depend on them, so they must not change when something in the code is renamed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::architecture::sources;
use crate::support::App;
use crate::verification::Key;
use crate::verification::process::Process;
use crate::verification::wire::Request;

/// Adding a word is safe. Changing or removing one needs a migration and an entry in the changelog.
const KNOWN: &str = include_str!("words.txt");

/// The words of each enum that is stored or sent, as in `enum Environment: production, staging`.
fn enums() -> Vec<String> {
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

/// The word of a variant, which is `production` in `Production = "production" "Production",`.
fn word(line: &str) -> Option<&str> {
    let (variant, rest) = line.trim().split_once(" = \"")?;
    variant.chars().all(char::is_alphanumeric).then(|| rest.split('"').next())?
}

/// Adds the names of an object's members, and of nested ones as in `actor.name`.
fn members(value: &Value, prefix: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let name = format!("{prefix}{name}");
                members(value, &format!("{name}."), names);
                names.insert(name);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| members(value, prefix, names)),
        _ => {}
    }
}

fn json(label: &str, texts: &[String]) -> String {
    let mut names = BTreeSet::new();
    for text in texts {
        members(&serde_json::from_str(text).expect("JSON"), "", &mut names);
    }
    assert!(!names.is_empty(), "{label}");
    format!("{label}: {}", names.into_iter().collect::<Vec<_>>().join(", "))
}

/// The header lines of CSV files, and the members of JSON documents.
fn files_and_messages() -> Vec<String> {
    let app = App::set_up();
    let manager = app.super_manager();
    crate::webhooks::webhook(&app, "https://receiver.example/");
    let key = Key::new(&manager, &[]);
    let service = Key::introspecting(&manager, &[]);
    assert_eq!(manager.submit("/reviews", &[]).status, 303);
    let review = app.texts("SELECT id AS text FROM reviews").remove(0);
    let report = format!("/reviews/{review}/report.csv");
    let header = |name: &str, path: &str| {
        let body = manager.get(path).body;
        format!(
            "{name}: {}",
            body.trim_start_matches('\u{feff}').lines().next().expect("a header line")
        )
    };
    let request = Request::new(&app.url, "POST", "/v1/introspect").from("203.0.113.7");
    let request = request.bearer(&service.secret).form(&[("token", key.secret.as_str())]);
    let entries = manager.get("/activity/export.jsonl?period=all").body;
    app.find_alerts();
    vec![
        header("activity as CSV", "/activity/export.csv?period=all"),
        header("usage as CSV", "/usage/export.csv"),
        header("review as CSV", &report),
        json("activity as JSON", &entries.lines().map(str::to_owned).collect::<Vec<_>>()),
        json("introspection", &[request.send().body]),
        json("webhook", &app.texts("SELECT body AS text FROM webhook_messages")),
    ]
}

/// The names of metrics, with their labels.
fn metrics() -> Vec<String> {
    let process = Process::start(&[]);
    let key = Key::new(&process.manager, &[]);
    Request::new(&process.programs, "GET", "/v1/authorize").bearer(&key.secret).send();
    let text = Request::new(&process.programs, "GET", "/metrics").send().body;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let names: BTreeSet<&str> =
        lines.map(|line| line.split([' ', '=']).next().expect("a name")).collect();
    names.into_iter().map(|name| format!("metric {}", name.replace('{', ", by "))).collect()
}

#[test]
fn words_that_are_stored_or_sent_do_not_change_by_accident() {
    let words = [enums(), files_and_messages(), metrics()].concat().join("\n") + "\n";
    assert!(words == KNOWN, "tests/suite/words.txt differs from these words:\n{words}");
}
