//! Records attempts at deliveries without sending anything, for the sample organisation.

use super::client::Answer;
use super::{EndpointId, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::Transaction;

/// Records the attempts until `now` at the messages to an endpoint, each when it is due. `answer`
/// returns the status of the answer at a time, or why there is none.
pub fn attempts(
    tx: &mut Transaction<'_>,
    keyring: &Keyring,
    endpoint: &EndpointId,
    now: Timestamp,
    answer: impl Fn(Timestamp) -> std::result::Result<u16, &'static str>,
) -> Result<()> {
    while let Some(at) = store::next_attempt(tx, endpoint)?.filter(|at| *at <= now) {
        for claimed in store::claim_due(tx, keyring, endpoint, at)? {
            // Any plausible time in milliseconds.
            let duration = 40 + at.millis() % 70;
            store::record(tx, &claimed, &Answer::new(answer(at), duration), at)?;
        }
    }
    Ok(())
}
