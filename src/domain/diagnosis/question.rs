//! What somebody asks about. Pure: a text in, what it is out.

use crate::domain::api_keys::KeyId;

/// What request ids begin with.
const REQUEST: &str = "req_";
/// How many digits follow.
const DIGITS: usize = 16;

/// What somebody asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Nothing,
    /// The refused request with that id, if there is one.
    Request(String),
    /// The key with that Key ID, if there is one.
    Key(String),
    /// A secret key, or what should be one.
    Other,
}

impl Question {
    /// Reads a question. Ids are read as Crockford's base32 is: whatever their case, O as 0, I and L
    /// as 1.
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

/// `text` as an id: `prefix`, and `most` digits at most. What is longer may be somebody's secret, which
/// must not come to stand in an address.
fn id(text: &str, prefix: &str, most: usize) -> Option<String> {
    let (start, digits) = text.split_at_checked(prefix.len())?;
    let is_id = start.eq_ignore_ascii_case(prefix)
        && digits.len() <= most
        // An organisation may have `key` for its secret keys' prefix: those have an underscore more.
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
    fn ids_are_told_from_secret_keys() {
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
        fn no_secret_key_is_taken_for_an_id(prefix in "[a-z0-9]{2,8}|key|req", at in 0..3_usize) {
            let secret = SecretKey::generate(&prefix, Environment::ALL[at]).expect("random");
            prop_assert_eq!(Question::read(secret.expose()), Question::Other);
        }

        #[test]
        fn what_was_read_reads_as_the_same(text in "(key_|req_)?.{0,20}") {
            if let Question::Key(id) | Question::Request(id) = Question::read(&text) {
                let again = Question::read(&id);
                prop_assert!(again == Question::Key(id.clone()) || again == Question::Request(id));
            }
        }
    }
}
