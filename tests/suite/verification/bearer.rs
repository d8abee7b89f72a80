//! The `Authorization` header: what is read as a secret key, and everything that is not.

use latchkey::domain::api_keys::{Environment, SecretKey};
use proptest::prelude::*;

use super::{Key, asked, code, is_pass, is_refusal, outcome, pass, stranger, told, with_checksum};
use crate::support::App;

/// Where `S` stands in a table stands a secret key that would pass.
fn with_secret(value: &str, secret: &str) -> String {
    value.replace('S', secret)
}

#[test]
fn a_request_that_bears_no_key_is_told_so_without_an_error() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let none = asked(&app, "").send();
    is_refusal(&none);
    assert_eq!(outcome(&none), code(401, "missing_key"));
    assert_eq!(none.header("www-authenticate"), r#"Bearer realm="latchkey""#);
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
        let answer =
            asked(&app, "").header("Authorization", with_secret(value, &key.secret)).send();
        is_refusal(&answer);
        assert_eq!(outcome(&answer), code(401, "missing_key"), "{value:?}");
    }
}

#[test]
fn one_secret_key_after_bearer_passes_however_the_scheme_is_spelt() {
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
        // White space around a header's value is not part of it (RFC 9110, 5.5).
        "\tBearer S\t",
    ] {
        let value = with_secret(value, &key.secret);
        is_pass(&asked(&app, "").header("Authorization", &value).send());
        is_pass(&asked(&app, "").header("aUTHORIZATION", &value).send());
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
        let answer = asked(&app, "").header("Authorization", &value).send();
        is_refusal(&answer);
        assert_eq!(outcome(&answer), code(401, "malformed_key"), "{value}");
        assert!(!answer.raw.contains(secret.as_str()), "{}", answer.raw);
    }
    assert_eq!(told(&app, "", secret), pass(), "the key is as good as before");
}

#[test]
fn bytes_that_are_no_text_never_pass() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let good = format!("Bearer {}", key.secret).into_bytes();
    for byte in (0..=8).chain(10..32).chain(127..=255_u8) {
        // A line's end after the secret key is the line's end.
        let is_end = byte == b'\n' || byte == b'\r';
        for at in [0, 6, 7, 20, good.len() - usize::from(is_end)] {
            let mut value = good.clone();
            value.insert(at, byte);
            // Control characters end a request before anybody decides about it.
            let answer = asked(&app, "").header("Authorization", &value).try_send();
            let status = answer.map_or(400, |answer| answer.status);
            assert!(matches!(status, 400 | 401), "{byte} at {at}: {status}");
            assert!(byte < 128 || status == 401, "{byte} at {at}: {status}");
        }
    }
}

#[test]
fn two_headers_are_malformed_whichever_of_them_is_good() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let (good, bad) = (format!("Bearer {}", key.secret), format!("Bearer {}", stranger()));
    for values in [[&good, &good], [&good, &bad], [&bad, &good]] {
        let request = asked(&app, "").header("Authorization", values[0]);
        let answer = request.header("authorization", values[1]).send();
        assert_eq!(outcome(&answer), code(401, "malformed_key"));
    }
    let beside = asked(&app, "").header("Authorization", "Basic YTpi").bearer(&key.secret).send();
    assert_eq!(outcome(&beside), code(401, "malformed_key"));
}

#[test]
fn a_secret_key_anywhere_else_counts_for_nothing() {
    let app = App::set_up();
    let secret = Key::new(&app.super_manager(), &[]).secret;
    for name in ["access_token", "token", "key", "authorization"] {
        let answer = asked(&app, &format!("{name}={secret}")).send();
        assert_eq!(outcome(&answer), code(503, "unavailable"), "{name}");
        assert!(!answer.raw.contains(&secret));
    }
    let answer = asked(&app, "")
        .header("Proxy-Authorization", format!("Bearer {secret}"))
        .header("X-Api-Key", &secret)
        .header("X-Authorization", format!("Bearer {secret}"))
        .header("X-Forwarded-Authorization", format!("Bearer {secret}"))
        .header("Cookie", format!("authorization=Bearer {secret}"))
        .form(&[("access_token", &secret)])
        .send();
    is_refusal(&answer);
    assert_eq!(outcome(&answer), code(401, "missing_key"));
    assert!(!answer.raw.contains(&secret));
}

#[test]
fn a_well_formed_secret_key_that_nobody_made_is_invalid() {
    let app = App::set_up();
    let key = Key::new(&app.super_manager(), &[]);
    let random = &key.secret["lk_prod_".len()..key.secret.len() - 6];
    let mut strangers = vec![
        with_checksum(&format!("lk_stag_{random}")),
        with_checksum(&format!("lk_dev_{random}")),
        with_checksum(&format!("kl_prod_{random}")),
        with_checksum(&format!("lk2_prod_{random}")),
        with_checksum(&format!("lk_prod_{}", random.to_uppercase())),
        with_checksum(&format!("lk_prod_{}", random.chars().rev().collect::<String>())),
        with_checksum(&format!("lk_prod_{}", "0".repeat(43))),
    ];
    strangers.extend(Environment::ALL.iter().map(|environment| {
        SecretKey::generate("acme", *environment).expect("random").expose().to_owned()
    }));
    // Neighbours of a good secret key, each between two uses of it: none gets its answer.
    strangers.extend(
        (8..51).map(|at| key.forged(at, if &key.secret[at..=at] == "a" { "b" } else { "a" })),
    );
    for secret in strangers {
        assert_eq!(told(&app, "", &key.secret), pass());
        assert_eq!(told(&app, "", &secret), code(401, "invalid_key"), "{secret}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn no_header_that_anybody_makes_up_passes(
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
        let made_up = values.iter().flat_map(|value| [value.clone(), format!("Bearer {value}")]);
        let changed = changed.map(|text| format!("Bearer {text}"));
        for value in made_up.chain(changed).filter(|value| !value.contains(&secret)) {
            let answer = asked(&app, &format!("scope={query}")).header("Authorization", &value);
            let answer = answer.send();
            prop_assert_eq!(answer.status, 401, "{:?}: {}", value, answer.raw);
        }
    }
}
