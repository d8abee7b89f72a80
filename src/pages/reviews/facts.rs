//! Facts that help to decide on a key: who created it, its scopes, its use, and its addresses.

use std::collections::BTreeMap;

use crate::base::clock::{Timestamp, ago, short_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, Details};
use crate::domain::members::{self, MemberId};
use crate::domain::reviews::Item;
use crate::domain::usage::{self, UNUSED_SCOPE_DAYS, UnusedScopes};

/// The maximum number of unused scopes that are named.
const NAMED: usize = 4;

/// The data about the keys of a page.
#[derive(Debug, Default)]
pub(super) struct KeyFacts {
    pub details: BTreeMap<String, Details>,
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
    pub(super) fn read(connection: &mut Connection, items: &[Item]) -> Result<Self> {
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
            requested: usage::scope_requests_of(connection, &ids)?,
            creators,
        })
    }

    /// The facts about the key of `item` in its current state.
    pub(super) fn facts(&self, item: &Item, now: Timestamp) -> Vec<Fact> {
        let Some(details) = self.details.get(item.key_id.as_str()) else { return Vec::new() };
        let key = &details.key;
        let fact = |label, value| Fact { label, value };
        let creator = self.creators.get(&item.created_by).filter(|name| !name.is_empty());
        let by = creator.map(|name| format!(" by {name}")).unwrap_or_default();
        let scopes = details.effective_scopes().len();
        let mut facts = vec![
            fact("Role", format!("{}, {}", details.role.name, plural(scopes, "scope", "scopes"))),
            fact("Last used", key.last_used_at.map_or("Never".into(), |at| ago(at, now))),
            fact("Created", format!("{}{by}", short_date(key.created_at.date()))),
            fact("Expires", short_date(key.expires_at.last_day())),
            fact(
                "Used from",
                match details.ip_whitelist.addresses().len() {
                    0 => "Any address".into(),
                    count => plural(count, "address", "addresses"),
                },
            ),
        ];
        if let Some(unused_scopes) = self.unused_scopes(details, now) {
            facts.push(fact(
                "Never asked for",
                format!("{unused_scopes}, in {UNUSED_SCOPE_DAYS} days"),
            ));
        }
        facts
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
