//! The credentials in a request (RFC 6750, 2.1). Pure: bytes in, a secret key out.

use crate::domain::api_keys::{Flaw, SecretKey, flaw};

const SCHEME: &[u8] = b"bearer";

/// The credentials in a request.
#[derive(Debug)]
pub enum Credential {
    Nothing,
    /// Something that is not a secret key, and the reason.
    Malformed(Flaw),
    /// A well-formed secret key.
    Secret(SecretKey),
}

impl Credential {
    /// Reads the values of a request's `Authorization` headers. A header with another scheme counts
    /// as no key. Two headers, or anything but one well-formed secret key, are malformed.
    pub fn read<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        let (Some(value), second) = (values.next(), values.next()) else { return Self::Nothing };
        if second.is_some() {
            return Self::Malformed(Flaw::TwoHeaders);
        }
        let Some((scheme, rest)) = value.split_at_checked(SCHEME.len()) else {
            return Self::Nothing;
        };
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Self::Nothing;
        }
        let Ok(rest) = str::from_utf8(rest) else { return Self::Malformed(Flaw::NotText) };
        // Only spaces may separate the scheme from the secret key: not nothing, and not a tab.
        match rest.strip_prefix(' ') {
            Some(secret) if !secret.trim_start_matches(' ').starts_with('\t') => {
                Self::text(secret.trim_matches(' '))
            }
            None if rest.is_empty() => Self::Malformed(Flaw::Empty),
            _ => Self::Malformed(Flaw::Separator),
        }
    }

    /// Parses text that should be a secret key and nothing else.
    pub fn text(text: &str) -> Self {
        if let Some(secret) = SecretKey::parse(text) {
            return Self::Secret(secret);
        }
        // The flaw is determined only for text that is not a secret key.
        Self::Malformed(flaw::find(text, None).map_or(Flaw::Checksum, |found| found.flaw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_keys::Environment;
    use proptest::prelude::*;

    fn kind_of(values: &[&[u8]]) -> &'static str {
        match Credential::read(values.iter().copied()) {
            Credential::Nothing => "nothing",
            Credential::Malformed(_) => "malformed",
            Credential::Secret(_) => "secret",
        }
    }

    #[test]
    fn one_well_formed_secret_key_after_bearer_is_read() {
        let secret = SecretKey::generate("lk", Environment::Production).expect("random");
        let secret = secret.expose();
        for good in ["Bearer S", "bearer S", "BEARER S", "Bearer   S", "Bearer S "] {
            assert_eq!(kind_of(&[good.replace('S', secret).as_bytes()]), "secret", "{good}");
        }
        for bad in [
            "Bearer",
            "Bearer ",
            "Bearer\tS",
            "Bearer S S",
            "Bearer key_7QF2M8KDX4TN",
            "BearerS",
            "Bearer \tS",
        ] {
            assert_eq!(kind_of(&[bad.replace('S', secret).as_bytes()]), "malformed", "{bad}");
        }
        for other in ["", " ", "Basic S", "Token S", "B\u{e9}arer S", secret] {
            assert_eq!(kind_of(&[other.replace('S', secret).as_bytes()]), "nothing", "{other}");
        }
        let good = format!("Bearer {secret}");
        assert_eq!(kind_of(&[good.as_bytes(), good.as_bytes()]), "malformed");
        assert_eq!(kind_of(&[b"Bearer \xff"]), "malformed");
        assert_eq!(kind_of(&[b"Basic \xff"]), "nothing");
        assert_eq!(kind_of(&[format!("Bearer {secret}\0").as_bytes()]), "malformed");
        assert_eq!(kind_of(&[&[b"Bearer ".as_slice(), &[b'a'; 8192]].concat()]), "malformed");
        assert_eq!(kind_of(&[]), "nothing");
    }

    #[test]
    fn malformed_headers_are_reported_with_their_flaw() {
        let secret = SecretKey::generate("lk", Environment::Production).expect("random");
        let flaw = |value: &str| match Credential::read([value.as_bytes()]) {
            Credential::Malformed(flaw) => flaw.as_str(),
            other => panic!("{value}: {other:?}"),
        };
        for (value, code) in [
            ("Bearer", "empty"),
            ("Bearer  ", "empty"),
            ("Bearer\tS", "separator"),
            ("Bearer \tS", "separator"),
            ("BearerS", "separator"),
            ("Bearer S\t", "spaces"),
            ("Bearer S S", "around"),
            ("Bearer Bearer S", "around"),
            ("Bearer \"S\"", "around"),
            ("Bearer key_7QF2M8KDX4TN", "key_id"),
            ("Bearer S0", "too_long"),
            ("Bearer hunter2", "prefix"),
        ] {
            assert_eq!(flaw(&value.replace('S', secret.expose())), code, "{value}");
        }
        let of = |values: &[&[u8]]| match Credential::read(values.iter().copied()) {
            Credential::Malformed(flaw) => flaw.as_str(),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(&[b"Bearer x", b"Bearer x"]), "two_headers");
        assert_eq!(of(&[b"Bearer \xff"]), "not_text");
    }

    proptest! {
        #[test]
        fn random_headers_are_not_mistaken_for_a_secret_key(value: Vec<u8>) {
            prop_assert_ne!(kind_of(&[&value]), "secret");
            prop_assert_ne!(kind_of(&[&[b"Bearer ".as_slice(), &value].concat()]), "secret");
        }
    }
}
