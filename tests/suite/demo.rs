//! `latchkey demo`, run as a process, and signing in to the sample organisation.

mod attention;
mod features;
mod traffic;

use crate::support::{Client, Shell};

/// The first word after `label` in each line that starts with it.
fn values_after<'a>(output: &'a str, label: &str) -> Vec<&'a str> {
    let value = |line: &'a str| line.strip_prefix(label)?.split_whitespace().next();
    output.lines().filter_map(value).collect()
}

#[test]
fn the_printed_accounts_can_sign_in_and_the_sample_is_created_only_once() {
    let shell = Shell::new();
    let created = shell.run(&["demo", "--keys", "60", "--days", "3"]);
    let output = String::from_utf8(created.stdout).expect("text");
    assert!(created.status.success(), "{output}{}", String::from_utf8_lossy(&created.stderr));

    let second = shell.run(&["demo"]);
    let error = String::from_utf8(second.stderr).expect("text");
    assert!(!second.status.success());
    assert!(error.starts_with("latchkey: the database is not empty: give"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");

    let (_server, url) = shell.serve();
    let password = values_after(&output, "Password:")[0];
    let emails = values_after(&output, "Email:");
    assert_eq!(emails.len(), 4, "{output}");
    let expected = [200, 200, 200, 403];
    for (email, expected) in emails.into_iter().zip(expected) {
        let member = Client::new(&url);
        let page = member.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(page.status, 303, "{email}: {}", page.body);
        let page = member.get("/api-keys");
        assert_eq!(page.status, expected, "{email}");
        assert!(!page.has("#checklist"));
    }
}

#[test]
fn the_activity_of_the_sample_is_intact_and_in_order() {
    let shell = Shell::new();
    assert!(shell.run(&["demo", "--keys", "60", "--days", "3"]).status.success());
    let verified = shell.run(&["activity", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let mut connection = shell.database.connect();
    let out_of_order = connection.texts(
        "SELECT a.event AS text FROM activity AS a JOIN activity AS b ON b.number = a.number + 1 \
         WHERE b.at < a.at",
    );
    assert_eq!(out_of_order, [""; 0], "entries are older than the entry before them");
    let events = connection.texts("SELECT DISTINCT event AS text FROM activity");
    for event in [
        "organisation.set_up",
        "member.added",
        "api_key.created",
        "api_key.revoked",
        "session.signed_in",
        "session.sign_in_failed",
    ] {
        assert!(events.iter().any(|recorded| recorded == event), "{event}");
    }
}
