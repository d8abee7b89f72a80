//! The `Authorization` header: what is accepted as a secret key, and what is not.

use latchkey::domain::api_keys::{Environment, SecretKey};
use proptest::prelude::*;

use super::{
    Key, assert_denied, assert_pass, authorize, authorize_request, code, outcome, pass,
    unknown_secret, with_checksum,
};
use crate::support::App;

/// Replaces `S` in `value` by a secret key that passes.
fn with_secret(value: &str, secret: &str) -> String {
    value.replace('S', secret)
}

#[test]
fn a_request_without_a_key_gets_a_challenge_without_an_error() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let denied = authorize_request(&app, "").send();
    assert_denied(&denied);
    assert_eq!(outcome(&denied), code(401, "missing_key"));
    assert_eq!(denied.header("www-authenticate"), r#"Bearer realm="latchkey""#);
    for value in [
        "",
        " ",
        "\t",
        "S",
        "Basic S",
        "basic bGs6bGs=",
        "Token S",
        "Digest username=\"S\"",
        "Negotiate S",
        "Bear S",
        "earer S",
        "XBearer S",
        "Basic \u{e9}",
        "\u{feff}Bearer S",
        "\"Bearer S\"",
    ] {
        let response = authorize_request(&app, "")
            .header("Authorization", with_secret(value, &key.secret))
            .send();
        assert_denied(&response);
        assert_eq!(outcome(&response), code(401, "missing_key"), "{value:?}");
    }
}

#[test]
fn one_secret_key_after_bearer_passes_in_any_case_and_spacing() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    for value in [
        "Bearer S",
        "bearer S",
        "BEARER S",
        "bEaReR S",
        "Bearer    S",
        "Bearer S   ",
        "  Bearer S",
        // Whitespace around a header value is not part of it (RFC 9110, section 5.5).
        "\tBearer S\t",
    ] {
        let value = with_secret(value, &key.secret);
        assert_pass(&authorize_request(&app, "").header("Authorization", &value).send());
        assert_pass(&authorize_request(&app, "").header("aUTHORIZATION", &value).send());
    }
}

#[test]
fn anything_but_one_secret_key_after_bearer_is_malformed() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let secret = &key.secret;
    let cut: Vec<String> =
        (0..secret.len()).map(|at| format!("Bearer {}", &secret[..at])).collect();
    let values = [
        "Bearer",
        "Bearer ",
        "Bearer\tS",
        "Bearer \tS",
        "Bearer S\tS",
        "BearerS",
        "Bearer: S",
        "Bearer=S",
        "Bearer,S",
        "Bearer S S",
        "Bearer S,",
        "Bearer S, Bearer S",
        "Bearer S;a=b",
        "Bearer \"S\"",
        "Bearer <S>",
        "Bearer xS",
        "Bearer Sx",
        "Bearer S\u{e9}",
        "Bearer S\u{202e}",
        "Bearer \u{a0}S",
        "Bearer S%20",
        "Bearer S=",
        "Bearer null",
        "Bearer undefined",
        "Bearer *",
        "Bearer ' OR '1'='1",
        "Bearer S' --",
        "Bearer '; DROP TABLE api_keys; --",
        "Bearer lk_prod_%",
        "Bearer $1",
        "Bearer {{7*7}}",
        "Bearer ../../secret.key",
    ];
    let id = format!("Bearer {}", key.id);
    let changed = [
        format!("Bearer {}", secret.to_uppercase()),
        format!("Bearer {}", secret.to_lowercase()),
        format!("Bearer {}", secret.replace("prod", "stag")),
        format!("Bearer {}", secret.replace("prod", "production")),
        format!("Bearer {}", secret.replace("lk_", "")),
        format!("Bearer {}", secret.replace('_', "-")),
        format!("Bearer {}", secret.chars().rev().collect::<String>()),
        format!("Bearer {}", "a".repeat(8192)),
        format!("Bearer {secret}{}", "0".repeat(8192)),
        format!("Bearer {}{secret} x", " ".repeat(8192)),
        id,
    ];
    let values = values.iter().map(|value| with_secret(value, secret));
    for value in values.chain(changed).chain(cut) {
        let response = authorize_request(&app, "").header("Authorization", &value).send();
        assert_denied(&response);
        assert_eq!(outcome(&response), code(401, "malformed_key"), "{value}");
        assert!(!response.raw.contains(secret.as_str()), "{}", response.raw);
    }
    assert_eq!(authorize(&app, "", secret), pass(), "the key still passes");
}

