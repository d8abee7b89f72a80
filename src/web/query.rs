//! The query string of a page's URL, read and written by serde.

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

/// The maximum length of a search text, in characters.
const MAX_SEARCH_LENGTH: usize = 80;

/// The query of a URL. Parameters that cannot be parsed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest for Query<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(read(request.query_string()))))
    }
}

/// Reads a query. If some parameters cannot be parsed, the others still count; of several with the
/// same name, the last one counts.
pub fn read<T: DeserializeOwned + Default>(query: &str) -> T {
    form::parse(query).unwrap_or_else(|| {
        let is_read =
            |pair: &(Cow<'_, str>, Cow<'_, str>)| form::parse::<T>(&form::text([pair])).is_some();
        let pairs: BTreeMap<_, _> =
            form_urlencoded::parse(query.as_bytes()).filter(is_read).collect();
        form::parse(&form::text(pairs)).unwrap_or_default()
    })
}

/// The names and values of a query that differ from the defaults.
pub fn pairs<T: Serialize + Default>(parameters: &T) -> Vec<(String, String)> {
    let text = |parameters| {
        form_urlencoded::parse(form::text(parameters).as_bytes()).into_owned().collect()
    };
    let (pairs, usual): (Vec<_>, Vec<_>) = (text(parameters), text(&T::default()));
    pairs.into_iter().filter(|pair| !usual.contains(pair)).collect()
}

/// A URL with a query.
pub fn href(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() { path.into() } else { format!("{path}?{}", form::text(pairs)) }
}

/// Reads a search text, for serde.
pub fn search<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let typed = Cow::<'de, str>::deserialize(deserializer)?;
    // Trimmed again, since a blank may have been next to an invisible character.
    Ok(text::visible(typed.trim(), MAX_SEARCH_LENGTH).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
    #[serde(default)]
    struct Parameters {
        #[serde(rename = "q", deserialize_with = "search")]
        search: String,
        number: Option<i64>,
        keys: Vec<String>,
    }

    #[test]
    fn unreadable_parameters_do_not_affect_the_others() {
        let parameters =
            |search: &str, number| Parameters { search: search.into(), number, keys: Vec::new() };
        assert_eq!(read::<Parameters>("q=+a%26b+&number=7&other=1"), parameters("a&b", Some(7)));
        assert_eq!(read::<Parameters>("number=x&q=a&q=b"), parameters("b", None));
        assert_eq!(read::<Parameters>("q=%E2%80%8B+a"), parameters("a", None));
        assert_eq!(read::<Parameters>("q=%FF%00&number="), parameters("\u{fffd}", None));
        assert_eq!(read::<Parameters>("keys=a&keys=b").keys, ["a", "b"]);
        assert_eq!(read::<()>("q=a"), ());
    }

    #[test]
    fn default_values_are_not_written() {
        assert_eq!(href("/x", &pairs(&Parameters::default())), "/x");
        let parameters = Parameters { search: "a&b".into(), number: Some(7), keys: Vec::new() };
        assert_eq!(href("/x", &pairs(&parameters)), "/x?q=a%26b&number=7");
        assert_eq!(href("/x", &pairs(&())), "/x");
    }
}
