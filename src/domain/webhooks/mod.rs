//! Webhooks: messages about events, sent to the endpoints that super managers configure, signed
//! according to Standard Webhooks, and retried for about a day.
//!
//! A message is queued in the same transaction as the event, so it is sent if and only if the event
//! happened. It is sent once, or twice if a process dies in between. This module does not depend on
//! what the messages contain; the features that queue them do. Uses activity.

mod client;
pub mod delivery;
mod draft;
mod endpoint;
mod event_type;
mod id;
pub mod import;
mod message;
mod secret;
mod send;
mod store;

pub use crate::base::outgoing::Policy;
pub use delivery::Details;
pub use draft::Draft;
pub use endpoint::Endpoint;
pub use event_type::EventType;
pub use id::{DeliveryId, EndpointId, MessageId};
pub use secret::SigningSecret;
pub use send::{send_due, send_now};
pub use store::{Attempt, Delivery, reseal};

use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Invalid, Result};
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Change, Context, Entry, Event, Subject};

/// The maximum number of endpoints, because one page shows them all and each may block a thread.
pub const MAX_ENDPOINTS: usize = 20;
/// For how long a replaced signing secret is still used as well, in milliseconds.
const OVERLAP: i64 = DAY;
/// For how long messages are kept, in milliseconds.
const RETENTION: i64 = 30 * DAY;

/// A message that a sender has claimed for an endpoint.
#[derive(Debug)]
pub struct ClaimedDelivery {
    id: DeliveryId,
    endpoint_id: EndpointId,
    message_id: MessageId,
    url: String,
    /// The current signing secret, and the previous one while it is still used.
    secrets: Vec<SigningSecret>,
    body: String,
    /// Whether it is a test, which is tried only once.
    is_test: bool,
    tries: i64,
    due_at: Timestamp,
}

/// Queues a message about `event` for every active endpoint that receives it, if there is any.
/// `data` is a JSON object and must not contain secrets. Each `cause`, such as `activity:123`,
/// produces only one message, even if it is queued repeatedly.
pub fn enqueue(
    tx: &mut Transaction<'_>,
    event: EventType,
    cause: &str,
    data: &serde_json::Value,
    at: Timestamp,
) -> Result<()> {
    let subscribers = store::subscribers(tx, event)?;
    if subscribers.is_empty() || store::is_known(tx, cause)? {
        return Ok(());
    }
    let message = message::insert(tx, event.as_str(), cause, data, at)?;
    for endpoint in subscribers {
        store::insert_delivery(tx, &DeliveryId::random()?, &endpoint, &message, at)?;
    }
    Ok(())
}

/// Whether any active endpoint receives `event`.
pub fn has_subscribers(connection: &mut Connection, event: EventType) -> Result<bool> {
    Ok(!store::subscribers(connection, event)?.is_empty())
}

/// Whether there is a stored message for `cause`.
pub fn is_known(connection: &mut Connection, cause: &str) -> Result<bool> {
    store::is_known(connection, cause)
}

/// Creates the drafted endpoint. Its signing secret is returned here and cannot be read later.
///
/// # Errors
/// [`Error::Invalid`] when the draft breaks rules or there are too many endpoints.
pub fn create(
    tx: &mut Transaction<'_>,
    id: EndpointId,
    draft: &Draft,
    policy: &Policy,
    context: &Context,
) -> Result<(Endpoint, SigningSecret)> {
    let mut invalid = Invalid::default();
    if store::all(tx)?.len() >= MAX_ENDPOINTS {
        invalid.add("", format!("There are {MAX_ENDPOINTS} webhooks, which is the most"));
    }
    let checked = invalid.and(draft.check(policy, None))?;
    let endpoint = Endpoint {
        id,
        url: checked.url,
        description: checked.description,
        events: checked.events,
        is_active: checked.is_active,
        old_secret_ends_at: None,
        failing_since: None,
        last_attempt_at: None,
        gone_at: None,
        created_at: context.now,
        created_by: context.actor.name().to_owned(),
        version: 1,
    };
    let secret = SigningSecret::random()?;
    store::insert(tx, &endpoint, &secret, &context.keyring)?;
    record(tx, context, Event::WebhookCreated, &endpoint, &endpoint.changes(None))?;
    Ok((endpoint, secret))
}

