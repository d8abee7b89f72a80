//! Pages of a list by keyset: a page begins beside a row, which is known by its place in the list's
//! order, so that a page costs the same wherever it lies. OFFSET is never used.

mod beyond;
#[cfg(test)]
mod tests;

pub(crate) use beyond::{beyond, keyset};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text::thousands;

/// How many rows a page shows.
pub const PAGE: usize = 25;
/// Up to how many rows are counted; beyond, a page says "1,000+", so that it costs the same at a
/// million rows.
pub const COUNTED: i64 = 1000;

/// A place between two rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies after the place, or before it.
    pub is_after: bool,
    /// How many rows lie before the place.
    pub position: u64,
    /// The id of the row beside the place.
    pub id: String,
    /// What that row is sorted by.
    pub value: String,
}

impl Cursor {
    /// Reads what [`Cursor::text`] wrote; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        // No value of ours holds one, and PostgreSQL takes no NUL.
        if text.contains(char::is_control) {
            return None;
        }
        let mut parts = text.splitn(3, '~');
        let (position, id, value) = (parts.next()?, parts.next()?, parts.next()?);
        let position = position.parse().ok()?;
        Some(Self { is_after, position, id: id.into(), value: value.into() })
    }

    /// The text that a page's links hold.
    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.position, self.id, self.value)
    }
}

/// What rows are sorted by, as cursors hold it.
pub trait SortKey: Sized {
    fn read(text: &str) -> Option<Self>;

    fn text(&self) -> String;
}

macro_rules! sort_keys {
    ($($type:ty),*) => {$(
        impl SortKey for $type {
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
sort_keys!(bool, i64, String);

impl SortKey for Timestamp {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::from_millis)
    }

    fn text(&self) -> String {
        self.millis().to_string()
    }
}

impl<A: SortKey, B: SortKey> SortKey for (A, B) {
    fn read(text: &str) -> Option<Self> {
        let (first, second) = text.split_once('.')?;
        Some((A::read(first)?, B::read(second)?))
    }

    fn text(&self) -> String {
        format!("{}.{}", self.0.text(), self.1.text())
    }
}

/// Which rows a page needs: those next to a place, the nearest first.
#[derive(Clone, Debug)]
pub struct Walk<V, I = String> {
    /// The value and the id of the row to begin beside; the end of the list without.
    pub from: Option<(V, I)>,
    /// Whether the rows come in the list's order, or against it.
    pub is_forward: bool,
    pub limit: usize,
}

impl<V, I> Walk<V, I> {
    /// The first rows of a list.
    pub fn first(limit: usize) -> Self {
        Self { from: None, is_forward: true, limit }
    }

    pub fn limit(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX)
    }

    /// The same walk with its place as another type; from the end of the list where `place` gives none.
    pub fn map<W, J>(&self, place: impl FnOnce(&(V, I)) -> Option<(W, J)>) -> Walk<W, J> {
        let from = self.from.as_ref().and_then(place);
        Walk { from, is_forward: self.is_forward, limit: self.limit }
    }
}

impl<V: Ord, I: Ord> Walk<V, I> {
    /// Picks the rows out of a whole list, for lists that no index sorts.
    pub fn pick<T>(
        &self,
        rows: impl IntoIterator<Item = T>,
        is_ascending: bool,
        place: impl Fn(&T) -> (V, I),
    ) -> Vec<T> {
        let is_ascending = is_ascending == self.is_forward;
        let mut rows: Vec<_> = rows.into_iter().map(|row| (place(&row), row)).collect();
        rows.retain(|(place, _)| match &self.from {
            Some(from) if is_ascending => place > from,
            Some(from) => place < from,
            None => true,
        });
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        if !is_ascending {
            rows.reverse();
        }
        rows.into_iter().map(|(_, row)| row).take(self.limit).collect()
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// How many rows lie before the first.
    pub position: u64,
    /// How many rows the list has, up to [`COUNTED`] and one more, where they are counted.
    pub total: Option<i64>,
    /// Where the page before ends, if there is one.
    pub before: Option<Cursor>,
    /// Where the page after begins, if there is one.
    pub after: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page beside `cursor`, the first one without: `walk` loads its rows, and `place` says what
    /// a row is sorted by. A cursor of another list counts as none.
    pub fn load<V: SortKey, I: SortKey>(
        cursor: Option<&Cursor>,
        walk: impl FnOnce(&Walk<V, I>) -> Result<Vec<T>>,
        place: impl Fn(&T) -> (V, I),
    ) -> Result<Self> {
        let read = |cursor: &Cursor| Some((V::read(&cursor.value)?, I::read(&cursor.id)?));
        let (cursor, from) = cursor.and_then(|cursor| Some((cursor, read(cursor)?))).unzip();
        let is_forward = cursor.is_none_or(|cursor| cursor.is_after);
        let mut rows = walk(&Walk { from, is_forward, limit: PAGE + 1 })?;
        let has_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let (count, start) = (rows.len() as u64, cursor.map_or(0, |cursor| cursor.position));
        let (position, has_before, has_after) = if is_forward {
            (start, cursor.is_some(), has_more)
        } else {
            rows.reverse();
            (if has_more { start.saturating_sub(count) } else { 0 }, has_more, true)
        };
        let beside = |row: &T, position: u64, is_after| {
            let (value, id) = place(row);
            Cursor { is_after, position, id: id.text(), value: value.text() }
        };
        let end = position.saturating_add(count);
        let before = rows.first().filter(|_| has_before).map(|row| beside(row, position, false));
        let after = rows.last().filter(|_| has_after).map(|row| beside(row, end, true));
        Ok(Self { rows, position, total: None, before, after })
    }

    /// A list that has one page.
    pub fn whole(rows: Vec<T>) -> Self {
        Self { rows, position: 0, total: None, before: None, after: None }
    }

    /// The same page with each row as something else.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, position, total, before, after } = self;
        Page { rows: rows.into_iter().map(row).collect(), position, total, before, after }
    }

    /// The same page of a list with so many rows.
    #[must_use]
    pub fn of(self, total: i64) -> Self {
        Self { total: Some(total), ..self }
    }

    /// `26–50 of 812`; empty where rows are not counted.
    pub fn range(&self) -> String {
        let Some(total) = self.total else { return String::new() };
        let first = self.position.saturating_add(1);
        let last = self.position.saturating_add(self.rows.len() as u64);
        format!("{}–{} of {}", thousands(first), thousands(last), count_text(total))
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::whole(Vec::new())
    }
}

/// `38`, or `1,000+` when there are more than are counted.
pub fn count_text(count: i64) -> String {
    let counted = thousands(count.min(COUNTED).unsigned_abs());
    if count > COUNTED { format!("{counted}+") } else { counted }
}
