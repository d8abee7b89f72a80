//! Turns causes into alerts. Each cause has one alert: it is opened once, notified again when it
//! becomes more urgent, and closed when its cause has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Alert, Finding, Letters, Rule, expiries, notify, preferences, rules, store};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::random;
use crate::db::{Db, Transaction};

/// How many alerts can be open. Further causes wait until other alerts have closed.
const MAX_OPEN: usize = 5000;

/// The changes to alerts that an evaluation makes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Causes that have no alert yet.
    pub open: Vec<Finding>,
    /// Alerts whose cause still exists, with the cause as it is now.
    pub keep: Vec<(Alert, Finding)>,
    /// Alerts whose cause has ended.
    pub close: Vec<Alert>,
}

/// Alerts that notifications are sent for.
#[derive(Debug, Default)]
pub(super) struct Transitions {
    pub opened: Vec<Alert>,
    /// Open alerts that became more urgent.
    pub escalated: Vec<Alert>,
    pub closed: Vec<Alert>,
}

/// Finds causes, opens and closes alerts, and queues the notifications. Reads first, then writes
/// everything in one transaction.
pub(super) fn evaluate(db: &Db, letters: &Arc<dyn Letters>, now: Timestamp) -> Result<()> {
    let (preferences, found, open) = db.read_in_background(move |connection| {
        let preferences = preferences(connection)?;
        let found = rules::find_causes(connection, &preferences.on, now)?;
        let most = i64::try_from(MAX_OPEN).unwrap_or(i64::MAX);
        Ok((preferences, found, store::open(connection, most)?))
    })?;
    let plan = plan(open, found, &preferences.on, now);
    let letters = Arc::clone(letters);
    db.write_in_background(move |tx| {
        let transitions = apply(tx, plan, now)?;
        notify::alerts(tx, &*letters, &transitions, &preferences, now)?;
        expiries::notify(tx, now)
    })
}

/// The id of a new alert.
pub(super) fn new_id() -> Result<String> {
    Ok(format!("alt_{}", random::text(random::BASE62, 16)?))
}

/// Plans what happens to the `open` alerts, given what the rules that are `on` have `found`.
fn plan(open: Vec<Alert>, found: Vec<Finding>, on: &[Rule], now: Timestamp) -> Plan {
    let mut causes: BTreeMap<(Rule, String), Finding> = found
        .into_iter()
        .map(Finding::without_secrets)
        .map(|found| ((found.rule, found.cause.clone()), found))
        .collect();
    let mut plan = Plan::default();
    let mut open_count = open.len();
    for alert in open {
        let rule = alert.rule.filter(|rule| on.contains(rule));
        let found = rule.and_then(|rule| causes.remove(&(rule, alert.cause.clone())));
        match (rule, found) {
            (_, Some(found)) => plan.keep.push((alert, found)),
            (Some(rule), None) if now.since(alert.seen_at) < rule.quiet_period() => {}
            _ => plan.close.push(alert),
        }
    }
    open_count -= plan.close.len();
    plan.open = causes.into_values().take(MAX_OPEN.saturating_sub(open_count)).collect();
    plan
}

fn apply(tx: &mut Transaction<'_>, plan: Plan, now: Timestamp) -> Result<Transitions> {
    let mut transitions = Transitions::default();
    for found in plan.open {
        let id = new_id()?;
        store::insert(tx, &id, &found, now)?;
        transitions.opened.push(Alert::opened(id, found, now));
    }
    for (alert, found) in plan.keep {
        let is_same = (&alert.title, &alert.detail, alert.level)
            == (&found.title, &found.detail, found.level);
        // Rules with a quiet time need to know when the cause was last found.
        if !is_same || found.rule.quiet_period() > 0 {
            store::update(tx, &alert.id, &found, now)?;
        }
        if found.level > alert.level {
            let (title, detail, level) = (found.title, found.detail, found.level);
            transitions.escalated.push(Alert { title, detail, level, ..alert });
        }
    }
    for alert in plan.close {
        store::close(tx, &alert.id, now)?;
        transitions.closed.push(Alert { closed_at: Some(now), ..alert });
    }
    Ok(transitions)
}

impl Alert {
    fn opened(id: String, found: Finding, now: Timestamp) -> Self {
        Self {
            id,
            rule: Some(found.rule),
            cause: found.cause,
            key_id: found.key_id,
            title: found.title,
            detail: found.detail,
            level: found.level,
            since: found.since,
            opened_at: now,
            seen_at: now,
            closed_at: None,
            mailed_at: None,
        }
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
