//! From causes to alerts: one for each, opened once, told again when it gets more urgent, closed when
//! its cause has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Alert, Found, Letters, Rule, expiries, preferences, rules, store, tell};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::random;
use crate::db::{Db, Transaction};

/// How many alerts can be open: beyond, causes wait until others have closed.
const MOST: usize = 5000;

/// What becomes of alerts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Causes without an alert.
    pub open: Vec<Found>,
    /// Alerts whose cause is there, and as it is now.
    pub keep: Vec<(Alert, Found)>,
    /// Alerts whose cause has ended.
    pub close: Vec<Alert>,
}

/// Alerts that are to be told of.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub opened: Vec<Alert>,
    /// Those that got more urgent.
    pub risen: Vec<Alert>,
    pub closed: Vec<Alert>,
}

/// Looks for causes, opens and closes alerts, and has them told. Reads first, and then writes all of
/// it or nothing.
pub(super) fn evaluate(db: &Db, letters: &Arc<dyn Letters>, now: Timestamp) -> Result<()> {
    let (preferences, found, open) = db.read_in_background(move |connection| {
        let preferences = preferences(connection)?;
        let found = rules::look(connection, &preferences.on, now)?;
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        Ok((preferences, found, store::open(connection, most)?))
    })?;
    let steps = steps(open, found, &preferences.on, now);
    let letters = Arc::clone(letters);
    db.write_in_background(move |tx| {
        let moved = apply(tx, steps, now)?;
        tell::alerts(tx, &*letters, &moved, &preferences, now)?;
        expiries::tell(tx, now)
    })
}

/// What becomes of the alerts that are `open`, now that `found` is what the rules `on` find.
fn steps(open: Vec<Alert>, found: Vec<Found>, on: &[Rule], now: Timestamp) -> Steps {
    let mut causes: BTreeMap<(Rule, String), Found> = found
        .into_iter()
        .map(Found::without_secrets)
        .map(|found| ((found.rule, found.cause.clone()), found))
        .collect();
    let mut steps = Steps::default();
    let mut count = open.len();
    for alert in open {
        let rule = alert.rule.filter(|rule| on.contains(rule));
        let found = rule.and_then(|rule| causes.remove(&(rule, alert.cause.clone())));
        match (rule, found) {
            (_, Some(found)) => steps.keep.push((alert, found)),
            (Some(rule), None) if now.since(alert.seen_at) < rule.quiet() => {}
            _ => steps.close.push(alert),
        }
    }
    count -= steps.close.len();
    steps.open = causes.into_values().take(MOST.saturating_sub(count)).collect();
    steps
}

fn apply(tx: &mut Transaction<'_>, steps: Steps, now: Timestamp) -> Result<Moved> {
    let mut moved = Moved::default();
    for found in steps.open {
        let id = format!("alt_{}", random::text(random::BASE62, 16)?);
        store::insert(tx, &id, &found, now)?;
        moved.opened.push(Alert::opened(id, found, now));
    }
    for (alert, found) in steps.keep {
        let is_same = (&alert.title, &alert.detail, alert.level)
            == (&found.title, &found.detail, found.level);
        // When it was last seen counts where its end is to be quiet for a while.
        if !is_same || found.rule.quiet() > 0 {
            store::update(tx, &alert.id, &found, now)?;
        }
        if found.level > alert.level {
            let (title, detail, level) = (found.title, found.detail, found.level);
            moved.risen.push(Alert { title, detail, level, ..alert });
        }
    }
    for alert in steps.close {
        store::close(tx, &alert.id, now)?;
        moved.closed.push(Alert { closed_at: Some(now), ..alert });
    }
    Ok(moved)
}

impl Alert {
    fn opened(id: String, found: Found, now: Timestamp) -> Self {
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
