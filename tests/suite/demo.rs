//! `latchkey demo`: the program itself, from the command line to the browser.

mod attention;
mod traffic;

use crate::support::{Client, Shell};

/// What stands behind `label` in each line that starts with it.
fn values_after<'a>(output: &'a str, label: &str) -> Vec<&'a str> {
    let behind = |line: &'a str| line.strip_prefix(label)?.split_whitespace().next();
    output.lines().filter_map(behind).collect()
}

#[test]
fn the_sample_is_signed_in_to_as_it_says_and_made_only_once() {
    let shell = Shell::new();
    let made = shell.run(&["demo", "--keys", "60", "--days", "3"]);
    let output = String::from_utf8(made.stdout).expect("text");
    assert!(made.status.success(), "{output}{}", String::from_utf8_lossy(&made.stderr));

    let again = shell.run(&["demo"]);
    let refusal = String::from_utf8(again.stderr).expect("text");
    assert!(!again.status.success());
    assert!(refusal.starts_with("latchkey: the database is not empty: give"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");

    let (_server, url) = shell.serve();
    let password = values_after(&output, "Password:")[0];
    let emails = values_after(&output, "Email:");
    assert_eq!(emails.len(), 4, "{output}");
    let expected = [200, 200, 200, 403];
    for (email, expected) in emails.into_iter().zip(expected) {
        let member = Client::new(&url);
        let page = member.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(page.status, 303, "{email}: {}", page.body);
        assert_eq!(member.get("/api-keys").status, expected, "{email}");
    }
}

#[test]
fn the_samples_activity_is_whole_and_in_order() {
    let shell = Shell::new();
    assert!(shell.run(&["demo", "--keys", "60", "--days", "3"]).status.success());
    let verified = shell.run(&["activity", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let mut beside = shell.database.connect();
    let late = beside.texts(
        "SELECT a.event AS text FROM activity AS a JOIN activity AS b ON b.number = a.number + 1 \
         WHERE b.at < a.at",
    );
    assert_eq!(late, [""; 0], "happened before the one before");
    let events = beside.texts("SELECT DISTINCT event AS text FROM activity");
    for event in [
        "organisation.set_up",
        "member.added",
        "api_key.created",
        "api_key.revoked",
        "session.signed_in",
        "session.sign_in_failed",
    ] {
        assert!(events.iter().any(|found| found == event), "{event}");
    }
}
