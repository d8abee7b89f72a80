//! Finds failed sign-ins, by network and by account.

use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::activity::{self, Tally, TallyKind};
use crate::domain::alerts::{Finding, Rule};
use crate::domain::members::{self, MemberId};

/// How far back failures are searched, in milliseconds.
const WINDOW: i64 = 15 * MINUTE;
/// How many failures within that time cause an alert.
const THRESHOLD: i64 = 10;
/// How many networks can have an alert at the same time. Those with the most failures come first.
const MAX_NETWORKS: usize = 100;

/// The recent failures of one subject.
struct Failures {
    subject_id: String,
    count: i64,
    since: Timestamp,
}

pub(super) fn failures(connection: &mut Connection, now: Timestamp) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for failures in recent(connection, TallyKind::FailedSignInsByNetwork, now)? {
        let network = match failures.subject_id.as_str() {
            "" => "many other networks",
            network => network,
        };
        found.push(cause("from", network, &failures));
        if found.len() >= MAX_NETWORKS {
            break;
        }
    }
    for failures in recent(connection, TallyKind::FailedSignInsByMember, now)? {
        let id = MemberId::stored(failures.subject_id.clone());
        if let Some(member) = members::find(connection, &id)? {
            found.push(cause("for", member.email.folded(), &failures));
        }
    }
    Ok(found)
}

/// The subjects with too many failures, those with the most failures first.
fn recent(connection: &mut Connection, kind: TallyKind, now: Timestamp) -> Result<Vec<Failures>> {
    let since = now.plus(-WINDOW);
    let mut tallies = activity::tallies(connection, kind, since, now)?;
    // Puts the hours of a subject next to each other. The stable sort keeps the earlier hour first.
    tallies.sort_by(|one, other| one.subject_id.cmp(&other.subject_id));
    let by_subject = tallies.chunk_by(|one, other| one.subject_id == other.subject_id);
    let mut failures: Vec<Failures> = by_subject
        .filter_map(|hours| {
            let counts: Vec<(i64, Timestamp)> =
                hours.iter().filter_map(|tally| Tally::since(tally, since)).collect();
            let (count, (_, first)) = (counts.iter().map(|(n, _)| n).sum(), *counts.first()?);
            Some(Failures { subject_id: hours.first()?.subject_id.clone(), count, since: first })
        })
        .filter(|failures| failures.count >= THRESHOLD)
        .collect();
    failures.sort_by_key(|failures| -failures.count);
    Ok(failures)
}

fn cause(preposition: &str, what: &str, failures: &Failures) -> Finding {
    Finding {
        rule: Rule::SignInFailures,
        title: format!("Sign-ins fail {preposition} {what}"),
        detail: format!("{} times within 15 minutes.", failures.count),
        cause: format!("{preposition} {what}"),
        key_id: None,
        level: 0,
        since: failures.since,
    }
}
