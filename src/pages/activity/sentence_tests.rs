//! Tests the sentences of recorded entries, and of unexpected ones.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::base::clock::Timestamp;
use crate::pages::activity::words;

fn entry(event: &str, subject: bool, details: &Value) -> RecordedEntry {
    let of = |text: &str| subject.then(|| text.to_owned());
    RecordedEntry {
        number: 1,
        at: Timestamp::from_millis(1_795_435_200_000),
        event: event.into(),
        actor_kind: "member".into(),
        actor_id: Some("mem_1".into()),
        actor_name: "Ines Okafor".into(),
        address: None,
        user_agent: None,
        request_id: None,
        subject_kind: of("thing"),
        subject_id: of("thing_1"),
        subject_name: of("X"),
        details: details.to_string(),
        hash: Vec::new(),
    }
}

fn sentence(event: &str, details: &Value) -> String {
    let parts = words::sentence(&entry(event, true, details));
    format!("{}{}{}", parts.before, if parts.is_named { "X" } else { "" }, parts.after)
}

fn changed(changes: &[(&str, &str, &str)]) -> Value {
    let one =
        |(field, from, to): &(&str, &str, &str)| json!({"field": field, "from": from, "to": to});
    json!({ "version": 2, "changes": changes.iter().map(one).collect::<Vec<_>>() })
}

#[test]
fn sentences_about_keys_contain_the_important_details() {
    let made = changed(&[("Role", "", "Read and write"), ("Expires at", "", "21 February 2027")]);
    assert_eq!(
        sentence("api_key.created", &made),
        "Created X with role Read and write, expiring 21 Feb 2027"
    );
    let addresses = ("IP whitelist", "203.0.113.1, 203.0.113.2", "203.0.113.3");
    assert_eq!(
        sentence("api_key.edited", &changed(&[addresses])),
        "Changed IP whitelist of X: added 1, removed 2 addresses"
    );
    assert_eq!(
        sentence("api_key.edited", &changed(&[("Role", "A", "B"), ("Notes", "", "n"), addresses])),
        "Changed role, notes and IP whitelist of X"
    );
    assert_eq!(
        sentence("api_key.edited", &changed(&[("Key Name", "Y", "X")])),
        "Changed name of X: from Y to X"
    );
    let narrowed = ("Scopes", "Everything the role allows", "orders:read");
    assert_eq!(
        sentence("api_key.edited", &changed(&[narrowed])),
        "Changed scopes of X: from Everything the role allows to orders:read"
    );
    let used = json!({ "last_used_at": 1_795_089_600_000_i64 });
    assert_eq!(sentence("api_key.revoked", &used), "Revoked X, last used 19 Nov 2026");
    assert_eq!(sentence("api_key.revoked", &json!({})), "Revoked X");
}

#[test]
fn events_without_their_own_words_have_readable_sentences() {
    let mut role = changed(&[("Scopes", "orders:read, orders:write", "orders:read")]);
    role["keys"] = json!(3);
    assert_eq!(sentence("role.edited", &role), "Changed role X: removed orders:write (3 keys)");
    assert_eq!(sentence("role.created", &json!({})), "Created role X");
    assert_eq!(
        sentence("member.edited", &changed(&[("Super manager", "No", "Yes")])),
        "Changed member X: super manager from No to Yes"
    );
    let settings = changed(&[("Default lifetime", "90 days", "30 days")]);
    let parts = words::sentence(&entry("settings.edited", false, &settings));
    assert_eq!(parts.before, "Changed settings: default lifetime from 90 days to 30 days");
    assert_eq!(sentence("weather", &json!({})), "weather");
}

#[test]
fn changed_settings_are_named_with_their_old_and_new_values() {
    let sentence =
        |event, changes: &[_]| words::sentence(&entry(event, false, &changed(changes))).before;
    let secret = ("Client secret", "set", "changed");
    assert_eq!(
        sentence(
            "sso.changed",
            &[("Client ID", "a", "b"), ("Scopes", "openid", "openid email"), secret]
        ),
        "Changed client ID from a to b; scopes from openid to openid email; client secret"
    );
    let members = [("Break-glass members", "", "Ines"), ("Groups claim", "groups", "")];
    assert_eq!(
        sentence("sso.changed", &members),
        "Changed break-glass members to Ines; groups claim from groups to none"
    );
    let issuer = "https://id.example.com";
    assert_eq!(
        sentence("sso.changed", &[("Issuer", "", issuer), ("Scopes", "", "openid email")]),
        "Turned on single sign-on with https://id.example.com"
    );
    assert_eq!(sentence("sso.changed", &[("Issuer", issuer, "")]), "Turned off single sign-on");
}

proptest! {
    #[test]
    fn any_recorded_entry_has_a_sentence(
        event in ".{0,40}|api_key\\.(created|edited|revoked)|session\\.sign_in_failed|role\\.edited",
        field in ".{0,20}|Scopes|Expires at",
        from in ".{0,60}", to in "[a-z:., ]{0,60}|.{0,60}",
        details in ".{0,40}", subject: bool,
    ) {
        let mut entry = entry(&event, subject, &changed(&[(&field, &from, &to)]));
        words::sentence(&entry);
        words::of(&event);
        entry.details = details;
        words::sentence(&entry);
    }
}
