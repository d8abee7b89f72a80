//! The table of keys: views, filters, sorting, and pages with keyset pagination.

use super::{ApiKey, Environment, KeyId, store};
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{Cursor, MAX_COUNTED, Page, SortKey as _, Walk};

/// The longest search text, in characters.
const MAX_SEARCH_LENGTH: usize = 80;

closed_set! {
    /// Which keys the table shows.
    #[derive(Default)]
    pub enum View {
        /// All keys that are not revoked.
        #[default]
        All = "all",
        /// Active keys that need attention.
        Attention = "attention",
        /// Keys that pass nothing until they are enabled.
        Disabled = "disabled",
        Expired = "expired",
        Revoked = "revoked",
    }
}

closed_set! {
    /// What the table is sorted by.
    #[derive(Default)]
    pub enum Sort {
        /// By creation time.
        #[default]
        Created = "created",
        Name = "name",
        /// By last use. Keys that were never used are the oldest.
        LastUsed = "last_used",
        /// By expiry.
        Expires = "expires",
    }
}

closed_set! {
    /// The order of the rows.
    pub enum Direction {
        /// Smallest, oldest or alphabetically first rows first.
        Ascending = "asc",
        Descending = "desc",
    }
}

impl Sort {
    /// The direction that people expect for this order.
    pub fn default_direction(self) -> Direction {
        match self {
            Self::Created | Self::LastUsed => Direction::Descending,
            Self::Name | Self::Expires => Direction::Ascending,
        }
    }

    /// The value by which a key is sorted.
    fn value(self, key: &ApiKey) -> String {
        match self {
            Self::Created => key.created_at.text(),
            Self::Name => key.name.sort_key(),
            Self::LastUsed => key.last_used_at.unwrap_or_default().text(),
            Self::Expires => key.expires_at.text(),
        }
    }
}

/// The view, filters and order of the table.
#[derive(Clone, Debug)]
pub struct Filter {
    pub view: View,
    /// Part of a name, a Key ID, an owner or an external id; empty for all keys.
    pub search: String,
    /// The id of the role.
    pub role_id: Option<String>,
    pub environment: Option<Environment>,
    /// The owner; empty for all keys.
    pub owner: String,
    /// The name and the value of a label.
    pub label: Option<(String, String)>,
    pub sort: Sort,
    pub direction: Direction,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            view: View::All,
            search: String::new(),
            role_id: None,
            environment: None,
            owner: String::new(),
            label: None,
            sort: Sort::Created,
            direction: Direction::Descending,
        }
    }
}

impl Filter {
    /// Whether anything except the view restricts the table.
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty()
            || self.role_id.is_some()
            || self.environment.is_some()
            || !self.owner.is_empty()
            || self.label.is_some()
    }
}

/// What a search text looks for.
pub(super) enum Search {
    Nothing,
    KeyId(KeyId),
    KeyIdStart(String),
    Part(String),
}

impl Search {
    pub(super) fn new(text: &str) -> Self {
        let text: String = text.trim().chars().take(MAX_SEARCH_LENGTH).collect();
        let upper = text.to_ascii_uppercase();
        let id = upper.strip_prefix("KEY_").map(|digits| format!("{}{digits}", KeyId::PREFIX));
        match id {
            _ if text.is_empty() => Self::Nothing,
            Some(id) if id != KeyId::PREFIX => {
                KeyId::parse(&id).map_or(Self::KeyIdStart(id), Self::KeyId)
            }
            _ => Self::Part(text),
        }
    }
}

/// The number of keys in each view, each up to [`MAX_COUNTED`] + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub all: i64,
    /// Active keys that need attention.
    pub attention: i64,
    /// Keys that no longer work but still need attention.
    pub inactive_but_flagged: i64,
    pub disabled: i64,
    pub expired: i64,
    pub revoked: i64,
}

impl Totals {
    /// The number of active keys; `None` if there are too many to count.
    pub fn active(self) -> Option<i64> {
        (self.all <= MAX_COUNTED).then_some(self.all - self.expired)
    }

    /// The number of keys in the view.
    pub fn of(self, view: View) -> i64 {
        match view {
            View::All => self.all,
            View::Attention => self.attention,
            View::Disabled => self.disabled,
            View::Expired => self.expired,
            View::Revoked => self.revoked,
        }
    }
}

/// The page of keys that matches `filter`.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    cursor: Option<&Cursor>,
    totals: &Totals,
    now: Timestamp,
) -> Result<Page<ApiKey>> {
    let is_number = filter.sort != Sort::Name;
    let cursor = cursor.filter(|cursor| !is_number || cursor.value.parse::<i64>().is_ok());
    let mut total = 0;
    let walk = |walk: &Walk<String>| {
        let (keys, count) = load_matching(connection, filter, totals, walk, now)?;
        total = count;
        Ok(keys)
    };
    let place = |key: &ApiKey| (filter.sort.value(key), key.id.as_str().to_owned());
    Ok(Page::load(cursor, walk, place)?.of(total))
}

/// The keys of a walk, and how many keys match `filter`.
///
/// A page is filled by a walk along the order, which is fast if many keys match. If only a few
/// match, they are looked up first, and the page is taken from them.
fn load_matching(
    connection: &mut Connection,
    filter: &Filter,
    totals: &Totals,
    walk: &Walk<String>,
    now: Timestamp,
) -> Result<(Vec<ApiKey>, i64)> {
    let total = totals.of(filter.view);
    let is_whole = matches!(filter.view, View::All | View::Revoked);
    if !filter.is_narrowed() && (is_whole || total > MAX_COUNTED || totals.all <= MAX_COUNTED) {
        return Ok((store::walk(connection, filter, walk, now)?, total));
    }
    let has_few = !is_whole && total <= MAX_COUNTED;
    let ids = store::ids(connection, filter, now, has_few, MAX_COUNTED + 1)?;
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let keys = if total > MAX_COUNTED {
        store::walk(connection, filter, walk, now)?
    } else {
        store::among(connection, filter, walk, &ids)?
    };
    Ok((keys, total))
}

/// The number of keys in each view.
pub fn totals(connection: &mut Connection, now: Timestamp) -> Result<Totals> {
    store::totals(connection, now, MAX_COUNTED + 1)
}
