//! Valid and hostile documents of every kind.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::proposal::MAX_UNUSABLE;
use super::*;
use crate::domain::scopes::MAX_SCOPES;

fn names(document: &str) -> Vec<String> {
    let proposal = read(document.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    proposal.offered.into_iter().map(|offered| offered.scope.name).collect()
}

fn error(document: impl AsRef<[u8]>) -> String {
    read(document.as_ref()).expect_err("rejected")
}

const OPENAPI_3: &str = r#"
openapi: 3.1.0
info: { title: Orders, version: "1" }
tags:
  - { name: unused, description: Not asked for }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X, scopes: { "not:this": no } }
    oauth:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://example.com/token
          scopes:
            read:orders: |
              Read orders
              and their lines
            invoices.write: Issue invoices
            repo: Everything
        authorizationCode:
          scopes: { "read:orders": Read orders and their lines, "latchkey:introspect": No }
paths:
  /orders: { get: { responses: { 200: { description: ok } } } }
"#;

#[test]
fn the_scopes_of_security_schemes_are_offered_with_their_descriptions() {
    let proposal = read(OPENAPI_3.as_bytes()).expect("valid");
    assert!(proposal.offered.iter().all(|offered| offered.source == Source::Schemes));
    let offered: Vec<_> = proposal
        .offered
        .iter()
        .map(|o| (o.scope.name.as_str(), o.scope.description.as_str(), o.from.as_deref()))
        .collect();
    let expected = [
        ("invoices:write", "Issue invoices", Some("invoices.write")),
        ("orders:read", "Read orders and their lines", Some("read:orders")),
    ];
    assert_eq!(offered, expected);
    let unusable: Vec<_> = proposal.unusable.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(unusable, ["latchkey:introspect", "repo"]);
}

#[test]
fn swagger_2_in_json_is_read_too() {
    let document = r#"{"swagger":"2.0","securityDefinitions":{"a":{"type":"oauth2","flow":"implicit",
        "scopes":{"write:pets":"modify pets","read:pets":"read your pets"}}},"paths":{}}"#;
    assert_eq!(names(document), ["pets:read", "pets:write"]);
    assert_eq!(names(&document.replace("\"2.0\"", "2.0")), ["pets:read", "pets:write"]);
    assert_eq!(names(&format!("\u{feff} {document}")), ["pets:read", "pets:write"]);
}

#[test]
fn without_schemes_scopes_are_proposed_from_tags_paths_and_methods() {
    let document = "
swagger: 2.0
tags: [{ name: Sales Orders, description: Orders and their lines }]
paths:
  /v1/orders:
    get: { tags: [Sales Orders, other] }
    post: { tags: [Sales Orders] }
    parameters: []
  /api/v2.1/{tenant}/reports/{id}: { head: {}, options: {} }
  /v1/東京/webhooks: { delete: { tags: [東京] } }
  /latchkey: { get: {} }
  /{id}: { get: {} }
";
    let proposal = read(document.as_bytes()).expect("valid");
    let sources: Vec<_> = proposal.offered.iter().map(|offered| offered.source).collect();
    assert_eq!(sources, [Source::Paths, Source::Tags, Source::Tags, Source::Paths]);
    let offered: Vec<_> = proposal
        .offered
        .iter()
        .map(|o| (o.scope.name.as_str(), o.scope.description.as_str()))
        .collect();
    let expected = [
        ("reports:read", ""),
        ("sales-orders:read", "Orders and their lines"),
        ("sales-orders:write", "Orders and their lines"),
        ("webhooks:write", ""),
    ];
    assert_eq!(offered, expected);
    let unusable: Vec<_> = proposal.unusable.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(unusable, ["GET /{id}", "latchkey:read"]);
}

#[test]
fn other_documents_are_rejected_with_a_message() {
    for empty in ["", " \n ", "\u{feff}"] {
        assert_eq!(error(empty), "Paste a document, or choose a file");
    }
    for other in
        ["{}", "[1]", "hello", "a: b", "openapi: [3]", "openapi: null", "<html></html>", "# x"]
    {
        assert!(
            error(other).starts_with("This is not an OpenAPI document"),
            "{other}: {}",
            error(other)
        );
    }
    for version in ["1.2", "4.0", "<b>\u{202e}"] {
        let message = error(format!("{{\"openapi\":\"{version}\"}}"));
        assert!(message.ends_with("Give a document of 2.0, 3.0 or 3.1"), "{message}");
        assert!(!message.contains('\u{202e}'));
    }
    assert!(error("{\"openapi\":").contains("as JSON"), "{}", error("{"));
    assert!(error("openapi: 3.0.0\n\tpaths: x: y").contains("as YAML"));
    assert!(error(b"openapi: 3.0.0\n# \xff\xfe").contains("UTF-8"));
    assert!(error("openapi: 3.0.0").starts_with("The document has no OAuth2 scopes"));
    assert!(error("openapi: 3.0.0\n---\nopenapi: 3.0.0").contains("as YAML"), "two documents");
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    let json =
        r#"{"openapi":"3.0.0","paths":{"/a":{"get":{}}},"paths":{"/b":{"get":{},"get":{}}}}"#;
    assert_eq!(names(json), ["b:read"]);
    assert_eq!(
        names("openapi: 3.0.0\npaths: { /a: { get: {} } }\npaths: { /b: { get: {} } }\n"),
        ["b:read"]
    );
}

