//! Periodic clean-up of ended and old data.

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Db;
use crate::domain::{activity, alerts, mail, sign_in, sso, usage, webhooks};

pub(super) async fn purge(db: &Db, keyring: &Keyring, now: Timestamp) {
    let recorded = activity::record_ended_hours(db, keyring, now).await;
    log_failure("the counts of ended hours could not be recorded", recorded.map(drop));
    let ended = db.write(move |tx| sign_in::purge(tx, now)).await;
    log_failure("ended sessions could not be cleared away", ended.map(drop));
    let expired = db.write(move |tx| sso::purge(tx, now)).await;
    log_failure("expired logout tokens could not be cleared away", expired.map(drop));
    log_failure("old counts could not be cleared away", usage::purge(db, now).await);
    let deliveries = webhooks::purge(db, now).await;
    log_failure("old deliveries of webhooks could not be cleared away", deliveries);
    log_failure("old alerts could not be cleared away", alerts::purge(db, now).await);
    log_failure("old email could not be cleared away", mail::purge(db, now).await);
}

fn log_failure(what: &str, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "{what}");
    }
}
