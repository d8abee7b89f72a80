//! A webhook whose receiver was down twice, and one that is paused. Nothing is sent: the attempts are
//! only recorded.

use super::{Scene, Stage};
use crate::base::clock::{DAY, HOUR, Timestamp};
use crate::base::error::Result;
use crate::base::network::{Networks, TrustedRoots};
use crate::db::Transaction;
use crate::domain::alerts::events;
use crate::domain::webhooks::{self, Draft, EndpointId, EventType, Policy, import};

/// How far back there are deliveries.
const HISTORY: i64 = 29 * DAY;
/// Events, without alerts: those that the program finds in the sample are not queued.
const KEY_EVENTS: [EventType; 5] = [
    EventType::KeyCreated,
    EventType::KeyRotated,
    EventType::KeyRevoked,
    EventType::KeyDisabled,
    EventType::KeyLeaked,
];

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let draft = |host: &str, description: &str, is_active| Draft {
        url: format!("https://{host}.meridianfreight.example/latchkey"),
        description: description.into(),
        events: KEY_EVENTS.map(|event| event.as_str().to_owned()).into(),
        is_active,
    };
    let drafts = [
        (draft("hooks", "Inventory of integrations", true), 40),
        (draft("chat", "Operations channel", false), 38),
    ];
    let scenes = drafts.into_iter().map(|(draft, days)| -> Scene<'a> {
        let at = stage.ago(days, 1);
        let context = stage.context(1, at);
        let create = move |tx: &mut Transaction<'_>| -> Result<()> {
            let policy = Policy::new(&Networks::default(), &TrustedRoots::default());
            webhooks::create(tx, EndpointId::random()?, &draft, &policy, &context).map(drop)
        };
        (at, Box::new(create))
    });
    scenes.collect()
}

/// Queues the messages about what happened, and records the attempts until now.
pub(in crate::demo) fn deliver(tx: &mut Transaction<'_>, stage: &Stage<'_>) -> Result<()> {
    events::queue_past(tx, stage.now.plus(-HISTORY), stage.now)?;
    let answer = |at: Timestamp| {
        let ago = stage.now.since(at);
        if ago <= 4 * HOUR {
            Err("Could not be reached: Connection refused")
        } else if (4 * DAY - 2 * HOUR..=5 * DAY).contains(&ago) {
            Ok(503)
        } else {
            Ok(204)
        }
    };
    for endpoint in webhooks::all(tx)? {
        import::attempts(tx, stage.keyring, &endpoint.id, stage.now, answer)?;
    }
    Ok(())
}
