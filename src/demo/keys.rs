//! Creates the sample's API keys.

use std::collections::BTreeSet;

use super::life::{Life, ago, pick};
use super::showcase::{self, ShowcaseKey};
use super::{names, showcase::KEYS};
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::domain::api_keys::{
    ApiKey, Details, Disabling, Environment, ExternalId, IpWhitelist, KeyId, KeyName, Labels, Owner,
};
use crate::domain::members::{Member, Permission};
use crate::domain::roles::Role;
use crate::domain::settings::Settings;

/// Slugs of roles; common roles are repeated.
const ROLES: [&str; 11] = [
    "read-only",
    "read-and-write",
    "warehouse",
    "read-only",
    "billing",
    "read-and-write",
    "read-only",
    "webhooks",
    "read-and-write",
    "read-only",
    "full-access",
];

const NOTES: [&str; 6] = [
    "Runs in the integration cluster. Ask the platform team before revoking.",
    "Owner: warehouse systems. Restart the gateway after a change.",
    "The partner keeps it in their vault; their contact is in the contract folder.",
    "Only for the nightly job. Nothing else should use it.",
    "Set up by the integration team, in use from the next release on.",
    "Moves to the new platform next quarter, then it can go.",
];

/// Customers and teams that own keys.
const OWNERS: [&str; 5] =
    ["cus_harbourline", "cus_northwind-retail", "team:warehouse", "team:billing", "cus_aldermoor"];

/// Labels, one per line. Most keys have none.
const LABELS: [&str; 6] =
    ["", "team=integration", "", "region=eu-west\nteam=warehouse", "", "tier=partner"];

/// The data from which the sample's keys are made.
pub(super) struct Keys<'a> {
    pub count: u32,
    pub now: Timestamp,
    pub roles: &'a [Role],
    pub members: &'a [Member],
    pub settings: &'a Settings,
}

impl Keys<'_> {
    /// The `index`th key, roughly with the newest first.
    pub fn key(&self, index: u32) -> Result<Details> {
        match KEYS.get(index as usize) {
            Some(shown) => self.shown(index, shown),
            None => self.usual(index),
        }
    }

    fn shown(&self, index: u32, shown: &ShowcaseKey) -> Result<Details> {
        let &ShowcaseKey {
            name, environment, role, created, left, secret, scopes, whitelist, ..
        } = shown;
        let life = Life { created, secret, left, revoked: None };
        let role = self.role(role)?;
        let selected = scopes.iter().map(ToString::to_string).collect();
        let selected = role.scopes.intersection(&selected).cloned().collect();
        self.with(index, name, environment, life, (role, selected, parse(whitelist)?))
    }

    fn usual(&self, index: u32) -> Result<Details> {
        let (name, environment) = names::name(index as usize - showcase::KEYS.len());
        let role = self.role(ROLES[pick(index, 11, ROLES.len())])?;
        let life = Life::of(index, self.count, environment, self.settings);
        let selected = selected(index, &role);
        self.with(index, &name, environment, life, (role, selected, ip_whitelist(index)?))
    }

    fn role(&self, slug: &str) -> Result<Role> {
        let found = self.roles.iter().find(|role| role.slug == slug);
        found.cloned().ok_or_else(|| Error::internal(format!("no role {slug}")))
    }

    fn with(
        &self,
        index: u32,
        name: &str,
        environment: Environment,
        life: Life,
        (role, selected, ip_whitelist): (Role, BTreeSet<String>, IpWhitelist),
    ) -> Result<Details> {
        let created_at = ago(index, life.created, self.now);
        let revoked_at = life.revoked.map(|days| self.now.plus(-days * DAY));
        // Some notes were added by a later edit.
        let edited_at = (pick(index, 14, 7) == 0)
            .then(|| created_at.plus(revoked_at.unwrap_or(self.now).since(created_at) / 3));
        let has_notes = edited_at.is_some() || pick(index, 15, 3) == 0;
        let key = ApiKey {
            id: KeyId::random()?,
            name: KeyName::parse(name).map_err(Error::internal)?,
            environment,
            role_id: role.id.clone(),
            all_role_scopes: selected.is_empty(),
            notes: if has_notes {
                NOTES[pick(index, 16, NOTES.len())].into()
            } else {
                String::new()
            },
            // Keys of customers, which are not all keys.
            owner: if pick(index, 17, 3) == 0 {
                Owner::parse(OWNERS[pick(index, 18, OWNERS.len())]).map_err(Error::internal)?
            } else {
                Owner::default()
            },
            external_id: external_id(index)?,
            version: 1 + i64::from(edited_at.is_some()),
            created_at,
            created_by: self.creator(index),
            edited_at,
            expires_at: Timestamp::end_of(self.now.plus(life.left * DAY).date()),
            secret_created_at: ago(index, life.secret, self.now),
            // The traffic sets these later.
            last_used_at: None,
            last_used_address: None,
            revoked_at,
            disabling: Disabling::default(),
            flagged_at: None,
            snoozed_at: None,
        };
        Ok(Details { key, role, selected, ip_whitelist, labels: labels(index)? })
    }

    /// A member who may create keys.
    fn creator(&self, index: u32) -> String {
        let may: Vec<_> =
            self.members.iter().filter(|member| member.may(Permission::CreateKeys)).collect();
        let chosen = may.get(pick(index, 12, may.len().max(1)));
        chosen.map(|member| member.id.as_str().to_owned()).unwrap_or_default()
    }
}

/// The selected scopes: a sixth of the keys leave out some of their role's scopes.
fn selected(index: u32, role: &Role) -> BTreeSet<String> {
    if pick(index, 17, 6) > 0 {
        return BTreeSet::new();
    }
    role.scopes.iter().step_by(2).cloned().collect()
}

/// A quarter of the keys may be used only from one to three addresses, all from the ranges that
/// RFC 5737 and RFC 3849 reserve for documentation.
fn ip_whitelist(index: u32) -> Result<IpWhitelist> {
    let host = |what| 1 + pick(index, what, 254);
    let lines = match pick(index, 20, 12) {
        0 => format!("203.0.113.{}", host(21)),
        1 => format!("198.51.100.{}\n2001:db8::{:x}", host(21), host(22)),
        2 => format!("192.0.2.{0}\n203.0.113.{0}\n2001:db8:0:{1:x}::1", host(21), host(22)),
        _ => String::new(),
    };
    parse(&lines)
}

/// A quarter of the keys were created by a program, which gave them an id of its own.
fn external_id(index: u32) -> Result<ExternalId> {
    if pick(index, 23, 4) > 0 {
        return Ok(ExternalId::default());
    }
    ExternalId::parse(&format!("crm-{}", 20_000 + index)).map_err(Error::internal)
}

fn labels(index: u32) -> Result<Labels> {
    Labels::parse(LABELS[pick(index, 24, LABELS.len())])
        .map_err(|messages| Error::internal(messages.join(", ")))
}

fn parse(lines: &str) -> Result<IpWhitelist> {
    IpWhitelist::parse(lines).map_err(|messages| Error::internal(messages.join(", ")))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
