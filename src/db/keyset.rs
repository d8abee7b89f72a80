//! Keyset pagination: a page starts next to a row, which is identified by its position in the
//! list's order, so that all pages cost the same. OFFSET is never used.

mod beyond;
#[cfg(test)]
mod tests;

pub(crate) use beyond::{beyond, keyset};

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text::thousands;

/// How many rows a page shows.
pub const PAGE: usize = 25;
/// The maximum number of rows that are counted; a longer list shows "1,000+", so that a page costs
/// the same at a million rows.
pub const MAX_COUNTED: i64 = 1000;

/// A place between two rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page comes after the place, or before it.
    pub is_after: bool,
    /// How many rows come before the place.
    pub position: u64,
    /// The id of the row next to the place.
    pub id: String,
    /// The value by which that row is sorted.
    pub value: String,
}

impl Cursor {
    /// Reads the output of [`Cursor::text`]; `None` for anything else.
    pub fn parse(text: &str, is_after: bool) -> Option<Self> {
        // Our values contain no control characters, and PostgreSQL does not accept NUL.
        if text.contains(char::is_control) {
            return None;
        }
        let mut parts = text.splitn(3, '~');
        let (position, id, value) = (parts.next()?, parts.next()?, parts.next()?);
        let position = position.parse().ok()?;
        Some(Self { is_after, position, id: id.into(), value: value.into() })
    }

    /// The text in a page's links.
    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.position, self.id, self.value)
    }
}

/// A value by which rows are sorted, in the form that cursors contain.
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

/// The rows that a page needs: those next to a place, the nearest first.
#[derive(Clone, Debug)]
pub struct Walk<V, I = String> {
    /// The value and the id of the row to start next to; `None` starts at the end of the list.
    pub from: Option<(V, I)>,
    /// Whether the rows come in the list's order, or in reverse.
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

    /// The same walk with its place as another type; from the end of the list if `place` returns
    /// `None`.
    pub fn map<W, J>(&self, place: impl FnOnce(&(V, I)) -> Option<(W, J)>) -> Walk<W, J> {
        let from = self.from.as_ref().and_then(place);
        Walk { from, is_forward: self.is_forward, limit: self.limit }
    }
}

impl<V: Ord, I: Ord> Walk<V, I> {
    /// Selects the rows from a whole list, for lists without a sorted index.
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
    /// How many rows come before the first.
    pub position: u64,
    /// The number of rows in the list, at most [`MAX_COUNTED`] plus one, if they are counted.
    pub total: Option<i64>,
    /// Where the previous page ends, if there is one.
    pub before: Option<Cursor>,
    /// Where the next page begins, if there is one.
    pub after: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page next to `cursor`, or the first page: `walk` loads its rows, and `place` returns the
    /// values by which a row is sorted. A cursor of another list is ignored.
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

    /// A list with a single page.
    pub fn single(rows: Vec<T>) -> Self {
        Self { rows, position: 0, total: None, before: None, after: None }
    }

    /// The same page with each row converted.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, position, total, before, after } = self;
        Page { rows: rows.into_iter().map(row).collect(), position, total, before, after }
    }

    /// The same page of a list with `total` rows.
    #[must_use]
    pub fn of(self, total: i64) -> Self {
        Self { total: Some(total), ..self }
    }

    /// `26–50 of 812`; empty if rows are not counted.
    pub fn range(&self) -> String {
        let Some(total) = self.total else { return String::new() };
        let first = self.position.saturating_add(1);
        let last = self.position.saturating_add(self.rows.len() as u64);
        format!("{}–{} of {}", thousands(first), thousands(last), count_text(total))
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::single(Vec::new())
    }
}

/// `38`, or `1,000+` if there are more rows than are counted.
pub fn count_text(count: i64) -> String {
    let counted = thousands(count.min(MAX_COUNTED).unsigned_abs());
    if count > MAX_COUNTED { format!("{counted}+") } else { counted }
}