#[test]
fn bytes_that_are_not_text_never_pass() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let good = format!("Bearer {}", key.secret).into_bytes();
    for byte in (0..=8).chain(10..32).chain(127..=255_u8) {
        // A newline at the end would only end the header, so it goes before the last byte.
        let is_newline = byte == b'\n' || byte == b'\r';
        for at in [0, 6, 7, 20, good.len() - usize::from(is_newline)] {
            let mut value = good.clone();
            value.insert(at, byte);
            // The HTTP parser fails on control characters before a key is verified.
            let response = authorize_request(&app, "").header("Authorization", &value).try_send();
            let status = response.map_or(400, |response| response.status);
            assert!(matches!(status, 400 | 401), "{byte} at {at}: {status}");
            assert!(byte < 128 || status == 401, "{byte} at {at}: {status}");
        }
    }
}

#[test]
fn two_authorization_headers_are_malformed_even_if_one_is_valid() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let (good, bad) = (format!("Bearer {}", key.secret), format!("Bearer {}", unknown_secret()));
    for values in [[&good, &good], [&good, &bad], [&bad, &good]] {
        let request = authorize_request(&app, "").header("Authorization", values[0]);
        let response = request.header("authorization", values[1]).send();
        assert_eq!(outcome(&response), code(401, "malformed_key"));
    }
    let with_basic = authorize_request(&app, "")
        .header("Authorization", "Basic YTpi")
        .bearer(&key.secret)
        .send();
    assert_eq!(outcome(&with_basic), code(401, "malformed_key"));
}

#[test]
fn a_secret_key_outside_the_authorization_header_is_ignored() {
    let app = App::set_up();
    let secret = Key::new(&app.super_manager(), &[]).secret;
    for name in ["access_token", "token", "key", "authorization"] {
        let response = authorize_request(&app, &format!("{name}={secret}")).send();
        assert_eq!(outcome(&response), code(503, "unavailable"), "{name}");
        assert!(!response.raw.contains(&secret));
    }
    let response = authorize_request(&app, "")
        .header("Proxy-Authorization", format!("Bearer {secret}"))
        .header("X-Api-Key", &secret)
        .header("X-Authorization", format!("Bearer {secret}"))
        .header("X-Forwarded-Authorization", format!("Bearer {secret}"))
        .header("Cookie", format!("authorization=Bearer {secret}"))
        .form(&[("access_token", &secret)])
        .send();
    assert_denied(&response);
    assert_eq!(outcome(&response), code(401, "missing_key"));
    assert!(!response.raw.contains(&secret));
}

#[test]
fn a_well_formed_secret_key_that_was_never_issued_is_invalid() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let random = &key.secret["lk_prod_".len()..key.secret.len() - 6];
    let mut unknown = vec![
        with_checksum(&format!("lk_stag_{random}")),
        with_checksum(&format!("lk_dev_{random}")),
        with_checksum(&format!("kl_prod_{random}")),
        with_checksum(&format!("lk2_prod_{random}")),
        with_checksum(&format!("lk_prod_{}", random.to_uppercase())),
        with_checksum(&format!("lk_prod_{}", random.chars().rev().collect::<String>())),
        with_checksum(&format!("lk_prod_{}", "0".repeat(43))),
    ];
    unknown.extend(Environment::ALL.iter().map(|environment| {
        SecretKey::generate("acme", *environment).expect("random").expose().to_owned()
    }));
    // Secrets that differ from a cached one in one character. Each is sent between two uses of it.
    unknown.extend(
        (8..51).map(|at| key.forged(at, if &key.secret[at..=at] == "a" { "b" } else { "a" })),
    );
    for secret in unknown {
        assert_eq!(authorize(&app, "", &key.secret), pass());
        assert_eq!(authorize(&app, "", &secret), code(401, "invalid_key"), "{secret}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn no_random_header_passes(
        values in proptest::collection::vec("[\\x20-\\x7e\\t\u{80}-\u{2fff}]{0,80}", 24),
        edits in proptest::collection::vec((0..57_usize, 0..3_u8, "[0-9A-Za-z_ ]"), 24),
        query in "[ -~]{0,40}",
    ) {
        let app = App::set_up();
        let secret = Key::new(&app.super_manager(), &[]).secret;
        let scope: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let query = format!("scope=x{scope}");
        let changed = edits.iter().map(|(at, how, with)| {
            let (before, after) = secret.split_at(*at);
            match how {
                0 => format!("{before}{with}{after}"),
                1 => format!("{before}{with}{}", &after[1..]),
                _ => format!("{before}{}", &after[1..]),
            }
        });
        let random = values.iter().flat_map(|value| [value.clone(), format!("Bearer {value}")]);
        let changed = changed.map(|text| format!("Bearer {text}"));
        for value in random.chain(changed).filter(|value| !value.contains(&secret)) {
            let request = authorize_request(&app, &format!("scope={query}"));
            let response = request.header("Authorization", &value).send();
            prop_assert_eq!(response.status, 401, "{:?}: {}", value, response.raw);
        }
    }
}
