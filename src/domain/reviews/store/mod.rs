//! The SQL of reviews. Their items have a file of their own.

mod items;

use diesel::prelude::*;

pub use items::Item;
pub(super) use items::{
    decide, insert_items, items_of, keepable, maybe_outstanding, sort_names_again, totals,
    undecided, walk,
};

use super::{ReviewEnd, ReviewId};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::reviews;
use crate::db::{Connection, Transaction};

/// A review of all keys that were active when it started.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = reviews)]
pub struct Review {
    pub id: ReviewId,
    pub started_at: Timestamp,
    /// The name, at that time, of the person who started it.
    pub starter: String,
    /// The last key that was listed; `None` once all keys are listed.
    pub listed_to: Option<String>,
    pub total: i64,
    /// How many keys have a decision.
    pub decided: i64,
    /// How it ended; `None` while it is open.
    #[diesel(select_expression = (reviews::ended_at, reviews::ender, reviews::cancelled))]
    #[diesel(select_expression_type = (reviews::ended_at, reviews::ender, reviews::cancelled))]
    #[diesel(deserialize_as = ReviewEndColumns)]
    pub ended: Option<ReviewEnd>,
}

#[derive(Queryable)]
pub struct ReviewEndColumns {
    at: Option<Timestamp>,
    by: Option<String>,
    is_cancelled: bool,
}

impl From<ReviewEndColumns> for Option<ReviewEnd> {
    fn from(ReviewEndColumns { at, by, is_cancelled }: ReviewEndColumns) -> Self {
        Some(ReviewEnd { at: at?, by: by.unwrap_or_default(), is_cancelled })
    }
}

pub(super) fn find(connection: &mut Connection, id: &ReviewId) -> Result<Option<Review>> {
    Ok(reviews::table.find(id).select(Review::as_select()).first(connection).optional()?)
}

pub(super) fn open(connection: &mut Connection) -> Result<Option<Review>> {
    Ok(reviews::table
        .filter(reviews::ended_at.is_null())
        .order((reviews::started_at.desc(), reviews::id.desc()))
        .select(Review::as_select())
        .first(connection)
        .optional()?)
}

/// A page of reviews, newest first.
pub(super) fn list(connection: &mut Connection, walk: &Walk<Timestamp>) -> Result<Vec<Review>> {
    let query = reviews::table.select(Review::as_select()).into_boxed();
    Ok(keyset!(query, walk, desc(reviews::started_at, reviews::id)).load(connection)?)
}

/// The last finished review that was started before `before`.
pub(super) fn finished_before(
    connection: &mut Connection,
    before: Timestamp,
) -> Result<Option<Review>> {
    Ok(reviews::table
        .filter(reviews::started_at.lt(before))
        .filter(reviews::ended_at.is_not_null())
        .filter(reviews::cancelled.eq(false))
        .order((reviews::started_at.desc(), reviews::id.desc()))
        .select(Review::as_select())
        .first(connection)
        .optional()?)
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
    ended: &ReviewEnd,
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
