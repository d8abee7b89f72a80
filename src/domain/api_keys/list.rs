//! The table of keys: views, filters, sorting and pages by keyset.

use super::{ApiKey, Environment, KeyId, store};
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::{COUNTED, Cursor, Page, SortKey as _, Walk};

/// The longest search text, in characters.
const LONGEST_SEARCH: usize = 80;

closed_set! {
    /// Which keys the table shows.
    #[derive(Default)]
    pub enum View {
        /// All that are not revoked.
        #[default]
        All = "all",
        /// Active ones that ask for something.
        Attention = "attention",
        Expired = "expired",
        Revoked = "revoked",
    }
}

closed_set! {
    /// What the table is sorted by.
    #[derive(Default)]
    pub enum Sort {
        /// When the key was created.
        #[default]
        Created = "created",
        Name = "name",
        /// When the key was last used; never comes first.
        LastUsed = "last_used",
        /// When the key expires.
        Expires = "expires",
    }
}

closed_set! {
    /// Which end comes first.
    pub enum Direction {
        /// The smallest, oldest or first in the alphabet.
        Ascending = "asc",
        Descending = "desc",
    }
}

impl Sort {
    /// The direction that people expect.
    pub fn default_direction(self) -> Direction {
        match self {
            Self::Created | Self::LastUsed => Direction::Descending,
            Self::Name | Self::Expires => Direction::Ascending,
        }
    }

    /// What a key is sorted by.
    fn value(self, key: &ApiKey) -> String {
        match self {
            Self::Created => key.created_at.text(),
            Self::Name => key.name.sort_key(),
            Self::LastUsed => key.last_used_at.unwrap_or_default().text(),
            Self::Expires => key.expires_at.text(),
        }
    }
}

/// What the table is to show.
#[derive(Clone, Debug)]
pub struct Filter {
    pub view: View,
    /// Part of a name or Key ID; empty: all.
    pub search: String,
    /// The id of a role.
    pub role_id: Option<String>,
    pub environment: Option<Environment>,
    /// What to sort by.
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
            sort: Sort::Created,
            direction: Direction::Descending,
        }
    }
}

impl Filter {
    /// Whether anything but the view narrows the table.
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || self.role_id.is_some() || self.environment.is_some()
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
        let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
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

/// How many keys each view holds, each up to [`COUNTED`] and one more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub all: i64,
    /// Asking for something, of those that work.
    pub attention: i64,
    /// Asking for something though they no longer work.
    pub over: i64,
    pub expired: i64,
    pub revoked: i64,
}

impl Totals {
    /// How many are active; `None` when there are too many to say.
    pub fn active(self) -> Option<i64> {
        (self.all <= COUNTED).then_some(self.all - self.expired)
    }

    /// How many the view holds.
    pub fn of(self, view: View) -> i64 {
        match view {
            View::All => self.all,
            View::Attention => self.attention,
            View::Expired => self.expired,
            View::Revoked => self.revoked,
        }
    }
}

/// The page of keys that `filter` asks for.
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
        let (keys, count) = found(connection, filter, totals, walk, now)?;
        total = count;
        Ok(keys)
    };
    let place = |key: &ApiKey| (filter.sort.value(key), key.id.as_str().to_owned());
    Ok(Page::load(cursor, walk, place)?.of(total))
}

/// The keys of a walk, and how many keys `filter` lets through.
///
/// A page's keys are met by walking along the order until it is full, which is quick when many of
/// the keys belong. Where few do, these are looked up first, and the page is taken from them.
fn found(
    connection: &mut Connection,
    filter: &Filter,
    totals: &Totals,
    walk: &Walk<String>,
    now: Timestamp,
) -> Result<(Vec<ApiKey>, i64)> {
    let total = totals.of(filter.view);
    let is_whole = matches!(filter.view, View::All | View::Revoked);
    if !filter.is_narrowed() && (is_whole || total > COUNTED || totals.all <= COUNTED) {
        return Ok((store::walk(connection, filter, walk, now)?, total));
    }
    let has_few = !is_whole && total <= COUNTED;
    let ids = store::ids(connection, filter, now, has_few, COUNTED + 1)?;
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let keys = if total > COUNTED {
        store::walk(connection, filter, walk, now)?
    } else {
        store::among(connection, filter, walk, &ids)?
    };
    Ok((keys, total))
}

/// How many keys each view holds.
pub fn totals(connection: &mut Connection, now: Timestamp) -> Result<Totals> {
    store::totals(connection, now, COUNTED + 1)
}
