//! The condition and the order of a [`super::Walk`] as SQL.

use diesel::backend::Backend;
use diesel::expression::{AsExpression, Expression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, SqlType};
use diesel::{AppearsOnTable, QueryResult};

/// Whether a row is beyond a place.
#[derive(Clone, Copy, Debug)]
pub struct Beyond<C, P> {
    columns: C,
    sign: &'static str,
    place: P,
}

/// Whether the row with these columns is beyond `value` and `id`. They are compared as a pair, so
/// that the database starts in the middle of an index, even among rows with the same value.
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

/// Limits a boxed query to the rows of a [`super::Walk`] through a list, which is sorted by the two
/// columns: `asc(value, id)`, `desc(value, id)`, or `by(is_ascending, value, id)`.
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
