//! Scopes of security schemes, in the shape of well-known APIs, and names that cannot be used.

use serde_json::{Map, Value, json};

use super::Source;
use super::fixture::{document, names, read_value, sources, unusable, with_scopes};

#[test]
fn scopes_of_google_are_web_addresses() {
    let paths = document(&[("get", "/calendars/{id}/events", "events", "calendar.events.list")]);
    let found = read_value(&with_scopes(
        paths,
        &[
            (
                "https://www.googleapis.com/auth/calendar",
                "See, edit, share, and delete all calendars",
            ),
            ("https://www.googleapis.com/auth/calendar.readonly", "See any calendar"),
            ("https://www.googleapis.com/auth/calendar.events", "View and edit events"),
            ("https://mail.google.com/", "Read, compose and send email"),
        ],
    ));
    let expected = ["calendar:read", "calendar:write", "calendar.events:write", "events:read"];
    let mut found_names = names(&found);
    found_names.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found_names, expected);
    assert_eq!(unusable(&found), ["https://mail.google.com/"]);
}

#[test]
fn spotify_has_the_operation_in_the_middle_of_names() {
    let scopes = [
        "app-remote-control",
        "playlist-modify-private",
        "playlist-modify-public",
        "playlist-read-collaborative",
        "playlist-read-private",
        "streaming",
        "ugc-image-upload",
        "user-follow-modify",
        "user-follow-read",
        "user-library-modify",
        "user-library-read",
        "user-modify-playback-state",
        "user-read-currently-playing",
        "user-read-email",
        "user-read-playback-position",
        "user-read-playback-state",
        "user-read-private",
        "user-read-recently-played",
        "user-top-read",
    ];
    let scopes: Vec<_> = scopes.iter().map(|name| (*name, "Play content")).collect();
    let found =
        read_value(&with_scopes(document(&[("get", "/albums/{id}", "Albums", "")]), &scopes));
    assert_eq!(found.offered.len(), 18 + 1, "{:?}", names(&found));
    for name in ["playlist-private:modify", "user-email:read", "ugc-image:upload"] {
        assert!(names(&found).contains(&name), "{name}");
    }
    assert_eq!(unusable(&found), ["streaming"]);
    assert_eq!(names(&found).last(), Some(&"albums:read"), "tags are suggested as well");
    assert_eq!(sources(&found), [Source::Schemes, Source::Tags]);
}

#[test]
fn jira_has_names_of_three_parts() {
    let mut scopes = vec![
        ("read:jira-work".to_owned(), ""),
        ("write:jira-work".to_owned(), ""),
        ("manage:jira-project".to_owned(), ""),
    ];
    for n in 0..60 {
        for operation in ["read", "write", "delete"] {
            scopes.push((format!("{operation}:issue-field-{n}:jira"), ""));
        }
    }
    let scopes: Vec<_> = scopes.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let paths = [("get", "/rest/api/3/issue/{id}", "Issues", "getIssue")];
    let found = read_value(&with_scopes(document(&paths), &scopes));
    assert_eq!((found.offered.len(), found.unusable.len()), (183, 0));
    assert_eq!(sources(&found), [Source::Schemes], "paths add nothing");
    assert!(names(&found).contains(&"issue-field-7.jira:delete"));
}

#[test]
fn bitbucket_says_in_descriptions_what_a_name_allows() {
    let found = read_value(&with_scopes(
        document(&[("get", "/user", "Users", "")]),
        &[
            ("account", "Read your account information"),
            ("account:write", "Read and modify your account information"),
            ("repository", "Read your repositories"),
            ("repository:admin", "Administer your repositories"),
            ("wiki", "Read and modify your repositories’ wikis"),
            ("pipeline", "Access your repositories’ build pipelines"),
            ("team", "Everything about your team"),
        ],
    ));
    let expected = [
        "account:read",
        "account:write",
        "pipeline:read",
        "repository:admin",
        "repository:read",
        "wiki:write",
        "users:read",
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(unusable(&found), ["team"]);
}

#[test]
fn slack_has_scopes_of_users_and_bots() {
    let paths = document(&[("post", "/chat.postMessage", "chat", "chat_postMessage")]);
    let found = read_value(&with_scopes(
        paths,
        &[
            ("channels:read", "Read channels"),
            ("chat:write:bot", "Send messages"),
            ("chat:write:user", "Send messages"),
            ("users.profile:read", "Read profiles"),
            ("none", "No scope required"),
        ],
    ));
    let expected =
        ["channels:read", "chat.bot:write", "chat.user:write", "users.profile:read", "chat:write"];
    assert_eq!(names(&found), expected);
    assert_eq!(unusable(&found), ["none"]);
}

#[test]
fn names_that_are_too_long_are_listed_and_never_become_one_scope() {
    let long = "a-resource-whose-name-is-much-too-long-for-a-scope";
    let (first, second) = (format!("/{long}-one"), format!("/{long}-two"));
    let found = read_value(&document(&[
        ("get", &first, "", ""),
        ("put", &first, "", ""),
        ("get", &second, "", ""),
        ("get", "/orders", &format!("{long} of orders"), ""),
    ]));
    assert_eq!(names(&found), ["orders:read"], "the path is used where the tag is too long");
    assert_eq!(unusable(&found), [&first[1..], &second[1..]]);
    assert!(found.unusable.iter().all(|u| u.reason == "It is longer than 40 characters"));
    let one = format!("read:{}", "x".repeat(40));
    let other = format!("read:{}y", "x".repeat(40));
    let found = read_value(&with_scopes(document(&[]), &[(&one, ""), (&other, "")]));
    assert_eq!((found.offered.len(), unusable(&found)), (1, vec![other.as_str()]));
}

#[test]
fn two_names_of_a_document_never_become_one_scope() {
    let declared = [("read:orders", "Orders"), ("orders.read", "Old name"), ("ORDERS:read", "")];
    let found = read_value(&with_scopes(document(&[]), &declared));
    assert_eq!(names(&found), ["orders:read"]);
    let reasons: Vec<_> = found.unusable.iter().map(|u| u.reason.as_str()).collect();
    assert!(reasons.iter().all(|reason| reason.starts_with("It becomes orders:read, as “")));
    assert_eq!(reasons.len(), 2);
}

#[test]
fn a_document_with_a_hundred_thousand_names_is_read_in_one_go() {
    let scopes: Vec<String> = (0..20_000).map(|n| format!("things{n}:read")).collect();
    let scopes: Vec<_> = scopes.iter().map(|name| (name.as_str(), "")).collect();
    let mut paths = Map::new();
    for n in 0..80_000 {
        paths.insert(format!("/shared/deep/r{n}/{{id}}"), json!({ "get": { "tags": ["one"] } }));
    }
    let mut document = with_scopes(document(&[]), &[&scopes[..], &[("odd", "")]].concat());
    document["paths"] = Value::Object(paths);
    let found = read_value(&document);
    assert_eq!(found.offered.len() + found.more_offered, 100_000);
}
