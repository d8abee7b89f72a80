//! What a request needs: scopes and perhaps an environment. Pure: a query in, borrowed from it.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use smallvec::SmallVec;
use url::form_urlencoded;

/// What a request needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Scopes, all of which are needed; most requests need one.
    pub scopes: SmallVec<[Cow<'a, str>; 2]>,
    /// The environment that the key must be of, by its slug.
    pub environment: Option<Cow<'a, str>>,
}

impl<'a> Wanted<'a> {
    /// Reads a query. Every `scope` of every parameter of that name is needed; two environments
    /// cannot both match.
    #[must_use]
    pub fn read(query: &'a str) -> Self {
        let mut wanted = Self::default();
        for (name, value) in parts(query, b'&').filter_map(parameter) {
            match &*name {
                "scope" => wanted.need(value),
                "environment" => {
                    wanted.environment = Some(match wanted.environment.take() {
                        Some(other) if other != value => Cow::Borrowed(""),
                        _ => value,
                    });
                }
                _ => {}
            }
        }
        wanted
    }

    /// The names of the scopes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(AsRef::as_ref)
    }

    /// Adds the scopes of a list that spaces separate (RFC 6749, 3.3).
    pub fn need(&mut self, list: Cow<'a, str>) {
        let is_scope = |part: &&str| !part.is_empty();
        match list {
            Cow::Borrowed(list) => {
                self.scopes.extend(parts(list, b' ').filter(is_scope).map(Cow::Borrowed));
            }
            Cow::Owned(list) => {
                let scopes = parts(&list, b' ').filter(is_scope);
                self.scopes.extend(scopes.map(|scope| Cow::Owned(scope.to_owned())));
            }
        }
    }
}

/// A parameter of a query; where nothing is encoded, as in most, it is there as it stands.
fn parameter(text: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    if memchr2(b'%', b'+', text.as_bytes()).is_some() {
        return form_urlencoded::parse(text.as_bytes()).next();
    }
    let (name, value) = split(text, b'=').unwrap_or((text, ""));
    Some((name.into(), value.into()))
}

/// What stands between each `at` and the next. On texts of a few words this costs a quarter of what
/// `str::split` does.
fn parts(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((part, more)) = split(text, at) else { return Some(text) };
        rest = Some(more);
        Some(part)
    })
}

/// What stands before and after the first `at`.
fn split(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = memchr(at, text.as_bytes())?;
    text.get(..place).zip(text.get(place + 1..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_scopes_of_all_parameters_are_wanted() {
        let scopes = |query| Wanted::read(query).scopes.to_vec();
        assert_eq!(scopes("scope=b:r+a:r&scope=c:r%20%20a:r"), ["b:r", "a:r", "c:r", "a:r"]);
        assert!(scopes("scope=&x=1").is_empty());
        let environment = |query| Wanted::read(query).environment;
        assert_eq!(environment("environment=staging").as_deref(), Some("staging"));
        assert_eq!(environment("environment=staging&environment=production").as_deref(), Some(""));
    }

    proptest! {
        #[test]
        fn a_query_is_read_as_forms_are(query in "([a-c=&%+ ]|%2[0-9a-f]|scope=|é){0,30}") {
            let read: Vec<_> = parts(&query, b'&').filter_map(parameter).collect();
            let read = read.into_iter().filter(|(name, value)| !(name.is_empty() && value.is_empty()));
            let forms = form_urlencoded::parse(query.as_bytes());
            let forms = forms.filter(|(name, value)| !(name.is_empty() && value.is_empty()));
            prop_assert_eq!(read.collect::<Vec<_>>(), forms.collect::<Vec<_>>());
        }
    }
}