/// Edits the endpoint if it is still at `version`. Pausing an endpoint discards its pending
/// messages.
///
/// # Errors
/// [`Error::Conflict`] when somebody else has changed it, [`Error::Invalid`] when the draft breaks
/// rules, [`Error::NotFound`] when it does not exist.
pub fn edit(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    draft: &Draft,
    version: i64,
    policy: &Policy,
    context: &Context,
) -> Result<Endpoint> {
    let before = find(tx, id)?;
    if before.version != version {
        return Err(Error::Conflict);
    }
    let checked = draft.check(policy, Some(&before)).map_err(Error::Invalid)?;
    let mut after = before.clone();
    (after.url, after.description) = (checked.url, checked.description);
    (after.events, after.is_active) = (checked.events, checked.is_active);
    let changes = after.changes(Some(&before));
    if changes.is_empty() {
        return Ok(before);
    }
    if after.url != before.url {
        after.failing_since = None;
    }
    if after.is_active {
        after.gone_at = None;
    }
    after.version += 1;
    store::update(tx, &after)?;
    if before.is_active && !after.is_active {
        store::give_up(tx, id, context.now)?;
    }
    record(tx, context, Event::WebhookEdited, &after, &changes)?;
    Ok(after)
}

/// Deletes an endpoint with its messages.
///
/// # Errors
/// [`Error::NotFound`] when it does not exist.
pub fn delete(tx: &mut Transaction<'_>, id: &EndpointId, context: &Context) -> Result<Endpoint> {
    let endpoint = find(tx, id)?;
    store::delete(tx, id)?;
    record(tx, context, Event::WebhookDeleted, &endpoint, &[])?;
    Ok(endpoint)
}

/// Gives an endpoint a new signing secret, which is returned here and cannot be read later. The
/// previous secret is used as well for a day; an older one stops immediately.
///
/// # Errors
/// [`Error::NotFound`] when the endpoint does not exist.
pub fn replace_secret(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    context: &Context,
) -> Result<(Endpoint, SigningSecret)> {
    let secret = SigningSecret::random()?;
    find(tx, id)?;
    store::replace_secret(tx, id, &secret, context.now.plus(OVERLAP), &context.keyring)?;
    let endpoint = find(tx, id)?;
    record(tx, context, Event::WebhookSecretReplaced, &endpoint, &[])?;
    Ok((endpoint, secret))
}

/// Queues a test message and claims it for the caller; [`send_now`] sends it.
///
/// # Errors
/// [`Error::NotFound`] when the endpoint does not exist.
pub fn test(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    context: &Context,
) -> Result<ClaimedDelivery> {
    let (endpoint, delivery) = (find(tx, id)?, DeliveryId::random()?);
    let data = serde_json::json!({ "webhook": id.as_str(), "by": context.actor.name() });
    let cause = format!("test:{}", delivery.as_str());
    let message = message::insert(tx, event_type::TEST, &cause, &data, context.now)?;
    store::insert_delivery(tx, &delivery, id, &message, context.now)?;
    record(tx, context, Event::WebhookTested, &endpoint, &[])?;
    store::claim_one(tx, &context.keyring, &delivery, id, context.now)
}

/// Queues a message to its endpoint again, with a new series of attempts.
///
/// # Errors
/// [`Error::Invalid`] when the endpoint is paused, [`Error::NotFound`] when there is no such
/// message.
pub fn send_again(
    tx: &mut Transaction<'_>,
    endpoint: &EndpointId,
    id: &DeliveryId,
    context: &Context,
) -> Result<()> {
    let endpoint = find(tx, endpoint)?;
    delivery::details(tx, &endpoint.id, id)?;
    if !endpoint.is_active {
        return Err(Error::invalid("", "The webhook is paused. Edit it to resume it first"));
    }
    store::schedule_again(tx, id, context.now)?;
    record(tx, context, Event::WebhookSentAgain, &endpoint, &[])
}

/// All endpoints, oldest first.
pub fn all(connection: &mut Connection) -> Result<Vec<Endpoint>> {
    store::all(connection)
}

/// The endpoint with this id.
///
/// # Errors
/// [`Error::NotFound`] when it does not exist.
pub fn find(connection: &mut Connection, id: &EndpointId) -> Result<Endpoint> {
    all(connection)?.into_iter().find(|endpoint| endpoint.id == *id).ok_or(Error::NotFound)
}

/// Deletes messages that are older than 30 days, in batches.
pub async fn purge(db: &Db, now: Timestamp) -> Result<()> {
    db.write_in_batches(move |tx| store::purge(tx, now.plus(-RETENTION), now)).await
}

fn record(
    tx: &mut Transaction<'_>,
    context: &Context,
    event: Event,
    endpoint: &Endpoint,
    changes: &[Change],
) -> Result<()> {
    let id = endpoint.id.as_str().to_owned();
    let subject = Subject { kind: "webhook", id, name: endpoint.name() };
    let details = serde_json::json!({ "version": endpoint.version, "changes": changes });
    activity::record(tx, context, &Entry::about(event, subject).with(details))
}
