//! The SQL of webhooks: endpoints here, queueing and claiming in `queue`, results in `outcome`,
//! lists in `log`.

mod log;
mod outcome;
mod queue;

use std::collections::BTreeSet;

use diesel::prelude::*;

pub use log::{Attempt, Delivery};
pub(super) use log::{attempts, deliveries, delivery};
pub(super) use outcome::{give_up, is_any_due, purge, record, release, schedule_again};
pub(super) use queue::{
    claim_due, claim_one, due_endpoints, insert_delivery, insert_message, is_known, next_attempt,
    subscribers,
};

use super::{Endpoint, EndpointId, EventType, SigningSecret};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::db::schema::{webhook_endpoints, webhook_events};
use crate::db::types::IfKnown;
use crate::db::{Connection, Transaction, on_each};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
struct Row {
    id: EndpointId,
    url: String,
    description: String,
    is_active: bool,
    old_secret_ends_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    last_attempt_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
    created_at: Timestamp,
    created_by: String,
    version: i64,
}

/// All endpoints, oldest first.
pub(super) fn all(connection: &mut Connection) -> Result<Vec<Endpoint>> {
    let rows: Vec<Row> = webhook_endpoints::table
        .order((webhook_endpoints::created_at, webhook_endpoints::id))
        .select(Row::as_select())
        .load(connection)?;
    let wanted: Vec<(EndpointId, IfKnown<EventType>)> = webhook_events::table
        .select((webhook_events::endpoint_id, webhook_events::event))
        .load(connection)?;
    let read = |row: Row| Endpoint {
        events: wanted
            .iter()
            .filter(|(id, _)| *id == row.id)
            .filter_map(|(_, event)| event.0)
            .collect(),
        id: row.id,
        url: row.url,
        description: row.description,
        is_active: row.is_active,
        old_secret_ends_at: row.old_secret_ends_at,
        failing_since: row.failing_since,
        last_attempt_at: row.last_attempt_at,
        gone_at: row.gone_at,
        created_at: row.created_at,
        created_by: row.created_by,
        version: row.version,
    };
    Ok(rows.into_iter().map(read).collect())
}

pub(super) fn insert(
    tx: &mut Transaction<'_>,
    new: &Endpoint,
    secret: &SigningSecret,
    keyring: &Keyring,
) -> Result<()> {
    diesel::insert_into(webhook_endpoints::table)
        .values((
            webhook_endpoints::id.eq(&new.id),
            webhook_endpoints::url.eq(&new.url),
            webhook_endpoints::description.eq(&new.description),
            webhook_endpoints::is_active.eq(new.is_active),
            webhook_endpoints::secret.eq(seal(&new.id, secret, keyring)?),
            webhook_endpoints::created_at.eq(new.created_at),
            webhook_endpoints::created_by.eq(&new.created_by),
            webhook_endpoints::version.eq(new.version),
        ))
        .execute(&mut **tx)?;
    insert_events(tx, &new.id, &new.events)
}

/// Writes the fields that an edit may change.
pub(super) fn update(tx: &mut Transaction<'_>, new: &Endpoint) -> Result<()> {
    diesel::update(webhook_endpoints::table.find(&new.id))
        .set((
            webhook_endpoints::url.eq(&new.url),
            webhook_endpoints::description.eq(&new.description),
            webhook_endpoints::is_active.eq(new.is_active),
            webhook_endpoints::failing_since.eq(new.failing_since),
            webhook_endpoints::gone_at.eq(new.gone_at),
            webhook_endpoints::version.eq(new.version),
        ))
        .execute(&mut **tx)?;
    let of = webhook_events::endpoint_id.eq(&new.id);
    diesel::delete(webhook_events::table.filter(of)).execute(&mut **tx)?;
    insert_events(tx, &new.id, &new.events)
}

/// Replaces the current secret by `secret`. The replaced one is also used until `ends_at`.
pub(super) fn replace_secret(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    secret: &SigningSecret,
    ends_at: Timestamp,
    keyring: &Keyring,
) -> Result<()> {
    let row = webhook_endpoints::table.find(id);
    let before: Vec<u8> = row.select(webhook_endpoints::secret).first(&mut **tx)?;
    diesel::update(row)
        .set((
            webhook_endpoints::old_secret.eq(Some(before)),
            webhook_endpoints::old_secret_ends_at.eq(Some(ends_at)),
            webhook_endpoints::secret.eq(seal(id, secret, keyring)?),
            webhook_endpoints::version.eq(webhook_endpoints::version + 1),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Deletes an endpoint; the database also deletes its messages.
pub(super) fn delete(tx: &mut Transaction<'_>, id: &EndpointId) -> Result<()> {
    diesel::delete(webhook_endpoints::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

fn insert_events(
    tx: &mut Transaction<'_>,
    id: &EndpointId,
    events: &BTreeSet<EventType>,
) -> Result<()> {
    let row =
        |event: &EventType| (webhook_events::endpoint_id.eq(id), webhook_events::event.eq(*event));
    let rows: Vec<_> = events.iter().map(row).collect();
    on_each!(&mut **tx, native => {
        diesel::insert_into(webhook_events::table).values(&rows).execute(native)?;
    });
    Ok(())
}

/// Encrypts all signing secrets under the master key `to` instead of `from`.
pub fn reseal(tx: &mut Transaction<'_>, from: &Keyring, to: &Keyring) -> Result<()> {
    use webhook_endpoints::{id, old_secret, secret};
    let rows: Vec<(EndpointId, Vec<u8>, Option<Vec<u8>>)> =
        webhook_endpoints::table.select((id, secret, old_secret)).load(&mut **tx)?;
    for (endpoint, current, old) in rows {
        let label = label(&endpoint);
        let old = old.map(|sealed| to.reseal(from, &label, &sealed)).transpose()?;
        diesel::update(webhook_endpoints::table.find(&endpoint))
            .set((secret.eq(to.reseal(from, &label, &current)?), old_secret.eq(old)))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// The label that a secret is encrypted with, so that another endpoint's secret cannot be swapped
/// in.
fn label(id: &EndpointId) -> String {
    format!("webhook signing secret {}", id.as_str())
}

fn seal(id: &EndpointId, secret: &SigningSecret, keyring: &Keyring) -> Result<Vec<u8>> {
    keyring.seal(&label(id), secret.expose().as_bytes())
}

fn unseal(id: &EndpointId, sealed: &[u8], keyring: &Keyring) -> Result<SigningSecret> {
    let bytes = keyring.unseal(&label(id), sealed);
    let secret = bytes.and_then(|bytes| SigningSecret::stored(&bytes));
    secret.ok_or_else(|| Error::internal("a webhook's signing secret cannot be read"))
}
