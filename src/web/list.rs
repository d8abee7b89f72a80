//! The toolkit for pages with lists: the query of their URL, and the links to other pages.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::query;
use crate::db::keyset::{Cursor, Page};

/// The query of a list's URL: its filters, and the place where the page starts or ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery<F = ()> {
    pub filters: F,
    pub cursor: Option<Cursor>,
}

/// The parameters of a cursor in a URL.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    after: String,
    before: String,
}

impl<F: DeserializeOwned + Default> FromRequest for ListQuery<F> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::read(request.query_string())))
    }
}

impl<F: DeserializeOwned + Default> ListQuery<F> {
    /// Reads a query. Parameters that cannot be parsed are ignored.
    pub fn read(text: &str) -> Self {
        let place: Place = query::read(text);
        let after = Cursor::parse(&place.after, true);
        Self {
            filters: query::read(text),
            cursor: after.or_else(|| Cursor::parse(&place.before, false)),
        }
    }
}

impl<F: Serialize + Default> ListQuery<F> {
    /// The URL of the list at `path` with this query.
    pub fn href(&self, path: &str) -> String {
        self.href_at(path, self.cursor.as_ref())
    }

    /// This query as text.
    pub fn text(&self) -> String {
        self.href("").trim_start_matches('?').to_owned()
    }

    fn href_at(&self, path: &str, cursor: Option<&Cursor>) -> String {
        let mut pairs = query::pairs(&self.filters);
        pairs.extend(cursor.map(|cursor| {
            let word = if cursor.is_after { "after" } else { "before" };
            (word.to_owned(), cursor.text())
        }));
        query::href(path, &pairs)
    }

    /// The links from a page of the list at `path` to the pages next to it.
    pub fn pager<T>(&self, path: &str, page: &Page<T>) -> Pager {
        let href = |cursor: &Option<Cursor>| Some(self.href_at(path, Some(cursor.as_ref()?)));
        Pager { range: page.range(), previous: href(&page.before), next: href(&page.after) }
    }
}

impl<F> From<F> for ListQuery<F> {
    /// The first page of a list with these filters.
    fn from(filters: F) -> Self {
        Self { filters, cursor: None }
    }
}

/// The links and the range below a list.
#[derive(Debug, Default)]
pub struct Pager {
    /// The range of rows on the page; empty if rows are not counted.
    pub range: String,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Pager {
    /// Whether the list has other pages.
    pub fn has_links(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

/// An option of a filter.
pub struct Choice {
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self { is_chosen: value == chosen, value, label: label.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
    #[serde(default)]
    struct Filters {
        #[serde(rename = "q", deserialize_with = "query::search")]
        search: String,
        number: Option<i64>,
    }

    #[test]
    fn what_is_written_reads_back() {
        let href = "/x?q=a%26b&number=7&before=25%7Ekey_1%7Ex%7Ey";
        let list: ListQuery<Filters> = ListQuery::read(&href["/x?".len()..]);
        assert_eq!(list.cursor.as_ref().map(|cursor| cursor.value.as_str()), Some("x~y"));
        assert_eq!(list.href("/x"), href);
        assert_eq!(ListQuery::from(list.filters).href("/x"), "/x?q=a%26b&number=7");
    }

    #[test]
    fn a_list_without_filters_has_a_cursor() {
        let list: ListQuery = ListQuery::read("after=25%7Eeml_1%7E7&q=a");
        assert_eq!(list.href("/mail"), "/mail?after=25%7Eeml_1%7E7");
        assert_eq!(ListQuery::<()>::read("after=7~eml_1").href("/mail"), "/mail");
    }

    proptest! {
        #[test]
        fn any_query_can_be_read_and_written_back(text in ".*|q=.*&(after|before)=[0-9]~[a-z]~.*") {
            let list: ListQuery<Filters> = ListQuery::read(&text);
            let again = list.href("/x");
            let again = ListQuery::read(again.split_once('?').map_or("", |(_, query)| query));
            prop_assert_eq!(again, list);
        }
    }
}
