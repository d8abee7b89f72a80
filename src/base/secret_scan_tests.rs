//! Tests what is detected as a secret key, in every form, and what remains of a text.

use proptest::prelude::*;

use super::*;

/// A well-formed secret key of the organisation with that prefix.
fn secret(prefix: &str) -> String {
    let random = crate::base::random::text(BASE62, RANDOM).expect("random");
    let body = format!("{prefix}_stag_{random}");
    let sum = checksum(&body);
    format!("{body}{}", str::from_utf8(&sum).expect("ASCII"))
}

fn full_width(text: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).expect("a character");
    text.chars().map(wide).collect()
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| format!("%{byte:02X}"));
    encoded.collect::<Vec<_>>().concat()
}

fn interrupted(text: &str, by: &str) -> String {
    text.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(by)
}

#[test]
fn every_way_of_writing_a_secret_key_is_recognised_and_removed() {
    let one = secret("lk");
    let (start, end) = one.split_at(30);
    let written = [
        one.clone(),
        full_width(&one),
        percent_encoded(&one),
        percent_encoded(&percent_encoded(&one)),
        percent_encoded(&full_width(&one)),
        one.replace('_', "%5f"),
        one.replace('_', "\\_"),
        one.replace('_', "&#95;").replace("&#95;", "\u{ff3f}"),
        format!("{start} {end}"),
        format!("{start}\r\n\t{end}"),
        format!("{start}\u{200b}{end}"),
        format!("{start}\u{200d}{end}"),
        format!("{start}\u{ad}{end}"),
        format!("{start}\" + \"{end}"),
        interrupted(&one, " "),
        interrupted(&one, "\u{feff}"),
    ];
    for text in written {
        let around = format!("The key ({text}), of Billing");
        assert_eq!(*find(&around)[0].secret, one, "{text:?}");
        let shown = redacted(&around).expect("a secret key");
        assert_eq!(shown, "The key (lk_stag_… (removed)), of Billing", "{text:?}");
        assert!(contains_removed(&shown) && !contains_secret(&shown));
    }
}

#[test]
fn several_secret_keys_are_removed_and_the_text_between_them_stays() {
    let (one, other) = (secret("lk"), secret("dev"));
    let shown = redacted(&format!("old: {one}, new: {other}{one}!")).expect("secret keys");
    assert_eq!(shown, "old: lk_stag_… (removed), new: dev_stag_… (removed)lk_stag_… (removed)!");
}

#[test]
fn what_is_not_a_secret_key_stays_as_it_is() {
    for text in [
        "",
        "lk_prod_",
        "lk_prod_… and so on",
        "… (removed)",
        "prod_… (removed)",
        "x_prod_… (removed)",
        "100% of “Überblick” in %5F and %zz, %",
        &format!("lk_prod_{}", "a".repeat(TAIL)),
    ] {
        assert_eq!(redacted(text), None, "{text}");
        assert!(!contains_removed(text), "{text}");
    }
}

#[test]
fn the_checksum_is_crc_32_in_base62() {
    // CRC-32("123456789") is 0xCBF43926 = 3421780262, the algorithm's published check value.
    assert_eq!(&checksum("123456789"), b"3jZRME");
}

proptest! {
    #[test]
    fn only_the_secret_key_is_taken_out_of_a_text(
        before in "[^%]{0,40}", after in "[ .,;é][^%]{0,40}", prefix in "[a-z0-9]{2,8}",
    ) {
        let text = format!("{before} {}{after}", secret(&prefix));
        let shown = format!("{before} {prefix}_stag_… (removed){after}");
        prop_assert_eq!(redacted(&text), Some(shown));
    }

    #[test]
    fn no_text_makes_the_scan_panic(text in ".*|(%[0-9a-f]{0,3}|_(dev|prod|stag)_.{0,60}|é){0,30}") {
        prop_assert!(!contains_secret(&text));
        let _ = contains_removed(&text);
    }
}
