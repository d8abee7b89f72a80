//! The SQL of tallies. There is one row for each hour, kind and subject.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::activity_tallies;
use crate::db::{Connection, Transaction};
use crate::domain::activity::TallyKind;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = activity_tallies)]
pub(in crate::domain::activity) struct TallyRow {
    pub hour: Timestamp,
    pub kind: TallyKind,
    pub subject_id: String,
    pub subject_name: String,
    pub count: i64,
    pub details: String,
}

pub(in crate::domain::activity) fn find(
    connection: &mut Connection,
    hour: Timestamp,
    kind: TallyKind,
    subject_id: &str,
) -> Result<Option<TallyRow>> {
    Ok(activity_tallies::table
        .find((hour, kind, subject_id))
        .select(TallyRow::as_select())
        .first(connection)
        .optional()?)
}

/// How many subjects of a kind have a row in an hour.
pub(in crate::domain::activity) fn subjects(
    connection: &mut Connection,
    hour: Timestamp,
    kind: TallyKind,
) -> Result<i64> {
    Ok(activity_tallies::table
        .filter(activity_tallies::hour.eq(hour))
        .filter(activity_tallies::kind.eq(kind))
        .count()
        .get_result(connection)?)
}

pub(in crate::domain::activity) fn insert(tx: &mut Transaction<'_>, row: &TallyRow) -> Result<()> {
    diesel::insert_into(activity_tallies::table).values(row).execute(&mut **tx)?;
    Ok(())
}

pub(in crate::domain::activity) fn update(tx: &mut Transaction<'_>, row: &TallyRow) -> Result<()> {
    let key = (row.hour, row.kind, row.subject_id.as_str());
    diesel::update(activity_tallies::table.find(key))
        .set((
            activity_tallies::subject_name.eq(&row.subject_name),
            activity_tallies::count.eq(row.count),
            activity_tallies::details.eq(&row.details),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The rows of a kind in the given range of hours, in a fixed order.
pub(in crate::domain::activity) fn between(
    connection: &mut Connection,
    kind: TallyKind,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<TallyRow>> {
    Ok(activity_tallies::table
        .filter(activity_tallies::hour.between(from, to))
        .filter(activity_tallies::kind.eq(kind))
        .order((activity_tallies::hour, activity_tallies::subject_id))
        .select(TallyRow::as_select())
        .load(connection)?)
}

/// The oldest hour that has rows, if it is not later than `latest`.
pub(in crate::domain::activity) fn oldest_hour(
    connection: &mut Connection,
    latest: Timestamp,
) -> Result<Option<Timestamp>> {
    Ok(activity_tallies::table
        .select(activity_tallies::hour)
        .filter(activity_tallies::hour.le(latest))
        .order(activity_tallies::hour)
        .first(connection)
        .optional()?)
}

/// Removes all rows of an hour and returns those of known kinds. Another version of the program may
/// have counted kinds that this version does not know.
pub(in crate::domain::activity) fn take_hour(
    tx: &mut Transaction<'_>,
    hour: Timestamp,
) -> Result<Vec<TallyRow>> {
    let rows = activity_tallies::table
        .filter(activity_tallies::hour.eq(hour))
        .filter(activity_tallies::kind.eq_any(TallyKind::ALL))
        .order((activity_tallies::kind, activity_tallies::subject_id))
        .select(TallyRow::as_select())
        .load(&mut **tx)?;
    diesel::delete(activity_tallies::table.filter(activity_tallies::hour.eq(hour)))
        .execute(&mut **tx)?;
    Ok(rows)
}
