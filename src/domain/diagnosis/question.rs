//! What somebody wants to have diagnosed. Pure: determines what a text is.

use crate::domain::api_keys::KeyId;

/// The start of request ids.
const REQUEST: &str = "req_";
/// The number of digits after the start.
const DIGITS: usize = 16;

/// What somebody wants to have diagnosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Nothing,
    /// The denied request with this id, if it exists.
    Request(String),
    /// The key with this Key ID, if it exists.
    Key(String),
    /// A secret key, or something that should be one.
    Other,
}

impl Question {
    /// Reads a question. Ids are read like Crockford's base32: in any case, with O as 0, and I and
    /// L as 1.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        match (id(text, REQUEST, DIGITS), id(text, KeyId::PREFIX, KeyId::DIGITS)) {
            _ if text.is_empty() => Self::Nothing,
            (Some(id), _) => Self::Request(id),
            (_, Some(id)) => Self::Key(id),
            _ => Self::Other,
        }
    }
}

/// `text` as an id: `prefix` and at most `max_digits` digits. A longer text may be somebody's secret,
/// which must not become part of a URL.
fn id(text: &str, prefix: &str, max_digits: usize) -> Option<String> {
    let (start, digits) = text.split_at_checked(prefix.len())?;
    let is_id = start.eq_ignore_ascii_case(prefix)
        && digits.len() <= max_digits
        // An organisation may use `key` as the prefix of its secret keys, but these have a second
        // underscore.
        && digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    is_id.then(|| {
        let digits = digits.chars().map(|digit| match digit.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            digit => digit,
        });
        prefix.chars().chain(digits).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_keys::{Environment, SecretKey};
    use proptest::prelude::*;

    #[test]
    fn ids_are_distinguished_from_secret_keys() {
        let key = |id: &str| Question::Key(id.into());
        let request = |id: &str| Question::Request(id.into());
        assert_eq!(Question::read(" \n"), Question::Nothing);
        assert_eq!(Question::read(" key_7QF2M8KDX4TN\n"), key("key_7QF2M8KDX4TN"));
        assert_eq!(Question::read("KEY_oil2m8kdx4tn"), key("key_0112M8KDX4TN"));
        assert_eq!(Question::read("key_7QF2"), key("key_7QF2"));
        assert_eq!(Question::read("req_7QF2M8KDX4TN7QF2"), request("req_7QF2M8KDX4TN7QF2"));
        assert_eq!(Question::read("req_"), request("req_"));
        for other in ["key", "é", "lk_prod_abc", "key_prod_abc", "req 1", "req_<b>"] {
            assert_eq!(Question::read(other), Question::Other, "{other}");
        }
        for other in ["req_7QF2M8KDX4TN7QF2A", "key_7QF2M8KDX4TN7"] {
            assert_eq!(Question::read(other), Question::Other, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_secret_key_is_never_read_as_an_id(prefix in "[a-z0-9]{2,8}|key|req", at in 0..3_usize) {
            let secret = SecretKey::generate(&prefix, Environment::ALL[at]).expect("random");
            prop_assert_eq!(Question::read(secret.expose()), Question::Other);
        }

        #[test]
        fn an_id_that_was_read_is_read_again_unchanged(text in "(key_|req_)?.{0,20}") {
            if let Question::Key(id) | Question::Request(id) = Question::read(&text) {
                let retry = Question::read(&id);
                prop_assert!(retry == Question::Key(id.clone()) || retry == Question::Request(id));
            }
        }
    }
}
