//! Whose key it is: the owner and the labels, which an API receives with every request, and the key's
//! id in another system.
//!
//! All of them are plain ASCII, because they are sent in headers.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::error::{Error, Result};
use crate::base::text::{self, thousands, without_secret};
use crate::db::types::column_type;

/// The longest owner, in characters.
const MAX_OWNER_LENGTH: usize = 80;
/// The longest external id, in characters.
const MAX_EXTERNAL_ID_LENGTH: usize = 120;
/// The largest number of labels of a key.
const MAX_LABELS: usize = 16;
/// The longest name of a label, in characters.
const MAX_LABEL_NAME_LENGTH: usize = 40;
/// The longest value of a label, in characters.
const MAX_LABEL_VALUE_LENGTH: usize = 100;
/// The largest size of the labels as a header, in bytes.
const MAX_LABELS_HEADER_LENGTH: usize = 1_024;
/// How many invalid lines are reported at once.
const MAX_ERRORS: usize = 5;
/// How much of an invalid line an error message repeats, in characters.
const MAX_SHOWN: usize = 60;

/// What an API receives as the owner of a key without one.
pub const NO_OWNER: &str = "none";

/// Whose key it is, for example a customer's id; empty if nobody's in particular. Several keys may
/// have the same owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner(String);

column_type!(Owner: Text, str, |owner| owner.as_str(), |owner| Ok(Self(owner)));

impl Owner {
    /// Checks an owner.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let owner = identifier(text, "Owner", MAX_OWNER_LENGTH)?;
        if owner.eq_ignore_ascii_case(NO_OWNER) {
            return Err("“none” means that a key has no owner. Leave the field empty".into());
        }
        Ok(Self(owner))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key's id in another system, with which programs create it only once; empty if it has none.
/// Unique among keys that are not revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalId(String);

column_type!(ExternalId: Text, str, |id| id.as_str(), |id| Ok(Self(id)));

impl ExternalId {
    /// Checks an external id.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        identifier(text, "External ID", MAX_EXTERNAL_ID_LENGTH).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn identifier(text: &str, what: &str, longest: usize) -> std::result::Result<String, String> {
    let text = text::one_line(text, what, longest)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:@/-".contains(&b)) {
        Ok(text)
    } else {
        Err(format!("{what} can contain only letters from a to z, digits and . _ : @ / -"))
    }
}

