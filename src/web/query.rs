//! What the query string of a page's address asks for, read and written by serde.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer, Serialize};
use url::form_urlencoded;

use super::form;
use crate::base::text;

/// The longest search text, in characters.
const LONGEST_SEARCH: usize = 80;

/// The query of an address. What cannot be read counts as not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest for Query<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(read(request.query_string()))))
    }
}

/// Reads a query. Where a part of it cannot be read, the others still count, and the last of several
/// with one name.
pub fn read<T: DeserializeOwned + Default>(query: &str) -> T {
    form::parse(query).unwrap_or_else(|| {
        let is_read =
            |pair: &(Cow<'_, str>, Cow<'_, str>)| form::parse::<T>(&form::text([pair])).is_some();
        let pairs: BTreeMap<_, _> =
            form_urlencoded::parse(query.as_bytes()).filter(is_read).collect();
        form::parse(&form::text(pairs)).unwrap_or_default()
    })
}

/// The names and values of a query that differ from those of a bare address.
pub fn pairs<T: Serialize + Default>(asked: &T) -> Vec<(String, String)> {
    let text = |asked| form_urlencoded::parse(form::text(asked).as_bytes()).into_owned().collect();
    let (pairs, usual): (Vec<_>, Vec<_>) = (text(asked), text(&T::default()));
    pairs.into_iter().filter(|pair| !usual.contains(pair)).collect()
}

/// An address with a query.
pub fn href(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() { path.into() } else { format!("{path}?{}", form::text(pairs)) }
}

/// Reads what somebody searches for, for serde.
pub fn search<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let typed = Cow::<'de, str>::deserialize(deserializer)?;
    // Again, since a blank may have stood behind something that cannot be seen.
    Ok(text::visible(typed.trim(), LONGEST_SEARCH).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
    #[serde(default)]
    struct Asked {
        #[serde(rename = "q", deserialize_with = "search")]
        search: String,
        number: Option<i64>,
        keys: Vec<String>,
    }

    #[test]
    fn what_cannot_be_read_leaves_the_rest() {
        let asked =
            |search: &str, number| Asked { search: search.into(), number, keys: Vec::new() };
        assert_eq!(read::<Asked>("q=+a%26b+&number=7&other=1"), asked("a&b", Some(7)));
        assert_eq!(read::<Asked>("number=x&q=a&q=b"), asked("b", None));
        assert_eq!(read::<Asked>("q=%E2%80%8B+a"), asked("a", None));
        assert_eq!(read::<Asked>("q=%FF%00&number="), asked("\u{fffd}", None));
        assert_eq!(read::<Asked>("keys=a&keys=b").keys, ["a", "b"]);
        assert_eq!(read::<()>("q=a"), ());
    }

    #[test]
    fn what_is_usual_is_not_written() {
        assert_eq!(href("/x", &pairs(&Asked::default())), "/x");
        let asked = Asked { search: "a&b".into(), number: Some(7), keys: Vec::new() };
        assert_eq!(href("/x", &pairs(&asked)), "/x?q=a%26b&number=7");
        assert_eq!(href("/x", &pairs(&())), "/x");
    }
}
