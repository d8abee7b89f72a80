//! The credentials in a request (RFC 6750, 2.1). Pure: bytes in, a secret key out.

use crate::base::secret_scan::starts_like_secret;
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

    /// Reads the values of a header that carries nothing but a secret key.
    pub fn read_alone<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => match str::from_utf8(value) {
                Ok(text) => Self::text(text.trim_matches(' ')),
                Err(_) => Self::Malformed(Flaw::NotText),
            },
            _ => Self::Malformed(Flaw::TwoHeaders),
        }
    }

    /// Reads the secret key among texts from several headers. Texts that do not start like a secret
    /// key are something else, such as a token for the API, and two different ones are malformed.
    pub fn read_among<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets = texts.into_iter().filter(|text| starts_like_secret(text));
        let Some(first) = secrets.next() else { return Self::Nothing };
        if secrets.any(|other| other != first) {
            return Self::Malformed(Flaw::TwoHeaders);
        }
        Self::text(first)
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

    #[test]
    fn several_headers_may_carry_one_secret_key_beside_other_tokens() {
        let [one, other] =
            [(); 2].map(|()| SecretKey::generate("lk", Environment::Production).expect("random"));
        let (one, other) = (one.expose(), other.expose());
        let among = |texts: &[&str]| match Credential::read_among(texts.iter().copied()) {
            Credential::Nothing => "nothing",
            Credential::Malformed(flaw) => flaw.as_str(),
            Credential::Secret(_) => "secret",
        };
        assert_eq!(among(&[]), "nothing");
        assert_eq!(among(&["eyJhbGciOi_J9.e30.x", "abc_def_ghi", ""]), "nothing");
        assert_eq!(among(&["eyJhbGciOiJ9.e30.x", one]), "secret");
        assert_eq!(among(&[one, one]), "secret");
        assert_eq!(among(&[one, other]), "two_headers");
        assert_eq!(among(&[&one[..50]]), "truncated");
        assert_eq!(among(&[&one[..50], one]), "two_headers");
    }

    #[test]
    fn a_header_of_its_own_carries_the_secret_key_alone() {
        let secret = SecretKey::generate("lk", Environment::Production).expect("random");
        let alone = |values: &[&[u8]]| match Credential::read_alone(values.iter().copied()) {
            Credential::Nothing => "nothing",
            Credential::Malformed(flaw) => flaw.as_str(),
            Credential::Secret(_) => "secret",
        };
        let secret = secret.expose().as_bytes();
        assert_eq!(alone(&[]), "nothing");
        assert_eq!(alone(&[secret]), "secret");
        assert_eq!(alone(&[&[b" ", secret, b" "].concat()]), "secret");
        assert_eq!(alone(&[secret, secret]), "two_headers");
        assert_eq!(alone(&[b"\xff"]), "not_text");
        assert_eq!(alone(&[b"hunter2"]), "prefix");
    }

    proptest! {
        #[test]
        fn random_headers_are_not_mistaken_for_a_secret_key(value: Vec<u8>) {
            prop_assert_ne!(kind_of(&[&value]), "secret");
            prop_assert_ne!(kind_of(&[&[b"Bearer ".as_slice(), &value].concat()]), "secret");
        }
    }
}
