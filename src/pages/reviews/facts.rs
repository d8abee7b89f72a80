//! Facts that help to decide on a key: its scopes, its use, where it may be used from and where it
//! was used from, and whose it is.

use std::collections::BTreeMap;

use super::words::count;
use crate::base::clock::{Timestamp, ago, short_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, Details};
use crate::domain::members::{self, MemberId};
use crate::domain::reviews::Item;
use crate::domain::usage::{self, MAX_ADDRESSES, Outcome, Period, UnusedScopes};

/// The period of the facts about use, which their labels name.
const PERIOD: Period = Period::Days90;
/// The maximum number of unused scopes that are named.
const NAMED: usize = 4;

/// The data about the keys of a page.
#[derive(Debug, Default)]
pub(super) struct KeyFacts {
    pub details: BTreeMap<String, Details>,
    /// The outcomes of the requests with each key.
    outcomes: BTreeMap<String, Vec<(Outcome, i64)>>,
    /// From how many addresses each key was used.
    addresses: BTreeMap<String, i64>,
    /// The requested scopes of each key, with the time of the last request.
    requested: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// Names of members by their ids.
    creators: BTreeMap<String, String>,
}

/// A fact for templates.
pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
}

impl KeyFacts {
    pub(super) fn read(
        connection: &mut Connection,
        items: &[Item],
        now: Timestamp,
    ) -> Result<Self> {
        let ids: Vec<&str> = items.iter().map(|item| item.key_id.as_str()).collect();
        let mut creators = BTreeMap::new();
        for item in items.iter().filter(|item| !item.created_by.is_empty()) {
            if !creators.contains_key(&item.created_by) {
                let id = MemberId::stored(item.created_by.clone());
                let name = members::find(connection, &id)?;
                let name = name.map(|member| member.name.as_str().to_owned());
                creators.insert(item.created_by.clone(), name.unwrap_or_default());
            }
        }
        Ok(Self {
            details: api_keys::details_of(connection, &ids)?,
            outcomes: usage::of_keys(connection, &ids, PERIOD, now)?,
            addresses: usage::count_addresses_of(connection, &ids, PERIOD.start(now))?,
            requested: usage::scope_requests_of(connection, &ids)?,
            creators,
        })
    }

    /// The facts about the key of `item` in its current state.
    pub(super) fn facts(&self, item: &Item, now: Timestamp) -> Vec<Fact> {
        let Some(details) = self.details.get(item.key_id.as_str()) else { return Vec::new() };
        let key = &details.key;
        let creator = self.creators.get(&item.created_by).filter(|name| !name.is_empty());
        let by = creator.map(|name| format!(" by {name}")).unwrap_or_default();
        let scopes = plural(details.effective_scopes().len(), "scope", "scopes");
        let whitelist = match details.ip_whitelist.addresses().len() {
            0 => "Any address".into(),
            count => plural(count, "address", "addresses"),
        };
        let notes = key.notes.split_whitespace().collect::<Vec<_>>().join(" ");
        let facts = [
            ("Role", format!("{}, {scopes}", details.role.name)),
            ("Last used", key.last_used_at.map_or("Never".into(), |at| ago(at, now))),
            ("Requests (90 days)", self.requests(key.id.as_str())),
            ("Addresses seen (90 days)", self.addresses(key.id.as_str())),
            ("IP whitelist", whitelist),
            ("Unused in 90 days", self.unused_scopes(details, now).unwrap_or_default()),
            ("Created", format!("{}{by}", short_date(key.created_at.date()))),
            ("Expires", short_date(key.expires_at.last_day())),
            ("Owner", key.owner.as_str().to_owned()),
            ("Notes", notes),
        ];
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        facts.map(|(label, value)| Fact { label, value }).collect()
    }

    /// `1,234 allowed, 5 denied`
    fn requests(&self, key_id: &str) -> String {
        let (mut allowed, mut denied) = (0, 0);
        for (outcome, count) in self.outcomes.get(key_id).into_iter().flatten() {
            *(if *outcome == Outcome::Pass { &mut allowed } else { &mut denied }) += count;
        }
        match (allowed, denied) {
            (0, 0) => "None".into(),
            (allowed, 0) => format!("{} allowed", count(allowed)),
            (allowed, denied) => format!("{} allowed, {} denied", count(allowed), count(denied)),
        }
    }

    /// How many addresses are stored. There may be more than are stored.
    fn addresses(&self, key_id: &str) -> String {
        match self.addresses.get(key_id) {
            None => "None".into(),
            Some(&most) if usize::try_from(most).is_ok_and(|most| most >= MAX_ADDRESSES) => {
                format!("{most} or more")
            }
            Some(seen) => seen.to_string(),
        }
    }

    fn unused_scopes(&self, details: &Details, now: Timestamp) -> Option<String> {
        let key = &details.key;
        let none = BTreeMap::new();
        let requested = self.requested.get(key.id.as_str()).unwrap_or(&none);
        let since = (key.created_at, key.edited_at.unwrap_or(key.created_at));
        let has = details.effective_scopes();
        let UnusedScopes::Scopes { names, .. } =
            usage::unused_scopes(&has, requested, since, key.last_used_at, now)
        else {
            return None;
        };
        let more = names.len().saturating_sub(NAMED);
        let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        Some(if more == 0 { named } else { format!("{named} and {more} more") })
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
