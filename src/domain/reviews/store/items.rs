//! The SQL of the keys in a review.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::secret_scan::without_secrets;
use crate::base::text;
use crate::db::keyset::{Walk, keyset};
use crate::db::schema::{api_keys, review_items};
use crate::db::types::{IfKnown, OrNever};
use crate::db::{Connection, Transaction, on_each};
use crate::domain::activity::Context;
use crate::domain::api_keys::{Environment, KeyId};
use crate::domain::reviews::{Decision, DecisionRecord, RequestedDecision, ReviewId, View};

/// A key in a review. All fields except `decided` describe the key at the start of the review.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = review_items)]
pub struct Item {
    pub key_id: KeyId,
    pub name: String,
    pub environment: Environment,
    /// The name of its role.
    pub role: String,
    pub scopes: i64,
    pub created_at: Timestamp,
    /// The id of the member who created it.
    pub created_by: String,
    pub expires_at: Timestamp,
    /// When it was last used.
    #[diesel(deserialize_as = OrNever)]
    pub last_used_at: Option<Timestamp>,
    #[diesel(select_expression = DecisionColumns::default())]
    #[diesel(select_expression_type = DecisionColumns)]
    #[diesel(deserialize_as = DecisionRow)]
    pub decided: Option<DecisionRecord>,
}

type DecisionColumns = (
    review_items::decision,
    review_items::note,
    review_items::decided_at,
    review_items::decided_by,
    review_items::decider,
);

#[derive(Queryable)]
pub struct DecisionRow {
    decision: Option<Decision>,
    note: String,
    at: Option<Timestamp>,
    by_id: Option<String>,
    by: Option<String>,
}

impl From<DecisionRow> for Option<DecisionRecord> {
    fn from(DecisionRow { decision, note, at, by_id, by }: DecisionRow) -> Self {
        let (at, by) = (at.unwrap_or_default(), by.unwrap_or_default());
        Some(DecisionRecord { decision: decision?, note, at, by_id, by })
    }
}

/// Adds a batch of keys to a review. A batch keeps the statement within the database's parameter
/// limit.
pub(in crate::domain::reviews) fn insert_items(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    items: &[Item],
) -> Result<()> {
    let row = |item: &Item| {
        (
            review_items::review_id.eq(id),
            review_items::key_id.eq(item.key_id),
            review_items::name.eq(without_secrets(&item.name).into_owned()),
            review_items::name_sort.eq(text::sort_key(&item.name)),
            review_items::environment.eq(item.environment),
            review_items::role.eq(item.role.clone()),
            review_items::scopes.eq(item.scopes),
            review_items::created_at.eq(item.created_at),
            review_items::created_by.eq(item.created_by.clone()),
            review_items::expires_at.eq(item.expires_at),
            review_items::last_used_at.eq(item.last_used_at.unwrap_or_default()),
            review_items::note.eq(""),
        )
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(review_items::table).values(&rows).execute(native)?;
    });
    Ok(())
}

/// The items of these keys, by name.
pub(in crate::domain::reviews) fn items_of(
    connection: &mut Connection,
    id: &ReviewId,
    keys: &[&str],
) -> Result<Vec<Item>> {
    Ok(review_items::table
        .filter(review_items::review_id.eq(id))
        .filter(review_items::key_id.eq_any(keys))
        .order((review_items::name_sort, review_items::key_id))
        .select(Item::as_select())
        .load(connection)?)
}

/// A page of items, by name.
pub(in crate::domain::reviews) fn walk(
    connection: &mut Connection,
    id: &ReviewId,
    view: View,
    now: Timestamp,
    walk: &Walk<String>,
) -> Result<Vec<Item>> {
    let query = review_items::table
        .left_join(api_keys::table.on(api_keys::id.eq(review_items::key_id)))
        .filter(review_items::review_id.eq(id))
        .select(Item::as_select())
        .into_boxed();
    let query = match view {
        View::All => query,
        View::DecisionRecord(decision) => query.filter(review_items::decision.eq(decision)),
        View::Undecided => query
            .filter(review_items::decision.is_null())
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::expires_at.gt(now)),
    };
    let query = keyset!(query, walk, asc(review_items::name_sort, review_items::key_id));
    Ok(query.load(connection)?)
}

