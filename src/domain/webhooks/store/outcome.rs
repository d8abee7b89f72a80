//! The SQL of what came of messages: attempts, the next one, and clearing away what is old.

use diesel::prelude::*;

use crate::base::backoff;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Transaction;
use crate::db::schema::{
    webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_messages,
};
use crate::domain::webhooks::client::Answer;
use crate::domain::webhooks::{Attempt, Claimed, DeliveryId, EndpointId};

/// How many messages are cleared away at once.
const BATCH: i64 = 500;

/// Writes what came of an attempt, and when the next one is due.
pub(in crate::domain::webhooks) fn record(
    tx: &mut Transaction<'_>,
    claimed: &Claimed,
    answer: &Answer,
    now: Timestamp,
) -> Result<Attempt> {
    let row = webhook_deliveries::table.find(&claimed.id);
    let columns = (webhook_deliveries::attempts, webhook_deliveries::next_attempt_at);
    let found: Option<(i64, Option<Timestamp>)> =
        row.select(columns).first(&mut **tx).optional()?;
    let number = found.map_or(0, |(attempts, _)| attempts) + 1;
    let attempt = Attempt {
        number,
        at: now,
        duration: answer.duration,
        status: answer.status.map(i32::from),
        error: answer.error.clone(),
        answer: answer.body.clone(),
    };
    // It may have been deleted with its endpoint meanwhile, or settled by another node.
    let Some((_, next)) = found else { return Ok(attempt) };
    insert_attempt(tx, &claimed.id, &attempt)?;
    diesel::update(row)
        .set((
            webhook_deliveries::attempts.eq(number),
            webhook_deliveries::tries.eq(claimed.tries + 1),
            webhook_deliveries::last_result.eq(answer.result()),
        ))
        .execute(&mut **tx)?;
    if answer.is_delivered() {
        settle(tx, &claimed.id, None, Some(now), None)?;
    } else if next.is_some() {
        let pause = backoff::after(claimed.tries + 1).filter(|_| !claimed.is_test);
        let next = pause.map(|pause| now.plus(pause));
        settle(tx, &claimed.id, next, None, next.is_none().then_some(now))?;
    }
    note(tx, &claimed.endpoint_id, answer, now)?;
    Ok(attempt)
}

fn insert_attempt(tx: &mut Transaction<'_>, id: &DeliveryId, attempt: &Attempt) -> Result<()> {
    diesel::insert_into(webhook_attempts::table)
        .values((webhook_attempts::delivery_id.eq(id), attempt))
        .execute(&mut **tx)?;
    Ok(())
}

fn settle(
    tx: &mut Transaction<'_>,
    id: &DeliveryId,
    next: Option<Timestamp>,
    delivered: Option<Timestamp>,
    given_up: Option<Timestamp>,
) -> Result<()> {
    diesel::update(webhook_deliveries::table.find(id))
        .set((
            webhook_deliveries::next_attempt_at.eq(next),
            webhook_deliveries::delivered_at.eq(delivered),
            webhook_deliveries::given_up_at.eq(given_up),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Notes at the endpoint how it does; one that is gone is paused.
fn note(tx: &mut Transaction<'_>, id: &EndpointId, answer: &Answer, now: Timestamp) -> Result<()> {
    let row = webhook_endpoints::table.find(id);
    let since: Option<Timestamp> = row.select(webhook_endpoints::failing_since).first(&mut **tx)?;
    let since = if answer.is_delivered() { None } else { since.or(Some(now)) };
    diesel::update(row)
        .set((
            webhook_endpoints::last_attempt_at.eq(Some(now)),
            webhook_endpoints::failing_since.eq(since),
        ))
        .execute(&mut **tx)?;
    if answer.is_gone() {
        diesel::update(row)
            .set((
                webhook_endpoints::is_active.eq(false),
                webhook_endpoints::gone_at.eq(Some(now)),
                webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            ))
            .execute(&mut **tx)?;
        give_up(tx, id, now)?;
    }
    Ok(())
}

/// Gives up what an endpoint still waits for, since it was paused.
pub(in crate::domain::webhooks) fn give_up(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    now: Timestamp,
) -> Result<()> {
    let waits = webhook_deliveries::endpoint_id
        .eq(id)
        .and(webhook_deliveries::next_attempt_at.is_not_null());
    diesel::update(webhook_deliveries::table.filter(waits))
        .set((
            webhook_deliveries::next_attempt_at.eq(None::<Timestamp>),
            webhook_deliveries::given_up_at.eq(Some(now)),
            webhook_deliveries::last_result.eq("Not sent: the webhook was paused"),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Has a message sent once more, as if for the first time.
pub(in crate::domain::webhooks) fn again(
    tx: &mut Transaction<'_>,
    id: &DeliveryId,
    now: Timestamp,
) -> Result<()> {
    diesel::update(webhook_deliveries::table.find(id))
        .set(webhook_deliveries::tries.eq(0))
        .execute(&mut **tx)?;
    settle(tx, id, Some(now), None, None)
}

/// Clears away a batch of messages from before `before`, with their deliveries, and secrets that
/// sign no more. Returns whether there is more.
pub(in crate::domain::webhooks) fn purge(
    tx: &mut Transaction<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let over = webhook_endpoints::old_secret_ends_at.le(now);
    diesel::update(webhook_endpoints::table.filter(over))
        .set((
            webhook_endpoints::old_secret.eq(None::<Vec<u8>>),
            webhook_endpoints::old_secret_ends_at.eq(None::<Timestamp>),
        ))
        .execute(&mut **tx)?;
    let ids: Vec<String> = webhook_messages::table
        .filter(webhook_messages::created_at.lt(before))
        .order(webhook_messages::created_at)
        .limit(BATCH)
        .select(webhook_messages::id)
        .load(&mut **tx)?;
    let count = i64::try_from(ids.len()).unwrap_or(BATCH);
    diesel::delete(webhook_messages::table.filter(webhook_messages::id.eq_any(ids)))
        .execute(&mut **tx)?;
    Ok(count == BATCH)
}
