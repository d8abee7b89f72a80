//! The table of keys: views, filters, sorting and pages by keyset.

use super::{ApiKey, Environment, KeyId, store};
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::base::text;
use crate::db::Connection;

/// How many keys a page shows.
pub const PAGE: usize = 25;
/// Up to how many keys are counted; beyond, a page says "1,000+", so that it costs the same at a
/// million keys.
pub const COUNTED: i64 = 1000;
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
}

/// A place between two rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, or before it.
    pub is_after: bool,
    /// How many rows lie before the place.
    pub position: u64,
    /// The sort value of the row beside the place.
    pub value: String,
    /// The Key ID of that row.
    pub id: String,
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        let mut parts = text.splitn(3, '~');
        let (position, id, value) = (parts.next()?, parts.next()?, parts.next()?);
        KeyId::parse(id)?;
        // No value of ours holds one, and PostgreSQL takes no NUL.
        if value.contains(char::is_control) {
            return None;
        }
        Some(Self {
            is_after,
            position: position.parse().ok()?,
            value: value.into(),
            id: id.into(),
        })
    }

    /// The text that stands in the page's links.
    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.position, self.id, self.value)
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
    /// Where the page starts or ends; the first page without.
    pub cursor: Option<Cursor>,
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
            cursor: None,
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

/// One page of the table.
#[derive(Clone, Debug)]
pub struct Page {
    pub keys: Vec<ApiKey>,
    /// How many rows lie before the first.
    pub position: u64,
    /// How many rows there are, up to [`COUNTED`] and one more.
    pub total: i64,
    /// Whether there is a page before.
    pub has_before: bool,
    /// Whether there is a page after.
    pub has_after: bool,
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

/// `38`, or `1,000+` when there are more than are counted.
pub fn count_text(count: i64) -> String {
    let counted = text::thousands(count.min(COUNTED).unsigned_abs());
    if count > COUNTED { format!("{counted}+") } else { counted }
}

/// The page of keys that `filter` asks for.
pub fn list(
    connection: &mut Connection,
    filter: &Filter,
    totals: &Totals,
    now: Timestamp,
) -> Result<Page> {
    let (mut keys, total) = found(connection, filter, totals, now)?;
    let has_more = keys.len() > PAGE;
    keys.truncate(PAGE);
    let Some(cursor) = &filter.cursor else {
        return Ok(Page { keys, position: 0, total, has_before: false, has_after: has_more });
    };
    if cursor.is_after {
        return Ok(Page {
            keys,
            position: cursor.position,
            total,
            has_before: true,
            has_after: has_more,
        });
    }
    keys.reverse();
    let position = if has_more { cursor.position.saturating_sub(keys.len() as u64) } else { 0 };
    Ok(Page { keys, position, total, has_before: has_more, has_after: true })
}

/// The keys of the page and one more, and how many keys `filter` lets through.
///
/// A page's keys are met by walking along the order until it is full, which is quick when many of
/// the keys belong. Where few do, these are looked up first, and the page is taken from them.
fn found(
    connection: &mut Connection,
    filter: &Filter,
    totals: &Totals,
    now: Timestamp,
) -> Result<(Vec<ApiKey>, i64)> {
    let total = totals.of(filter.view);
    let is_whole = matches!(filter.view, View::All | View::Revoked);
    if !filter.is_narrowed() && (is_whole || total > COUNTED || totals.all <= COUNTED) {
        return Ok((store::walk(connection, filter, now, PAGE + 1)?, total));
    }
    let has_few = !is_whole && total <= COUNTED;
    let ids = store::ids(connection, filter, now, has_few, COUNTED + 1)?;
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let keys = if total > COUNTED {
        store::walk(connection, filter, now, PAGE + 1)?
    } else {
        store::among(connection, filter, &ids, PAGE + 1)?
    };
    Ok((keys, total))
}

/// How many keys each view holds.
pub fn totals(connection: &mut Connection, now: Timestamp) -> Result<Totals> {
    store::totals(connection, now, COUNTED + 1)
}