/// Names and values that an API or a person sorts keys by, for example `team=billing`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Reads one label per line, as `name=value`. Empty lines are skipped.
    pub fn parse(text: &str) -> std::result::Result<Self, Vec<String>> {
        let text = without_secret(text).map_err(|message| vec![message])?;
        let (mut labels, mut errors) = (BTreeMap::new(), Vec::new());
        let lines = text::without_bom(text).lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let parsed = parse_line(line).and_then(|(name, value)| {
                let is_new = labels.insert(name.to_owned(), value.to_owned()).is_none();
                is_new.then_some(()).ok_or_else(|| format!("The label {name} is there twice"))
            });
            if let Err(message) = parsed {
                errors.push(format!("Line {}: {message}", index + 1));
            }
            if labels.len() > MAX_LABELS {
                return Err(vec![format!("Enter {MAX_LABELS} labels or fewer")]);
            }
            if errors.len() == MAX_ERRORS {
                break;
            }
        }
        let labels = Self(labels);
        if !errors.is_empty() {
            return Err(errors);
        }
        let length = labels.header().len();
        if length > MAX_LABELS_HEADER_LENGTH {
            return Err(vec![format!(
                "Labels can have {} bytes together as a header; these have {}. Shorten them",
                thousands(MAX_LABELS_HEADER_LENGTH as u64),
                thousands(length as u64)
            )]);
        }
        Ok(labels)
    }

    /// Reads labels from the database.
    pub(in crate::domain) fn stored(labels: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(labels.into_iter().collect())
    }

    /// Reads labels from the text that [`fmt::Display`] writes.
    pub(in crate::domain) fn from_lines(text: &str) -> Result<Self> {
        let pair = |line: &str| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let labels: Option<BTreeMap<_, _>> = text.lines().map(pair).collect();
        labels.map(Self).ok_or_else(|| Error::internal("a stored label is not readable"))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of the header `Latchkey-Labels`: a dictionary of strings (RFC 9651, 3.2).
    pub fn header(&self) -> String {
        let member = |(name, value): (&str, &str)| format!("{name}=\"{value}\"");
        self.iter().map(member).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(|(n, v)| format!("{n}={v}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn parse_line(line: &str) -> std::result::Result<(&str, &str), String> {
    let shown = || text::visible(line, MAX_SHOWN);
    let Some((name, value)) = line.split_once('=') else {
        return Err(format!("“{}” has no value. Write name=value", shown()));
    };
    let (name, value) = (name.trim(), value.trim());
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_LABEL_NAME_LENGTH
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    if !is_name {
        return Err(format!(
            "The name in “{}” must start with a letter from a to z and have at most \
             {MAX_LABEL_NAME_LENGTH} characters: a to z, 0 to 9 and _ . -",
            shown()
        ));
    }
    if value.chars().count() > MAX_LABEL_VALUE_LENGTH {
        return Err(format!(
            "The value of {name} must be {MAX_LABEL_VALUE_LENGTH} characters or fewer"
        ));
    }
    let is_value = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    if !value.bytes().all(is_value) {
        return Err(format!(
            "The value of {name} can contain only printable ASCII characters, without \" and \\"
        ));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_owner_has_up_to_80_plain_characters_and_is_not_none() {
        let owner = |text: &str| Owner::parse(text).map(|owner| owner.as_str().to_owned());
        for good in
            ["", "cus_42", "acme:eu/team-1", "noor@meridianfreight.example", &"a".repeat(80)]
        {
            assert_eq!(owner(good).as_deref(), Ok(good));
        }
        assert_eq!(owner("  acme ").as_deref(), Ok("acme"));
        for bad in ["none", "None", "two words", "é", "a,b", "a\"b", &"a".repeat(81)] {
            assert!(owner(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_are_one_per_line_and_sorted_by_name() {
        let labels =
            Labels::parse("team=billing\r\n\n region = eu west \nempty=\n").expect("valid");
        assert_eq!(labels.to_string(), "empty=\nregion=eu west\nteam=billing");
        assert_eq!(labels.header(), r#"empty="", region="eu west", team="billing""#);
        assert_eq!(Labels::from_lines(&labels.to_string()).expect("stored"), labels);
        assert!(Labels::parse("").expect("valid").is_empty());
    }

    #[test]
    fn labels_have_limits() {
        let name = "a".repeat(40);
        let (longest, many) = (format!("{name}={}", "v".repeat(100)), |count: usize| {
            (0..count).map(|n| format!("l{n}=v")).collect::<Vec<_>>().join("\n")
        });
        assert!(Labels::parse(&longest).is_ok() && Labels::parse(&many(16)).is_ok());
        for (bad, message) in [
            (format!("a{longest}"), "The name in"),
            (format!("{longest}v"), "100 characters"),
            (many(17), "16 labels"),
            ("team".into(), "has no value"),
            ("Team=a".into(), "must start with a letter"),
            ("1=a".into(), "must start with a letter"),
            ("=a".into(), "must start with a letter"),
            ("a=\"b\"".into(), "printable ASCII"),
            ("a=b\\c".into(), "printable ASCII"),
            ("a=é".into(), "printable ASCII"),
            ("a=1\na=2".into(), "is there twice"),
        ] {
            let errors = Labels::parse(&bad).expect_err(&bad);
            assert!(errors[0].contains(message), "{bad}: {errors:?}");
        }
        let large: Vec<String> = (0..10).map(|n| format!("l{n}={}", "v".repeat(100))).collect();
        assert!(
            Labels::parse(&large.join("\n")).expect_err("too large")[0].contains("1,024 bytes")
        );
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_a_valid_header(text in "([a-c1=\"\\\\ é\n]|name=){0,60}") {
            if let Ok(labels) = Labels::parse(&text) {
                prop_assert!(http::HeaderValue::from_str(&labels.header()).is_ok());
                prop_assert_eq!(Labels::from_lines(&labels.to_string()).expect("stored"), labels);
            }
        }
    }
}
