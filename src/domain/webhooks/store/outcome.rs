//! The SQL of results: attempts, when the next one is due, and the deletion of old messages.

use diesel::prelude::*;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::outbox::{Status, outbox, purge_before};
use crate::db::schema::{
    webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_messages,
};
use crate::db::{Connection, Transaction};
use crate::domain::webhooks::client::Answer;
use crate::domain::webhooks::{Attempt, ClaimedDelivery, DeliveryId, EndpointId};

outbox!(webhook_deliveries, DeliveryId, delivered_at, last_result);

/// Writes the result of an attempt, and when the next one is due.
pub(in crate::domain::webhooks) fn record(
    tx: &mut Transaction<'_>,
    claimed: &ClaimedDelivery,
    answer: &Answer,
    now: Timestamp,
) -> Result<Attempt> {
    let row = webhook_deliveries::table.find(&claimed.id);
    let attempts: Option<i64> =
        row.select(webhook_deliveries::attempts).first(&mut **tx).optional()?;
    let number = attempts.unwrap_or_default() + 1;
    let attempt = Attempt {
        number,
        at: now,
        duration: answer.duration,
        status: answer.status.map(i32::from),
        error: answer.error.clone(),
        answer: answer.body.clone(),
    };
    if attempts.is_none() {
        // It was deleted together with its endpoint in the meantime.
        return Ok(attempt);
    }
    insert_attempt(tx, &claimed.id, &attempt)?;
    diesel::update(row).set(webhook_deliveries::attempts.eq(number)).execute(&mut **tx)?;
    let tries = claimed.tries + 1;
    let status = match answer.is_delivered() {
        true => Status::Sent(now),
        false if claimed.is_test => Status::GivenUp(now),
        false => Status::after(tries, now),
    };
    settle(tx, &claimed.id, (tries, status), &answer.result())?;
    record_on_endpoint(tx, &claimed.endpoint_id, answer, now)?;
    Ok(attempt)
}

fn insert_attempt(tx: &mut Transaction<'_>, id: &DeliveryId, attempt: &Attempt) -> Result<()> {
    diesel::insert_into(webhook_attempts::table)
        .values((webhook_attempts::delivery_id.eq(id), attempt))
        .execute(&mut **tx)?;
    Ok(())
}

/// Records on the endpoint whether the attempt succeeded, and pauses it if it is gone.
fn record_on_endpoint(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    answer: &Answer,
    now: Timestamp,
) -> Result<()> {
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

/// Discards the pending messages of an endpoint that was paused.
pub(in crate::domain::webhooks) fn give_up(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    now: Timestamp,
) -> Result<()> {
    let pending = webhook_deliveries::endpoint_id
        .eq(id)
        .and(webhook_deliveries::next_attempt_at.is_not_null());
    diesel::update(webhook_deliveries::table.filter(pending))
        .set((
            webhook_deliveries::next_attempt_at.eq(None::<Timestamp>),
            webhook_deliveries::given_up_at.eq(Some(now)),
            webhook_deliveries::last_result.eq("Not sent: the webhook was paused"),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Deletes a batch of messages from before `before`, with their deliveries, and previous secrets
/// that are no longer used. Returns whether there is more.
pub(in crate::domain::webhooks) fn purge(
    tx: &mut Transaction<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let expired = webhook_endpoints::old_secret_ends_at.le(now);
    diesel::update(webhook_endpoints::table.filter(expired))
        .set((
            webhook_endpoints::old_secret.eq(None::<Vec<u8>>),
            webhook_endpoints::old_secret_ends_at.eq(None::<Timestamp>),
        ))
        .execute(&mut **tx)?;
    purge_before!(tx, webhook_messages, before)
}