#[test]
fn deep_nesting_is_rejected() {
    for open in ["[", "{\"a\":"] {
        let deep = format!("{{\"openapi\":\"3.0.0\",\"x\":{}", open.repeat(100_000));
        assert!(error(&deep).contains("as JSON"));
    }
    for open in ["[", "{a: ", "- ", "? "] {
        let deep = format!("openapi: 3.0.0\nx:\n  {}", open.repeat(100_000));
        assert!(error(&deep).contains("as YAML"), "{open}");
    }
    let block = (0..2000).map(|depth| " ".repeat(depth) + "a:\n").collect::<String>();
    assert!(error(format!("openapi: 3.0.0\n{block}")).contains("as YAML"));
}

#[test]
fn nesting_of_any_depth_is_read_or_rejected() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("&a [", "]")] {
        for depth in 1..80 {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            let nested = error(format!("openapi: 3.0.0\nx:\n  {open}1{close}\n"));
            assert!(nested.contains("no OAuth2 scopes") || nested.contains("as YAML"), "{nested}");
        }
    }
}

#[test]
fn aliases_are_read_and_alias_bombs_are_rejected() {
    let plain = "openapi: 3.0.0\nx: &get { get: {} }\npaths: { /a: *get, /b: { <<: *get } }\n";
    assert_eq!(names(plain), ["a:read", "b:read"]);
    let mut laughs =
        "openapi: 3.0.0\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(laughs, "a{level}: &a{level} [{aliases}]");
    }
    assert!(error(&laughs).contains("as YAML"));
    // A few aliases of one long text.
    let long = format!(
        "openapi: 3.0.0\na: &a {}\nb: [{}]\n",
        "x".repeat(1_000_000),
        vec!["*a"; 9000].join(", ")
    );
    assert!(error(&long).contains("as YAML"));
    assert!(error("openapi: 3.0.0\na: &a [*a]\n").contains("as YAML"), "an alias within itself");
}

#[test]
fn hostile_names_are_listed_without_invisible_characters() {
    let document = serde_json::json!({
        "openapi": "3.0.3",
        "components": { "securitySchemes": { "a": { "type": "oauth2", "flows": { "x": { "scopes": {
            "<script>alert(1)</script>": "x", "a\u{202e}b:read": "x", "nul\u{0}:read": "x",
            "orders:read": format!("Reads\u{0} \u{202e}orders {}", "x".repeat(1000)),
        } } } } } }
    });
    let proposal = read(document.to_string().as_bytes()).expect("valid");
    assert_eq!(proposal.offered.len(), 1);
    let description = &proposal.offered[0].scope.description;
    assert!(description.starts_with("Reads orders xxx") && description.ends_with('…'));
    assert_eq!(description.chars().count(), 200);
    let unusable: Vec<_> = proposal.unusable.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(unusable, ["<script>alert(1)</script>", "ab:read", "nul:read"]);
}

#[test]
fn offers_stop_at_the_maximum_number_of_scopes() {
    let mut paths = String::new();
    for n in 0..2000 {
        let _ = writeln!(paths, "  /r{n}: {{ get: {{}} }}\n  /{{p{n}}}: {{ get: {{}} }}");
    }
    let proposal = read(format!("openapi: 3.0.0\npaths:\n{paths}").as_bytes()).expect("valid");
    assert_eq!((proposal.offered.len(), proposal.unusable.len()), (MAX_SCOPES, MAX_UNUSABLE));
    assert_eq!(
        (proposal.more_offered, proposal.more_unusable),
        (2000 - MAX_SCOPES, 2000 - MAX_UNUSABLE)
    );
}

/// JSON of any shape, with the keys that the parser reads.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        Just("openapi".to_owned()),
        Just("paths".into()),
        Just("get".into()),
        Just("tags".into()),
        Just("scopes".into()),
        Just("flows".into()),
        Just("type".into()),
        "[a-z:./_]{0,12}",
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(serde_json::json!("oauth2")),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn assert_sound(document: &[u8]) {
    let Ok(proposal) = read(document) else { return };
    assert!(proposal.offered.len() <= MAX_SCOPES && proposal.unusable.len() <= MAX_UNUSABLE);
    for OfferedScope { scope, .. } in &proposal.offered {
        assert!(crate::domain::scopes::is_scope(&scope.name), "{scope:?}");
        let (resource, operation) = (scope.resource.clone(), scope.operation.clone());
        let draft =
            super::super::Draft { resource, operation, description: scope.description.clone() };
        assert_eq!(draft.check().as_ref(), Ok(scope));
    }
}

proptest! {
    #[test]
    fn any_document_yields_only_valid_scopes(schemes in value(), paths in value(), root in value()) {
        let document = serde_json::json!({
            "openapi": "3.0.0", "components": { "securitySchemes": { "a": schemes.clone(),
                "b": { "type": "oauth2", "scopes": schemes, "flows": { "x": { "scopes": root } } } } },
            "paths": { "/a": paths.clone(), "/b": { "get": paths.clone() } }, "tags": paths,
        });
        assert_sound(document.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_handled_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        assert_sound(&bytes);
        assert_sound(text.as_bytes());
        assert_sound(format!("openapi: 3.0.0\npaths: {text}").as_bytes());
        assert_sound(format!("openapi: 3.0.0\n{text}").as_bytes());
    }
}
