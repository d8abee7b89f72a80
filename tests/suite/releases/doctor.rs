//! `latchkey doctor --upgrade`: what to do before the database is migrated.

use serde_json::Value;

use super::{count_migrations, revert};
use crate::activity::verify::{Shell, text_of};
use crate::support::{App, Database, is_postgres};

/// The findings of the command, and its exit code.
fn examine(shell: &Shell, database: &Database, options: &[&str]) -> (Value, i32) {
    let arguments = [&["doctor", "--upgrade", "--json"], options].concat();
    let output = shell.run(&database.location, &arguments);
    let code = output.status.code().expect("a code");
    (
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text_of(&output))),
        code,
    )
}

/// The level and the text of a check.
fn finding(report: &Value, id: &str) -> (String, String) {
    let findings = report["findings"].as_array().expect("findings");
    let one = findings.iter().find(|one| one["id"] == id);
    let one = one.unwrap_or_else(|| panic!("{id}: {report}"));
    let part = |name: &str| one[name].as_str().expect("text").to_owned();
    (part("level"), part("text"))
}

fn level(report: &Value, id: &str) -> String {
    finding(report, id).0
}

#[test]
fn it_says_what_an_upgrade_needs_and_changes_nothing() {
    let (app, shell) = (App::set_up(), Shell::new());
    app.super_manager().key_named("Billing worker");
    revert(&app.database, 2);
    let before = count_migrations(&app.database);
    let (found, code) = examine(&shell, &app.database, &[]);
    assert_eq!(code, 1, "{found}");
    assert_eq!(count_migrations(&app.database), before);
    let (level_of, text) = finding(&found, "upgrade_migrations");
    assert!(level_of == "ok" && text.starts_with("2 migrations will run."), "{text}");
    for id in [
        "upgrade_options",
        "upgrade_introspection",
        "upgrade_secrets_in_text",
        "upgrade_equal_names",
        "master_key",
    ] {
        assert_eq!(level(&found, id), "ok", "{id}: {found}");
    }
    assert_eq!(level(&found, "upgrade_backup"), "warning");
    let has_copy = found.to_string().contains("upgrade_copy");
    assert_eq!(has_copy, !is_postgres());
    if has_copy {
        let (level_of, text) = finding(&found, "upgrade_copy");
        assert!(level_of == "ok" && text.contains("latchkey.db.before-"), "{text}");
        let (found, _) = examine(&shell, &app.database, &["--no-copy"]);
        assert_eq!(level(&found, "upgrade_copy"), "warning");
    }
}

#[test]
fn it_finds_what_before_you_upgrade_lists() {
    let (app, shell) = (App::set_up(), Shell::new());
    let manager = app.super_manager();
    let [one, two] = ["Billing worker", "Orders worker"].map(|name| manager.key_named(name));
    let secret = manager.create_key(&[("name", "Full access")]).secret();
    app.sql(&format!("UPDATE api_keys SET name = 'billing  WORKER' WHERE id = '{two}'"));
    app.sql(&format!("UPDATE api_keys SET notes = 'Use {secret}', role_id = 'role_full-access' WHERE id = '{one}'"));
    let today = app.site.clock.now().millis() / 86_400_000;
    app.sql(&format!(
        "INSERT INTO usage_scopes (key_id, scope, day) VALUES ('{one}', 'latchkey:introspect', {today})"
    ));
    crate::mail::use_server(&app, 25);
    let options = ["--listen", "0.0.0.0:8080"];
    let (found, code) = examine(&shell, &app.database, &options);
    assert_eq!(code, 2, "{found}");
    let (level_of, text) = finding(&found, "upgrade_options");
    assert!(level_of == "error" && text.contains("--public-url"), "{text}");
    for (id, named) in [
        ("upgrade_introspection", one.as_str()),
        ("upgrade_secrets_in_text", &one),
        ("upgrade_equal_names", "key_"),
        ("upgrade_mail_networks", "localhost is not at a public address"),
    ] {
        let (level_of, text) = finding(&found, id);
        assert!(level_of == "warning" && text.contains(named), "{id}: {level_of} {text}");
    }
    assert!(!found.to_string().contains(&secret[8..]));
    let (found, _) = examine(&shell, &app.database, &["--mail-networks", "127.0.0.0/8,::1"]);
    assert_eq!(level(&found, "upgrade_mail_networks"), "ok");
}

#[test]
fn a_database_that_cannot_be_upgraded_is_an_error_and_what_is_not_known_yet_is_said() {
    let (app, shell) = (App::set_up(), Shell::new());
    app.sql("DROP TABLE last_backup");
    app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    app.sql("UPDATE last_migration SET version = '99.3.0', usable_from = '99.2.0'");
    let (found, code) = examine(&shell, &app.database, &[]);
    assert_eq!(code, 2, "{found}");
    let (level_of, text) = finding(&found, "upgrade_migrations");
    assert!(level_of == "error" && text.contains("made by Latchkey 99.3.0"), "{text}");
    let (level_of, text) = finding(&found, "upgrade_backup");
    assert!(level_of == "warning" && text.contains("not known before"), "{text}");
}
