//! The values of a request's `Authorization` headers, one per line.

#![no_main]

use latchkey::domain::api_keys::SecretKey;
use latchkey::domain::verification::Credential;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let values: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let Credential::Secret(secret) = Credential::read(values.iter().copied()) else {
        return is_no_secret_by_itself(data);
    };
    let [value] = values[..] else { panic!("one of several headers was picked") };
    let (scheme, rest) = value.split_at(6);
    assert!(scheme.eq_ignore_ascii_case(b"bearer"), "another scheme");
    let text = str::from_utf8(rest).expect("not text");
    assert_eq!(text.trim_matches(' '), secret.expose(), "not all that was sent");
    is_strict(secret.expose());
});

/// What is no header may still be a secret key alone: it must be one in every detail.
fn is_no_secret_by_itself(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data)
        && let Some(secret) = SecretKey::parse(text)
    {
        assert_eq!(secret.expose(), text);
        is_strict(text);
    }
}

/// A second reading of the format, from its description alone.
fn is_strict(text: &str) {
    let parts: Vec<&str> = text.split('_').collect();
    let [prefix, environment, random] = parts[..] else { panic!("not three parts: {text:?}") };
    assert!((2..=8).contains(&prefix.len()), "{text:?}");
    assert!(prefix.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{text:?}");
    assert!(matches!(environment, "prod" | "stag" | "dev"), "{text:?}");
    assert!(random.len() == 49 && random.bytes().all(|b| b.is_ascii_alphanumeric()), "{text:?}");
    let (body, sum) = text.split_at(text.len() - 6);
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        _ => byte - b'a' + 36,
    };
    let sum = sum.bytes().fold(0_u64, |sum, byte| sum * 62 + u64::from(digit(byte)));
    assert_eq!(sum, u64::from(crc_32(body.as_bytes())), "{text:?}");
}

/// CRC-32 (ISO-HDLC), bit by bit.
fn crc_32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}
