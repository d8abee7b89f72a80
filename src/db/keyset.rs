//! Pages of a list by keyset: a page begins beside a row, which is known by its place in the list's
//! order, so that a page costs the same wherever it lies. OFFSET is never used.

use diesel::backend::Backend;
use diesel::expression::{AsExpression, Expression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, SqlType};
use diesel::{AppearsOnTable, QueryResult};

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
        rows.retain(|(place, _)| {
            self.from.as_ref().is_none_or(
                |from| {
                    if is_ascending { place > from } else { place < from }
                },
            )
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

/// Whether a row lies beyond a place.
#[derive(Clone, Copy, Debug)]
pub struct Beyond<C, P> {
    columns: C,
    sign: &'static str,
    place: P,
}

/// Whether the row with these columns lies beyond `value` and `id`. They are compared as one: the
/// database then begins in the middle of an index, even among rows of the same value.
pub fn beyond<C, D, V, I>(
    columns: (C, D),
    (value, id): (V, I),
    is_ascending: bool,
) -> Beyond<(C, D), (V::Expression, I::Expression)>
where
    C: Expression<SqlType: SqlType>,
    D: Expression<SqlType: SqlType>,
    V: AsExpression<C::SqlType>,
    I: AsExpression<D::SqlType>,
{
    let sign = if is_ascending { ") > (" } else { ") < (" };
    Beyond { columns, sign, place: (value.as_expression(), id.as_expression()) }
}

impl<C, P> Expression for Beyond<C, P> {
    type SqlType = Bool;
}

impl<C, P, G> ValidGrouping<G> for Beyond<C, P> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<T>, P: AppearsOnTable<T>, T> AppearsOnTable<T> for Beyond<C, P> {}

impl<C, P> QueryId for Beyond<C, P> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<DB>, P: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Beyond<C, P> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("(");
        self.columns.walk_ast(pass.reborrow())?;
        pass.push_sql(self.sign);
        self.place.walk_ast(pass.reborrow())?;
        pass.push_sql(")");
        Ok(())
    }
}

/// Narrows a boxed query to the rows of a [`Walk`] through a list, which is sorted by the two columns:
/// `asc(value, id)`, `desc(value, id)`, or `by(is_ascending, value, id)`.
macro_rules! keyset {
    ($query:expr, $walk:expr, asc($value:expr, $id:expr)) => {
        $crate::db::keyset::keyset!($query, $walk, by(true, $value, $id))
    };
    ($query:expr, $walk:expr, desc($value:expr, $id:expr)) => {
        $crate::db::keyset::keyset!($query, $walk, by(false, $value, $id))
    };
    ($query:expr, $walk:expr, by($is_ascending:expr, $value:expr, $id:expr)) => {{
        let walk = $walk;
        let is_ascending = $is_ascending == walk.is_forward;
        let query = $query.limit(walk.limit());
        let query = match walk.from.clone() {
            Some(place) => {
                query.filter($crate::db::keyset::beyond(($value, $id), place, is_ascending))
            }
            None => query,
        };
        if is_ascending {
            query.order(($value.asc(), $id.asc()))
        } else {
            query.order(($value.desc(), $id.desc()))
        }
    }};
}
pub(crate) use keyset;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row of a list: its value, which several may share, and its id.
    type Row = (i64, String);

    fn page(rows: &[Row], is_ascending: bool, cursor: Option<&Cursor>) -> Page<Row> {
        let walk = |walk: &Walk<_>| Ok(walk.pick(rows.to_vec(), is_ascending, Clone::clone));
        Page::load(cursor, walk, Clone::clone).expect("a page")
    }

    proptest! {
        #[test]
        fn walking_forward_and_back_visits_each_row_once_in_order(
            values in prop::collection::vec(0..9_i64, 0..120), is_ascending: bool,
        ) {
            let rows = values.iter().zip(100..).map(|(value, id)| (*value, id.to_string()));
            let mut rows: Vec<Row> = rows.collect();
            let first = page(&rows, is_ascending, None);
            rows.sort();
            if !is_ascending {
                rows.reverse();
            }
            let (mut last, mut seen) = (first.clone(), first.rows.clone());
            prop_assert!(first.before.is_none());
            while let Some(after) = &last.after {
                prop_assert_eq!(after.position, seen.len() as u64);
                last = page(&rows, is_ascending, Some(after));
                seen.extend(last.rows.clone());
            }
            prop_assert_eq!(&seen, &rows);
            let mut back = last.rows.clone();
            while let Some(before) = &last.before {
                prop_assert_eq!(before.position + back.len() as u64, rows.len() as u64);
                last = page(&rows, is_ascending, Some(before));
                back.splice(..0, last.rows.clone());
            }
            prop_assert_eq!((last.position, &back), (0, &rows));
            prop_assert_eq!(last.rows, first.rows);
        }

        #[test]
        fn a_cursor_reads_back_and_nothing_else_is_one(
            position: u64, id in "[!-}]{0,40}", value in "\\PC{0,40}", is_after: bool, text in ".{0,40}",
        ) {
            let cursor = Cursor { is_after, position, id, value };
            prop_assert_eq!(Cursor::parse(&cursor.text(), is_after), Some(cursor));
            let read = Cursor::parse(&text, true).map(|read| Cursor::parse(&read.text(), true));
            prop_assert!(read.is_none_or(|again| again.is_some()));
        }

        #[test]
        fn sort_keys_read_back(is_open: bool, number: i64, text in "\\PC{0,40}") {
            let pair = (is_open, Timestamp::from_millis(number));
            prop_assert_eq!(SortKey::read(&pair.text()), Some(pair));
            prop_assert_eq!(SortKey::read(&SortKey::text(&text)), Some(text));
        }
    }

    #[test]
    fn what_cannot_be_read_is_the_first_page() {
        let rows: Vec<Row> = (0..60).map(|number| (number, number.to_string())).collect();
        let cursor = Cursor { is_after: true, position: 25, id: "24".into(), value: "x".into() };
        let page = page(&rows, true, Some(&cursor));
        assert_eq!((page.position, page.rows[0].0, page.before), (0, 0, None));
    }

    #[test]
    fn a_range_says_how_many_there_are_at_least() {
        let page = Page { position: 25, ..Page::whole(vec![(); 25]) };
        assert_eq!(page.clone().range(), "");
        assert_eq!(page.clone().of(812).range(), "26–50 of 812");
        assert_eq!(page.of(COUNTED + 1).range(), "26–50 of 1,000+");
    }
}
