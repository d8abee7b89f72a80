//! No statement that the program sends for a request reads a whole table. The tests record the
//! statements and ask the database for their plans, on tables with 100,000 rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection as _, set_default_instrumentation,
};
use diesel::prelude::*;
use latchkey::db::{Location, without_indexes};
use latchkey::domain::api_keys::{self, FollowUp};

use crate::support::{App, Client, is_postgres};
use crate::verification::Key;
use crate::verification::wire::Request;

const ROWS: u32 = 100_000;

/// Tables that grow with the number of keys or with time.
const LARGE: [&str; 8] = [
    "api_key_addresses",
    "api_key_labels",
    "api_key_scopes",
    "api_key_secrets",
    "api_keys",
    "sessions",
    "usage_addresses",
    "usage_hours",
];

/// Statements that fill the tables. `{numbers}` becomes a table of numbers, `{id}` a Key ID and
/// `{bytes}` the type of binary columns.
const FILL: [&str; 9] = [
    "INSERT INTO api_keys (id, name, name_folded, environment, role_id, all_role_scopes, notes, \
     version, created_at, created_by, expires_at, secret_created_at, last_used_at, attention_at, \
     owner, search_text, disabled_at) \
     {numbers} SELECT {id}, 'Filled ' || n, 'filled ' || n, 'production', \
     (SELECT id FROM roles WHERE slug = 'read-only'), false, '', 1, 1790000000000 + n, 'nobody', \
     1890000000000 + n, 1790000000000, 1790000000000 + n, 1880000000000 + n, \
     'cus_' || CAST(n % 1000 AS TEXT), 'filled ' || n, \
     CASE WHEN n % 1000 = 0 THEN 1790000000000 + n END FROM numbers",
    "INSERT INTO api_key_secrets (digest, key_id, pepper_version, created_at, expires_at) \
     {numbers} SELECT CAST('0123456789012345678901' || CAST(1000000000 + n AS TEXT) AS {bytes}), \
     {id}, 1, 1790000000000, 1890000000000 FROM numbers",
    "INSERT INTO api_key_scopes {numbers} SELECT {id}, 'orders:read' FROM numbers",
    "INSERT INTO api_key_addresses {numbers} SELECT {id}, 1, '198.51.100.7/32' FROM numbers",
    "INSERT INTO api_key_labels {numbers} \
     SELECT {id}, 'team', 'team-' || CAST(n % 1000 AS TEXT) FROM numbers",
    "INSERT INTO usage_hours {numbers} SELECT 498000 + n % 1000, {id}, 1, 'pass', 3 FROM numbers",
    "INSERT INTO usage_addresses {numbers} \
     SELECT {id}, '198.51.100.7', 20700 + n % 80, 1, 2, 3 FROM numbers",
    "INSERT INTO members (id, name, email, email_folded, super_manager, version, created_at) \
     {numbers} SELECT 'mem_' || CAST(n AS TEXT), 'Ines Okafor', n || '@example.com', \
     n || '@example.com', false, 1, 1 FROM numbers WHERE n <= 1000",
    "INSERT INTO sessions (id_hash, member_id, state, created_at, last_seen_at, idle_ends_at, \
     ends_at) {numbers} SELECT 'session ' || n, 'mem_' || CAST(n % 1000 + 1 AS TEXT), \
     '', 1790000000000, 1790000000000, 1890000000000, 1890000000000 FROM numbers",
];

/// Foreign keys of the tables that [`FILL`] fills.
const FOREIGN_KEYS: [(&str, &str); 7] = [
    ("api_keys", "role_id"),
    ("api_key_secrets", "key_id"),
    ("api_key_scopes", "key_id"),
    ("api_key_scopes", "scope"),
    ("api_key_addresses", "key_id"),
    ("api_key_labels", "key_id"),
    ("sessions", "member_id"),
];

/// The recorded statements, by the name of the database. Only databases with an entry are recorded.
static RECORDED: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// Records the statements that one connection sends.
#[derive(Default)]
struct Recorder {
    url: String,
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                url.clone_into(&mut self.url);
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut recorded = RECORDED.lock().expect("a lock");
                let entry = recorded.iter_mut().find(|(name, _)| self.url.contains(*name));
                if let Some((_, statements)) = entry {
                    statements.insert(query.to_string());
                }
            }
            _ => {}
        }
    }
}

/// A part of the URL that only the database of `app` has.
fn database_name(app: &App) -> String {
    match &app.database.location {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(url) => url.rsplit('/').next().expect("a name").to_owned(),
    }
}

