//! The page that a dialog was opened from, and returns to: the table or the keys that need
//! attention, with their filters and place, the keys that a member saw, or a key's page.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::query::{Filters, PATH};
use super::{member_keys, restored};
use crate::domain::api_keys::{KeyId, View};
use crate::domain::members::MemberId;
use crate::domain::usage::Period;
use crate::pages::{Dialog, Input};
use crate::web::list::ListQuery;
use crate::web::{path, query};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    List(ListQuery<Filters>),
    /// The keys that a member created or saw.
    Member(MemberId, ListQuery),
    /// The keys to check after a restore.
    Restored(ListQuery),
    Key(KeyId, Period),
}

/// The query of a key's page.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct OfKey {
    period: Period,
}

impl Origin {
    /// The table without filters.
    pub(super) fn table() -> Self {
        Self::List(ListQuery::default())
    }

    /// The keys that need attention.
    pub(super) fn attention() -> Self {
        Self::List(ListQuery::from(Filters { view: View::Attention, ..Filters::default() }))
    }

    /// A key's page.
    pub(super) fn key(id: KeyId) -> Self {
        Self::Key(id, Period::default())
    }

    /// The page that the dialog's URL or form names; the table if it names none.
    pub(super) fn of<D: Dialog>(input: &Input<D>) -> Self {
        Self::read(&input.return_to).unwrap_or_else(Self::table)
    }

    /// The page with the given path and query; `None` if dialogs cannot return there.
    pub(super) fn read(text: &str) -> Option<Self> {
        let own = path::own(text)?;
        let (path, query) = own.split_once('?').unwrap_or((&own, ""));
        if let Some(list) = Filters::list_at(path, query) {
            return Some(Self::List(list));
        }
        if let Some(id) = member_keys::member_at(path) {
            return Some(Self::Member(id, ListQuery::read(query)));
        }
        if path == restored::PATH {
            return Some(Self::Restored(ListQuery::read(query)));
        }
        let id = KeyId::parse(path.strip_prefix(PATH)?.strip_prefix('/')?)?;
        Some(Self::Key(id, query::read::<OfKey>(query).period))
    }

    /// The URL of the page.
    pub(super) fn href(&self) -> String {
        match self {
            Self::List(list) => list.href(list.filters.path()),
            Self::Member(id, list) => list.href(&member_keys::path_of(id)),
            Self::Restored(list) => list.href(restored::PATH),
            Self::Key(id, period) => {
                query::href(&page_of(id), &query::pairs(&OfKey { period: *period }))
            }
        }
    }

    /// The page, scrolled to the row of the key.
    pub(super) fn at_row(&self, id: &KeyId) -> String {
        match self {
            Self::List(_) | Self::Member(..) | Self::Restored(_) => {
                format!("{}#{}", self.href(), id.as_str())
            }
            Self::Key(..) => self.href(),
        }
    }

    /// The page, with the focus where the dialog of the key was opened: at its row, or on a key's
    /// page at the element with the id `opener`.
    pub(super) fn at_opener(&self, id: &KeyId, opener: &str) -> String {
        match self {
            Self::List(_) | Self::Member(..) | Self::Restored(_) => self.at_row(id),
            Self::Key(..) => format!("{}#{opener}", self.href()),
        }
    }

    /// The query of links to dialogs that return to this page, with its `?`; empty for the default.
    pub(super) fn query(&self) -> String {
        if *self == Self::table() {
            return String::new();
        }
        let mut query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
        query.append_pair("return", &self.href()).finish()
    }
}

/// The URL of a dialog of the key that returns to the key's page.
pub(in crate::pages) fn dialog_over_page(id: &KeyId, verb: &str) -> String {
    format!("{}/{verb}{}", page_of(id), Origin::key(*id).query())
}

/// The path of a key's page.
pub(super) fn page_of(id: &KeyId) -> String {
    format!("{PATH}/{}", id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_returns_to_the_page_that_it_was_opened_from() {
        for page in [
            "/api-keys",
            "/api-keys?view=expired&q=worker&sort=name&after=25%7Ekey_1%7Ex",
            "/attention?role=billing",
            "/api-keys/key_7QF2M8KDX4TN",
            "/api-keys/key_7QF2M8KDX4TN?period=7d",
            "/members/mem_0123456789ABCDEF/keys?after=25%7Ekey_1%7E1795435200000",
            "/attention/restored?after=25%7Ekey_1%7E1795435200000",
        ] {
            let origin = Origin::read(page).expect("a page of keys");
            assert_eq!(origin.href(), page);
            let query = origin.query();
            let written = form_urlencoded::Serializer::new(String::new())
                .append_pair("return", page)
                .finish();
            assert_eq!(query, if page == PATH { String::new() } else { format!("?{written}") });
        }
    }

    #[test]
    fn a_dialog_returns_to_no_other_page() {
        for page in [
            "",
            "/",
            "/settings",
            "https://evil.example/api-keys",
            "//api-keys",
            "/api-keys/new",
            "/members/mem_0123456789ABCDEF/edit",
            "/members/mem_1/keys",
        ] {
            assert_eq!(Origin::read(page), None, "{page}");
        }
    }
}
