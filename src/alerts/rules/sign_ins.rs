//! Sign-ins that fail, by network and by account.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::activity::{self, Event};
use crate::alerts::{Found, Rule};
use crate::clock::{MINUTE, Timestamp};
use crate::db::Connection;
use crate::error::Result;
use crate::network::Network;
use crate::text;

/// How far back failures are looked for, in milliseconds.
const WITHIN: i64 = 15 * MINUTE;
/// How many within that time are too many.
const TOO_MANY: i64 = 10;
/// How many failures are looked at.
const LOOKED_AT: usize = 1000;
/// The longest account that is named, in characters.
const LONGEST: usize = 80;

pub(super) fn failures(connection: &mut Connection, now: Timestamp) -> Result<Vec<Found>> {
    let failed = activity::recent(connection, Event::SignInFailed, now.plus(-WITHIN), LOOKED_AT)?;
    let mut causes: BTreeMap<(&str, String), (i64, Timestamp)> = BTreeMap::new();
    for entry in &failed {
        let address = entry.address.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
        let network = address.map(|address| ("from", Network::from(address).to_string()));
        let account = entry
            .details()
            .get("email")
            .and_then(serde_json::Value::as_str)
            .map(|email| ("for", text::visible(&email.to_lowercase(), LONGEST)));
        for cause in network.into_iter().chain(account) {
            let (count, first) = causes.entry(cause).or_insert((0, entry.at));
            *count += 1;
            *first = entry.at.min(*first);
        }
    }
    causes.retain(|_, (count, _)| *count >= TOO_MANY);
    let found = causes.into_iter().map(|((preposition, what), (count, since))| Found {
        rule: Rule::SignInFailures,
        title: format!("Sign-ins fail {preposition} {what}"),
        detail: format!("{count} times within 15 minutes."),
        cause: format!("{preposition} {what}"),
        key_id: None,
        level: 0,
        since,
    });
    Ok(found.collect())
}