fn fill(app: &App) {
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})"
    );
    let bytes = if is_postgres() { "BYTEA" } else { "BLOB" };
    if is_postgres() {
        // Checking the foreign keys of each row would take longer than everything else.
        for (table, column) in FOREIGN_KEYS {
            app.sql(&format!("ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey"));
        }
    }
    app.write(|tx, _| {
        without_indexes(tx, &LARGE, |tx| {
            for statement in FILL {
                let statement = statement
                    .replace("{numbers}", &numbers)
                    .replace("{id}", "'key_' || CAST(100000000000 + n AS TEXT)")
                    .replace("{bytes}", bytes);
                tx.batch_execute(&statement)?;
            }
            Ok(())
        })
    });
    app.database.connect().run("ANALYZE");
}

/// The statements that the program sends during `requests`, with their values.
fn statements(app: &App, requests: impl FnOnce()) -> BTreeSet<String> {
    RECORDED.lock().expect("a lock").insert(database_name(app), BTreeSet::new());
    requests();
    RECORDED.lock().expect("a lock").remove(&database_name(app)).expect("statements")
}

/// The plan of the database for `statement`, one step per line. `None` if it is not a query.
fn plan(app: &App, statement: &str) -> Option<Vec<String>> {
    let (sql, values) = statement.split_once(" -- binds: ").unwrap_or((statement, "[]"));
    let verb = sql.split_whitespace().next()?;
    if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&verb) || sql.contains(';') {
        return None;
    }
    Some(app.read(|connection| {
        if is_postgres() {
            let explain = format!("EXPLAIN {}", with_values(sql, values));
            let lines: Vec<Line> = diesel::sql_query(explain).load(connection)?;
            return Ok(lines.into_iter().map(|line| line.line).collect());
        }
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let steps: Vec<Step> = diesel::sql_query(explain).load(connection)?;
        Ok(steps.into_iter().map(|step| step.detail).collect())
    }))
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

/// `sql` with its values inserted, so that PostgreSQL makes the same plan as for the program.
fn with_values(sql: &str, values: &str) -> String {
    let literals = literals(values);
    let mut parts = sql.split('$');
    let mut complete = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..digits].parse().expect("the number of a value");
        complete += &literals[number - 1];
        complete += &part[digits..];
    }
    complete
}

