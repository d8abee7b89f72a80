//! The SQL of reviews; of their items in a file of its own.

mod items;

use diesel::prelude::*;

pub(super) use items::{
    decide, insert_items, items_of, perhaps_open, sort_names_again, totals, undecided, walk,
};

use super::{Ended, Review, ReviewId};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::reviews;
use crate::db::{Connection, Transaction};

#[derive(Queryable, Selectable)]
#[diesel(table_name = reviews)]
struct Row {
    id: ReviewId,
    started_at: Timestamp,
    starter: String,
    listed_to: Option<String>,
    total: i64,
    decided: i64,
    ended_at: Option<Timestamp>,
    ender: Option<String>,
    cancelled: bool,
}

impl From<Row> for Review {
    fn from(row: Row) -> Self {
        let ended = row.ended_at.map(|at| Ended {
            at,
            by: row.ender.unwrap_or_default(),
            is_cancelled: row.cancelled,
        });
        Self {
            id: row.id,
            started_at: row.started_at,
            starter: row.starter,
            listed_to: row.listed_to,
            total: row.total,
            decided: row.decided,
            ended,
        }
    }
}

pub(super) fn find(connection: &mut Connection, id: &ReviewId) -> Result<Option<Review>> {
    let row: Option<Row> =
        reviews::table.find(id).select(Row::as_select()).first(connection).optional()?;
    Ok(row.map(Into::into))
}

pub(super) fn open(connection: &mut Connection) -> Result<Option<Review>> {
    let row: Option<Row> = reviews::table
        .filter(reviews::ended_at.is_null())
        .order((reviews::started_at.desc(), reviews::id.desc()))
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Into::into))
}

/// Reviews, the newest first.
pub(super) fn list(connection: &mut Connection, walk: &Walk<Timestamp>) -> Result<Vec<Review>> {
    let query = reviews::table.select(Row::as_select()).into_boxed();
    let query = keyset!(query, walk, desc(reviews::started_at, reviews::id));
    let rows: Vec<Row> = query.load(connection)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The last review that was started before then and finished.
pub(super) fn finished_before(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<Option<Review>> {
    let row: Option<Row> = reviews::table
        .filter(reviews::started_at.lt(before))
        .filter(reviews::ended_at.is_not_null())
        .filter(reviews::cancelled.eq(false))
        .order((reviews::started_at.desc(), reviews::id.desc()))
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Into::into))
}

pub(super) fn insert(tx: &mut Transaction<'_>, review: &Review, by: Option<&str>) -> Result<()> {
    diesel::insert_into(reviews::table)
        .values((
            reviews::id.eq(&review.id),
            reviews::started_at.eq(review.started_at),
            reviews::started_by.eq(by),
            reviews::starter.eq(&review.starter),
            reviews::listed_to.eq(&review.listed_to),
            reviews::total.eq(review.total),
            reviews::decided.eq(review.decided),
            reviews::cancelled.eq(false),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn set_listed(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    listed_to: Option<&str>,
    total: i64,
) -> Result<()> {
    diesel::update(reviews::table.find(id))
        .set((reviews::listed_to.eq(listed_to), reviews::total.eq(total)))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn add_decided(tx: &mut Transaction<'_>, id: &ReviewId, new: i64) -> Result<()> {
    diesel::update(reviews::table.find(id))
        .set(reviews::decided.eq(reviews::decided + new))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn end(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    ended: &Ended,
    by: Option<&str>,
) -> Result<()> {
    diesel::update(reviews::table.find(id))
        .set((
            reviews::ended_at.eq(ended.at),
            reviews::ended_by.eq(by),
            reviews::ender.eq(Some(&ended.by)),
            reviews::cancelled.eq(ended.is_cancelled),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn ids(connection: &mut Connection) -> Result<Vec<ReviewId>> {
    Ok(reviews::table.order(reviews::id).select(reviews::id).load(connection)?)
}
