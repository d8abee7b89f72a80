//! The SQL of queueing and claiming messages.

use diesel::prelude::*;

use super::{outcome, unseal};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::{webhook_deliveries, webhook_endpoints, webhook_events, webhook_messages};
use crate::db::{Connection, Transaction};
use crate::domain::webhooks::event_type::{self, EventType};
use crate::domain::webhooks::{ClaimedDelivery, DeliveryId, EndpointId, MessageId};

/// How many messages of an endpoint are claimed at once. Even a receiver that takes five seconds for
/// each message gets them all before the claim expires.
const BATCH: i64 = 64;

/// The active endpoints that receive `event`.
pub(in crate::domain::webhooks) fn subscribers(
    connection: &mut Connection,
    event: EventType,
) -> Result<Vec<EndpointId>> {
    let receivers = webhook_events::table
        .filter(webhook_events::event.eq(event))
        .select(webhook_events::endpoint_id);
    Ok(webhook_endpoints::table
        .filter(webhook_endpoints::is_active.eq(true).and(webhook_endpoints::id.eq_any(receivers)))
        .order(webhook_endpoints::id)
        .select(webhook_endpoints::id)
        .load(connection)?)
}

/// Whether there is a message for `cause`.
pub(in crate::domain::webhooks) fn is_known(
    connection: &mut Connection,
    cause: &str,
) -> Result<bool> {
    let found: Option<String> = webhook_messages::table
        .filter(webhook_messages::cause.eq(cause))
        .select(webhook_messages::id)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}

pub(in crate::domain::webhooks) fn insert_message(
    tx: &mut Transaction<'_>,
    id: &MessageId,
    cause: &str,
    event: &str,
    body: &str,
    at: Timestamp,
) -> Result<()> {
    diesel::insert_into(webhook_messages::table)
        .values((
            webhook_messages::id.eq(id),
            webhook_messages::cause.eq(cause),
            webhook_messages::event.eq(event),
            webhook_messages::body.eq(body),
            webhook_messages::created_at.eq(at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Queues a message for an endpoint, due immediately.
pub(in crate::domain::webhooks) fn insert_delivery(
    tx: &mut Transaction<'_>,
    id: &DeliveryId,
    endpoint: &EndpointId,
    message: &MessageId,
    at: Timestamp,
) -> Result<()> {
    diesel::insert_into(webhook_deliveries::table)
        .values((
            webhook_deliveries::id.eq(id),
            webhook_deliveries::endpoint_id.eq(endpoint),
            webhook_deliveries::message_id.eq(message),
            webhook_deliveries::created_at.eq(at),
            webhook_deliveries::tries.eq(0),
            webhook_deliveries::attempts.eq(0),
            webhook_deliveries::next_attempt_at.eq(Some(at)),
            webhook_deliveries::last_result.eq(""),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// An endpoint's id, URL and secret, and its previous secret with its end.
type Sealed = (EndpointId, String, Vec<u8>, Option<Vec<u8>>, Option<Timestamp>);

fn sealed(connection: &mut Connection) -> Result<Vec<Sealed>> {
    let columns = (
        webhook_endpoints::id,
        webhook_endpoints::url,
        webhook_endpoints::secret,
        webhook_endpoints::old_secret,
        webhook_endpoints::old_secret_ends_at,
    );
    Ok(webhook_endpoints::table.select(columns).load(connection)?)
}

/// A queued message, as it is claimed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
struct Waiting {
    id: DeliveryId,
    message_id: MessageId,
    #[diesel(select_expression = webhook_messages::event)]
    #[diesel(select_expression_type = webhook_messages::event)]
    event: String,
    #[diesel(select_expression = webhook_messages::body)]
    #[diesel(select_expression_type = webhook_messages::body)]
    body: String,
    tries: i64,
    next_attempt_at: Option<Timestamp>,
}

/// The endpoints with due messages.
pub(in crate::domain::webhooks) fn due_endpoints(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<EndpointId>> {
    let due = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(webhook_endpoints::id))
        .filter(webhook_deliveries::next_attempt_at.le(now));
    Ok(webhook_endpoints::table
        .filter(diesel::dsl::exists(due))
        .order(webhook_endpoints::id)
        .select(webhook_endpoints::id)
        .load(connection)?)
}

/// When the next message to an endpoint is due.
pub(in crate::domain::webhooks) fn next_attempt(
    connection: &mut Connection,
    endpoint: &EndpointId,
) -> Result<Option<Timestamp>> {
    Ok(webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .select(diesel::dsl::min(webhook_deliveries::next_attempt_at))
        .first(connection)?)
}

/// Claims an endpoint's due messages, longest overdue first.
pub(in crate::domain::webhooks) fn claim_due(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    endpoint: &EndpointId,
    now: Timestamp,
) -> Result<Vec<ClaimedDelivery>> {
    let mut endpoints = sealed(tx)?.into_iter();
    let Some(endpoint) = endpoints.find(|found| found.0 == *endpoint) else {
        return Ok(Vec::new());
    };
    let waiting: Vec<Waiting> = webhook_deliveries::table
        .inner_join(webhook_messages::table)
        .filter(webhook_deliveries::endpoint_id.eq(&endpoint.0))
        .filter(webhook_deliveries::next_attempt_at.le(now))
        .order((webhook_deliveries::next_attempt_at, webhook_deliveries::id))
        .limit(BATCH)
        .select(Waiting::as_select())
        .load(&mut **tx)?;
    take(tx, keyring, &endpoint, waiting, now)
}

/// Claims one message, even if it is not due.
pub(in crate::domain::webhooks) fn claim_one(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    id: &DeliveryId,
    endpoint: &EndpointId,
    now: Timestamp,
) -> Result<ClaimedDelivery> {
    let waiting: Vec<Waiting> = webhook_deliveries::table
        .inner_join(webhook_messages::table)
        .filter(webhook_deliveries::id.eq(id))
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .select(Waiting::as_select())
        .load(&mut **tx)?;
    let mut endpoints = sealed(tx)?.into_iter();
    let endpoint = endpoints.find(|found| found.0 == *endpoint).ok_or(Error::NotFound)?;
    let mut claimed = take(tx, keyring, &endpoint, waiting, now)?;
    claimed.pop().ok_or(Error::NotFound)
}

fn take(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    (endpoint_id, url, secret, old_secret, old_ends_at): &Sealed,
    waiting: Vec<Waiting>,
    now: Timestamp,
) -> Result<Vec<ClaimedDelivery>> {
    let ids: Vec<&DeliveryId> = waiting.iter().map(|waiting| &waiting.id).collect();
    outcome::claim(tx, &ids, now)?;
    let is_old_valid = old_ends_at.is_some_and(|end| end > now);
    let old = old_secret.iter().filter(|_| is_old_valid);
    let one = |waiting: Waiting| {
        let secrets = [secret].into_iter().chain(old.clone());
        let secrets = secrets.map(|sealed| unseal(endpoint_id, sealed, keyring));
        Ok(ClaimedDelivery {
            id: waiting.id,
            endpoint_id: endpoint_id.clone(),
            message_id: waiting.message_id,
            url: url.clone(),
            secrets: secrets.collect::<Result<_>>()?,
            is_test: waiting.event == event_type::TEST,
            body: waiting.body,
            tries: waiting.tries,
            due_at: waiting.next_attempt_at.unwrap_or(now),
        })
    };
    waiting.into_iter().map(one).collect()
}
