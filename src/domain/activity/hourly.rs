//! Records the events that were counted in an hour as entries, once the hour has ended.
//!
//! The entries of an hour are recorded and its counts are deleted in one transaction, so that every
//! event is recorded exactly once, even when several nodes do this at the same time.

use serde_json::{Value, json};

use super::store::tally as store;
use super::tally::{OTHER, Tally, TallyKind};
use super::{Context, Entry, Event, Subject, record};
use crate::base::clock::{HOUR, MINUTE, Timestamp};
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::{Db, Transaction};

/// How long after the end of an hour its counts are recorded, in milliseconds. A sign-in counts for
/// the hour in which it was sent, and its password check may have waited.
const GRACE: i64 = MINUTE;
/// How many networks an entry lists.
const NAMED_NETWORKS: usize = 10;
/// The lowest number of denials in an hour for which a member gets an entry. The log has every
/// denial.
const REPEATED_DENIALS: i64 = 2;

/// Records the counts of all hours that have ended, each hour in its own transaction.
pub async fn record_ended_hours(db: &Db, keyring: &Keyring, now: Timestamp) -> Result<()> {
    loop {
        let context = Context::system(keyring.clone(), now);
        if !db.write(move |tx| record_oldest_hour(tx, &context)).await? {
            return Ok(());
        }
    }
}

/// Records the oldest hour that has ended. Returns whether there was one.
fn record_oldest_hour(tx: &mut Transaction<'_>, context: &Context) -> Result<bool> {
    let Some(hour) = store::oldest_hour(tx, context.now.plus(-HOUR - GRACE))? else {
        return Ok(false);
    };
    let tallies: Vec<Tally> = store::take_hour(tx, hour)?.into_iter().map(Into::into).collect();
    for entry in entries(hour, &tallies) {
        record(tx, context, &entry)?;
    }
    Ok(true)
}

fn entries(hour: Timestamp, tallies: &[Tally]) -> Vec<Entry> {
    let strangers = strangers_entry(hour, tallies);
    strangers.into_iter().chain(tallies.iter().filter_map(member_entry)).collect()
}

/// The entry for failed sign-ins with email addresses that do not belong to a member. The email
/// addresses are not stored.
fn strangers_entry(hour: Timestamp, tallies: &[Tally]) -> Option<Entry> {
    let by_network = tallies.iter().filter(|t| t.kind == TallyKind::FailedSignInsByNetwork);
    let failures = |tally: &Tally| tally.count - tally.part(TallyKind::MEMBER);
    let counts: Vec<(&str, i64)> = by_network
        .map(|tally| (tally.subject_id.as_str(), failures(tally)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let (others, mut named): (Vec<_>, Vec<_>) =
        counts.iter().copied().partition(|(network, _)| *network == OTHER);
    named.sort_by_key(|(network, count)| (-count, *network));
    let networks = named.len();
    named.truncate(NAMED_NETWORKS);
    let mut details = json!({
        "began_at": hour.millis(),
        "ended_at": hour.plus(HOUR).millis(),
        "failures": counts.iter().map(|(_, count)| count).sum::<i64>(),
        "networks": networks,
        "largest_networks": to_list(named),
    });
    if let [(_, failures)] = others.as_slice() {
        details["failures_from_further_networks"] = json!(failures);
    }
    let entry = Entry { event: Event::SignInsFailed, subject: None, details };
    (!counts.is_empty()).then_some(entry)
}

/// The entry for a member's counts, without the events that were recorded when they happened.
fn member_entry(tally: &Tally) -> Option<Entry> {
    let count = tally.count - tally.kind.single_entries();
    let (event, least, counted, parts) = match tally.kind {
        TallyKind::FailedSignInsByNetwork => return None,
        TallyKind::FailedSignInsByMember => (Event::SignInsFailed, 1, "failures", "networks"),
        TallyKind::DenialsByMember => {
            (Event::AccessDenied, REPEATED_DENIALS, "denials", "permissions")
        }
    };
    if count < least {
        return None;
    }
    let details = json!({
        "began_at": tally.hour.millis(),
        "ended_at": tally.hour.plus(HOUR).millis(),
        counted: count,
        parts: to_list(tally.parts().map(|(part, n)| (if part == OTHER { "others" } else { part }, n))),
    });
    let (id, name) = (tally.subject_id.clone(), tally.subject_name.clone());
    Some(Entry::about(event, Subject { kind: "member", id, name }).with(details))
}

/// The counts as a list: `["192.0.2.1: 12", …]`.
fn to_list<'a>(counts: impl IntoIterator<Item = (&'a str, i64)>) -> Value {
    counts.into_iter().map(|(what, count)| format!("{what}: {count}")).collect()
}
