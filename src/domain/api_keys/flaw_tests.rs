//! Each flaw is found, whatever the secret key is.

use proptest::prelude::*;

use super::*;

fn secret(prefix: &str, environment: Environment) -> String {
    SecretKey::generate(prefix, environment).expect("random").expose().to_owned()
}

/// The flaw of a text in an organisation with the prefix `lk`, and its number of characters.
fn found(text: &str) -> (Flaw, usize) {
    let found = find(text, Some("lk")).expect(text);
    (found.flaw, found.characters)
}

fn flaw(text: &str) -> Flaw {
    found(text).0
}

#[test]
fn a_well_formed_secret_key_has_no_flaw() {
    for environment in Environment::ALL {
        assert!(find(&secret("lk", environment), Some("lk")).is_none());
        assert!(find(&secret("acme1234", environment), Some("lk")).is_none());
    }
}

#[test]
fn each_flaw_has_its_own_code() {
    for flaw in Flaw::ALL {
        assert_eq!(Flaw::parse(flaw.as_str()), Some(flaw));
    }
    assert_eq!(Flaw::parse("other"), None);
}

#[test]
fn other_text_around_a_secret_key_is_distinguished_from_spaces() {
    let secret = secret("lk", Environment::Production);
    let (begin, end) = secret.split_at(30);
    for text in [
        format!(" {secret}"),
        format!("{secret}\r\n"),
        format!("{begin}\n  {end}"),
        format!("\u{feff}{begin}\u{200b}{end}"),
    ] {
        assert_eq!(flaw(&text), Flaw::Spaces, "{text:?}");
    }
    for text in [
        format!("\"{secret}\""),
        format!("“{secret}”"),
        format!("Bearer {secret}"),
        format!("authorization: bearer {secret}"),
        format!("'Authorization: Bearer {secret}'"),
        format!("export API_KEY={secret}"),
        format!("API_KEY=\"{begin}\n{end}\""),
        format!("{secret} {secret}"),
        format!("{secret},"),
        format!("<{secret}>"),
    ] {
        let found = find(&text, Some("lk")).expect("a flaw");
        assert_eq!(found.flaw, Flaw::Around, "{text:?}");
        assert_eq!(found.rest.expect("a secret key").expose(), secret);
    }
}

#[test]
fn texts_without_a_secret_key_have_the_right_flaw() {
    for text in ["", " ", "\n\t", "\"\"", "Bearer", "Bearer ", "Authorization: Bearer"] {
        assert_eq!(flaw(text), Flaw::Empty, "{text:?}");
    }
    for text in ["key_7QF2M8KDX4TN", " key_7qf2m8kdx4tn ", "Bearer key_7QF2M8KDX4TN"] {
        assert_eq!(flaw(text), Flaw::KeyId, "{text:?}");
    }
    for text in [
        "x",
        "lk",
        "lkprod",
        "hunter2",
        "why does my key not work?",
        "req_7QF2M8KDX4TN7QF2",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk-ant-api03-abc",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "lk-prod-x",
        "LK_prod_x",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ] {
        assert_eq!(flaw(text), Flaw::Prefix, "{text:?}");
    }
    let secret = secret("lk", Environment::Production);
    assert_eq!(flaw(&secret.replace("prod", "live")), Flaw::Environment);
    assert_eq!(flaw(&secret.replace("prod", "PROD")), Flaw::Environment);
    assert_eq!(flaw("lk_live_x"), Flaw::Environment);
    // If the organisation's prefix is not known, the right length is enough.
    let unknown = |text: &str| find(text, None).expect("a flaw").flaw;
    assert_eq!(unknown(&secret.replace("prod", "live")), Flaw::Environment);
    assert_eq!(unknown("sk_live_4eC39HqLyjWDarjtT1zdp7dc"), Flaw::Prefix);
}