/// The values that diesel prints, as SQL literals. It prints bytes as a list of numbers.
fn literals(values: &str) -> Vec<String> {
    let inner = values.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (mut values, mut value, mut depth, mut is_text) = (Vec::new(), String::new(), 0, false);
    let mut escaped = false;
    for c in inner.expect("a list").chars() {
        match c {
            '"' if !escaped => is_text = !is_text,
            '[' | '{' if !is_text => depth += 1,
            ']' | '}' if !is_text => depth -= 1,
            ',' if !is_text && depth == 0 => {
                values.push(std::mem::take(&mut value));
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        value.push(c);
    }
    values.push(value);
    values.iter().map(|value| literal(value.trim())).collect()
}

fn literal(value: &str) -> String {
    // A wrapper such as `Some(Timestamp(1790000000000))` is stored as the value that it contains.
    if let Some((name, rest)) = value.split_once('(')
        && let Some(inner) = rest.strip_suffix(')')
        && name.chars().all(char::is_alphanumeric)
    {
        return match name {
            "KeyId" => format!("convert_from({}, 'UTF8')", literal(inner)),
            _ => literal(inner),
        };
    }
    // Of a struct such as `Email { text: "a@example.com", folded: … }`, the first field is stored.
    if let Some((_, fields)) = value.split_once(" { ")
        && value.starts_with(char::is_uppercase)
    {
        let (_, first) = fields.split_once(": ").expect("a field");
        return literals(&format!("[{}]", first.trim_end_matches(" }"))).swap_remove(0);
    }
    if let Some(text) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let bytes: Result<Vec<u8>, _> = list.split(',').map(|byte| byte.trim().parse()).collect();
        let Ok(bytes) = bytes else { return format!("ARRAY[{}]", literals(value).join(", ")) };
        let hexadecimal = bytes.iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"));
        return format!("'\\x{hexadecimal}'::bytea");
    }
    match value {
        "None" => "NULL".into(),
        // diesel prints the variant of an enum, not the word that is stored for it.
        variant if variant.starts_with(char::is_uppercase) => format!("'{variant}'"),
        number => number.to_owned(),
    }
}

/// The step of a plan that reads all of a large table.
fn full_scan(plan: &[String], sql: &str) -> Option<String> {
    let is_full_scan = |step: &&String| {
        let step = step.trim_start_matches([' ', '-', '>']);
        let step = step.strip_prefix("Parallel ").unwrap_or(step);
        let rest = step.strip_prefix("Seq Scan on ").or_else(|| step.strip_prefix("SCAN "));
        let Some(rest) = rest.filter(|rest| !rest.contains("USING")) else { return false };
        let table = rest.split([' ', '(']).next().expect("a name");
        // SQLite prints only the alias of a table.
        LARGE.iter().any(|large| *large == table || sql.contains(&format!("{large} {table} ")))
    };
    // A condition that is never true reads nothing.
    plan.iter().find(is_full_scan).filter(|_| !sql.contains("WHERE 1=0")).cloned()
}

/// The most frequent requests of people and of programs.
fn requests(app: &App, manager: &Client, [key, service]: [&Key; 2]) {
    let authorize = |secret: &str| {
        let request = Request::new(&app.url, "GET", "/v1/authorize?scope=orders:read");
        request.from("203.0.113.7").bearer(secret).send().status
    };
    assert_eq!([authorize(&key.secret), authorize(&key.forged(20, "stranger"))], [200, 401]);
    let request = Request::new(&app.url, "POST", "/v1/introspect").from("203.0.113.7");
    let request = request.bearer(&service.secret).form(&[("token", key.secret.as_str())]);
    assert_eq!(request.send().status, 200);
    app.write_usage();
    let key_page = format!("/api-keys/{}", key.id);
    for path in ["/readyz", "/api-keys", "/api-keys?sort=name", "/api-keys/new", &key_page] {
        assert_eq!(manager.get(path).status, 200, "{path}");
    }
    disabled_keys(app, manager, &key.id);
    let creator = format!("SELECT created_by AS text FROM api_keys WHERE id = '{}'", key.id);
    let keys_of_creator = format!("/members/{}/keys", app.texts(&creator)[0]);
    assert_eq!(manager.get(&keys_of_creator).status, 200);
    assert_eq!(manager.get("/api-keys?label=team%3Dteam-7").status, 200);
    // SQLite explains statements without their values. Then it does not use the index of the keys
    // with an owner, although it does with them.
    if is_postgres() {
        assert_eq!(manager.get("/api-keys?owner=cus_7").status, 200);
    }
    assert_eq!(manager.edit_key(&key.id, &[("notes", "For billing")]).status, 303);
    app.super_manager();
}

/// Disables and enables a key, and looks for keys that have to be enabled or revoked.
fn disabled_keys(app: &App, manager: &Client, id: &str) {
    let fields = [("reason", "The partner was told"), ("confirm", &id[id.len() - 4..])];
    assert_eq!(manager.submit(&format!("/api-keys/{id}/disable"), &fields).status, 303);
    assert_eq!(manager.get("/api-keys?view=disabled").status, 200);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/enable"), &[]).status, 303);
    app.run_due();
    let now = app.site.clock.now();
    app.read(|c| {
        Ok((api_keys::skipped(c, 50)?, api_keys::scheduled(c, Some(FollowUp::Revoke), now, 50)?))
    });
}

#[test]
fn no_statement_of_a_request_reads_a_whole_table_with_a_hundred_thousand_rows() {
    set_default_instrumentation(|| Some(Box::new(Recorder::default()))).expect("instrumented");
    let app = App::set_up();
    let manager = app.super_manager();
    let (key, service) = (Key::new(&manager, &[]), Key::introspecting(&manager, &[]));
    fill(&app);
    let statements = statements(&app, || requests(&app, &manager, [&key, &service]));
    let (mut checked, mut full_scans) = (0, Vec::new());
    for statement in &statements {
        let Some(plan) = plan(&app, statement) else { continue };
        checked += 1;
        if let Some(step) = full_scan(&plan, statement) {
            full_scans.push(format!("{step}: {statement}\n{}", plan.join("\n")));
        }
    }
    assert!(full_scans.is_empty(), "{}", full_scans.join("\n\n"));
    assert!(checked > 40, "{checked} statements");
    for part in
        ["JOIN api_keys k ON", "api_key_addresses", "api_key_labels", "activity", "sessions"]
    {
        assert!(statements.iter().any(|statement| statement.contains(part)), "{part}");
    }
}