/// How many keys of a review are still active and undecided, up to `limit`.
pub(in crate::domain::reviews) fn undecided(
    connection: &mut Connection,
    id: &ReviewId,
    now: Timestamp,
    limit: i64,
) -> Result<i64> {
    let found: Vec<String> = review_items::table
        .inner_join(api_keys::table.on(api_keys::id.eq(review_items::key_id)))
        .filter(review_items::review_id.eq(id))
        .filter(review_items::decision.is_null())
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .limit(limit)
        .select(review_items::key_id)
        .load(connection)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// At most `limit` undecided items by name, whose keys are active, were used since `used_since`, and
/// have none of these roles.
pub(in crate::domain::reviews) fn keepable(
    connection: &mut Connection,
    id: &ReviewId,
    except_roles: &[&str],
    used_since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Item>> {
    Ok(review_items::table
        .inner_join(api_keys::table.on(api_keys::id.eq(review_items::key_id)))
        .filter(review_items::review_id.eq(id))
        .filter(review_items::decision.is_null())
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::disabled_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .filter(api_keys::last_used_at.ge(used_since))
        .filter(api_keys::role_id.ne_all(except_roles))
        .order((review_items::name_sort, review_items::key_id))
        .limit(limit)
        .select(Item::as_select())
        .load(connection)?)
}

/// At most `limit` items whose decisions may still need to be carried out, in no particular order.
/// Includes keys to be reduced whose role has been narrowed since, which the caller must rule out.
pub(in crate::domain::reviews) fn maybe_outstanding(
    connection: &mut Connection,
    id: &ReviewId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Item>> {
    let to_carry_out = [Decision::Reduce, Decision::Rotate, Decision::Disable, Decision::Revoke];
    let is = |decision: Decision| review_items::decision.eq(decision);
    let decided = review_items::decided_at.assume_not_null();
    let open = is(Decision::Revoke)
        .or(is(Decision::Rotate)
            .and(api_keys::secret_created_at.nullable().le(review_items::decided_at)))
        .or(is(Decision::Disable).and(api_keys::disabled_at.is_null()))
        .or(is(Decision::Reduce).and(
            api_keys::edited_at.is_null().or(api_keys::edited_at.assume_not_null().le(decided)),
        ));
    Ok(review_items::table
        .inner_join(api_keys::table.on(api_keys::id.eq(review_items::key_id)))
        .filter(review_items::review_id.eq(id))
        .filter(review_items::decision.eq_any(to_carry_out))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now))
        .filter(open.assume_not_null())
        .limit(limit)
        .select(Item::as_select())
        .load(connection)?)
}

/// How many items have each decision.
pub(in crate::domain::reviews) fn totals(
    connection: &mut Connection,
    id: &ReviewId,
) -> Result<BTreeMap<Decision, i64>> {
    let rows: Vec<(IfKnown<Decision>, i64)> = review_items::table
        .filter(review_items::review_id.eq(id))
        .filter(review_items::decision.is_not_null())
        .group_by(review_items::decision)
        .select((review_items::decision.assume_not_null(), count_star()))
        .load(connection)?;
    Ok(rows.into_iter().filter_map(|(decision, count)| Some((decision.0?, count))).collect())
}

pub(in crate::domain::reviews) fn decide(
    tx: &mut Transaction<'_>,
    id: &ReviewId,
    requested: &RequestedDecision,
    context: &Context,
) -> Result<()> {
    diesel::update(review_items::table.find((id, requested.key_id)))
        .set((
            review_items::decision.eq(requested.decision),
            review_items::note.eq(&requested.note),
            review_items::decided_at.eq(context.now),
            review_items::decided_by.eq(context.actor.id()),
            review_items::decider.eq(Some(context.actor.name())),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// How many items are read in one batch.
const BATCH: i64 = 5_000;

/// Recomputes the sort keys of a review's items, and writes those that differ.
pub(in crate::domain::reviews) fn sort_names_again(
    tx: &mut Transaction<'_>,
    review: &ReviewId,
) -> Result<()> {
    let mut last = String::new();
    loop {
        let rows: Vec<(String, String, String)> = review_items::table
            .filter(review_items::review_id.eq(review).and(review_items::key_id.gt(&last)))
            .order(review_items::key_id)
            .limit(BATCH)
            .select((review_items::key_id, review_items::name, review_items::name_sort))
            .load(&mut **tx)?;
        let Some((id, ..)) = rows.last() else { return Ok(()) };
        id.clone_into(&mut last);
        for (id, name, stored) in &rows {
            let sort = text::sort_key(name);
            if sort != *stored {
                diesel::update(review_items::table.find((review, id)))
                    .set(review_items::name_sort.eq(sort))
                    .execute(&mut **tx)?;
            }
        }
    }
}