#[test]
fn masked_parts_and_letters_of_other_alphabets_are_found() {
    let secret = secret("lk", Environment::Production);
    for text in ["lk_prod_****", "lk_prod_••••x4Tn", "lk_prod_…x4Tn", "lk_prod_...", "****"]
    {
        assert_eq!(flaw(text), Flaw::Masked, "{text:?}");
    }
    assert_eq!(flaw(&format!("{}…", &secret[..20])), Flaw::Masked);
    assert_eq!(flaw(&secret.replacen('l', "ӏ", 1)), Flaw::Characters);
    assert_eq!(flaw(&format!("{}_{}", &secret[..20], &secret[21..])), Flaw::Characters);
    assert_eq!(flaw("lk_prod_a+b/c"), Flaw::Characters);
}

#[test]
fn the_start_of_a_secret_key_is_truncated() {
    assert_eq!(found("lk_prod_"), (Flaw::Truncated, 49));
    assert_eq!(found("lk_prod"), (Flaw::Truncated, 50));
    assert_eq!(found("lk_"), (Flaw::Truncated, 54));
    assert_eq!(found("lk_d"), (Flaw::Truncated, 52));
    assert_eq!(found("acme_dev_abc"), (Flaw::Truncated, 46));
}

#[test]
fn a_long_text_is_not_examined() {
    let secret = secret("lk", Environment::Production);
    assert_eq!(flaw(&format!("{secret}{}", " ".repeat(600))), Flaw::TooLong);
    assert_eq!(flaw(&"é".repeat(4000)), Flaw::TooLong);
}

fn environment() -> impl Strategy<Value = Environment> {
    (0..3_usize).prop_map(|at| Environment::ALL[at])
}

proptest! {
    #[test]
    fn missing_and_extra_characters_are_counted(
        prefix in "[a-z0-9]{2,8}", environment in environment(), cut in 1..49_usize,
        extra in "[A-Za-z0-9]{1,40}",
    ) {
        let whole = secret(&prefix, environment);
        let found = |text: &str| {
            let found = find(text, Some("lk")).expect("a flaw");
            (found.flaw, found.characters)
        };
        prop_assert_eq!(found(&whole[..whole.len() - cut]), (Flaw::Truncated, cut));
        prop_assert_eq!(found(&format!("{whole}{extra}")), (Flaw::TooLong, extra.len()));
    }

    #[test]
    fn one_wrong_character_makes_the_checksum_wrong(
        at in 8..57_usize, to in "[0-9A-Za-z]", environment in environment(),
    ) {
        let whole = secret("lk", environment);
        let at = at.min(whole.len() - 1);
        let changed = format!("{}{to}{}", &whole[..at], &whole[at + 1..]);
        prop_assume!(changed != whole);
        prop_assert_eq!(found(&changed), (Flaw::Checksum, 0));
    }

    #[test]
    fn a_secret_key_is_found_despite_spaces_anywhere(
        at in prop::collection::vec((0..58_usize, "[ \t\r\n\u{a0}\u{200b}]{1,3}"), 1..4),
        environment in environment(),
    ) {
        let whole = secret("lk", environment);
        let mut text = whole.clone();
        let mut places = at;
        places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, spaces) in places {
            text.insert_str(at.min(whole.len()), &spaces);
        }
        let found = find(&text, None).expect("a flaw");
        prop_assert_eq!(found.flaw, Flaw::Spaces);
        let rest = found.rest.expect("a secret key");
        prop_assert_eq!(rest.expose(), whole);
    }

    #[test]
    fn a_text_has_a_flaw_exactly_if_it_is_not_a_secret_key(text in ".{0,80}", known: bool) {
        let found = find(&text, known.then_some("lk"));
        prop_assert_eq!(found.is_none(), SecretKey::parse(&text).is_some());
    }

    #[test]
    fn a_text_like_a_secret_key_never_causes_a_panic(
        text in "(key|lk|sk|é)?_?(prod|live|de)?_?[0-9A-Za-z_*… =\"]{0,60}",
    ) {
        prop_assert!(find(&text, Some("lk")).is_some());
        prop_assert!(find(&text, None).is_some());
    }
}
