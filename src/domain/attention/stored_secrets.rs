//! Texts that contain a secret key and were stored before the program rejected such texts.
//!
//! New texts cannot contain a secret key. So keys and members are searched once, a limited number
//! each minute, and the results are stored until they are edited. There are few roles, scopes,
//! webhooks and settings, so these are checked each time the page is rendered.

use std::collections::BTreeMap;

use super::store;
use crate::base::clock::Timestamp;
use crate::base::closed_set::closed_set;
use crate::base::error::Result;
use crate::base::secret_scan::contains_secret;
use crate::db::types::text_column;
use crate::db::{Connection, Db, Transaction};
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::{self, Member, MemberId, Permission};
use crate::domain::{mail, roles, scopes, settings, webhooks};

/// How many keys are read at once.
const BATCH: i64 = 1000;
/// How many batches are read each minute.
const MAX_BATCHES: usize = 50;
/// The largest number of members that are shown.
const MAX_MEMBERS: i64 = 20;

closed_set! {
    /// The kinds of things that are searched once.
    pub(super) enum Kind {
        Key = "api_key",
        Member = "member",
    }
}
text_column!(Kind);

/// Something other than a key that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherConcern {
    /// Names it, for example `The role “Billing”`.
    pub what: String,
    /// Why it needs attention.
    pub problem: Problem,
    /// The page where it can be edited.
    pub href: String,
    pub permission: Permission,
}

/// Why something other than a key needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Its text contains a secret key.
    ContainsSecret,
    /// Another one of its kind has the same name.
    NameTaken,
    /// Another member has the same email address.
    AddressTaken,
}

/// Whether a key's own text contains a secret key.
fn key_contains_secret(key: &ApiKey) -> bool {
    contains_secret(key.name.as_str()) || contains_secret(&key.notes)
}

fn member_contains_secret(member: &Member) -> bool {
    contains_secret(member.name.as_str()) || contains_secret(member.email.as_str())
}

/// Continues the search where the last call stopped, until everything was searched. Revoked keys
/// are skipped, because they can no longer be edited.
pub(super) fn search(db: &Db, now: Timestamp) -> Result<()> {
    let mut last_key_id = match db.read_in_background(store::search)? {
        None => {
            db.write_in_background(move |tx| begin(tx, now))?;
            String::new()
        }
        Some(search) if search.completed_at.is_some() => return Ok(()),
        Some(search) => search.last_key_id,
    };
    for _ in 0..MAX_BATCHES {
        let after = last_key_id.clone();
        let keys = db.read_in_background(move |c| api_keys::after(c, &after, BATCH))?;
        let Some(last) = keys.last() else {
            return db
                .write_in_background(move |tx| store::advance_search(tx, &last_key_id, Some(now)));
        };
        last.id.as_str().clone_into(&mut last_key_id);
        let until = last_key_id.clone();
        db.write_in_background(move |tx| {
            for key in
                keys.iter().filter(|key| key.revoked_at.is_none() && key_contains_secret(key))
            {
                store::insert(tx, Kind::Key, key.id.as_str(), now)?;
            }
            store::advance_search(tx, &until, None)
        })?;
    }
    Ok(())
}

fn begin(tx: &mut Transaction<'_>, now: Timestamp) -> Result<()> {
    for member in members::list(tx)?.iter().filter(|member| member_contains_secret(member)) {
        store::insert(tx, Kind::Member, member.id.as_str(), now)?;
    }
    store::begin_search(tx)
}

/// When each of the given keys was found, for those that still contain a secret key.
pub(super) fn found_at(
    connection: &mut Connection,
    keys: &[ApiKey],
) -> Result<BTreeMap<KeyId, Timestamp>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let found: BTreeMap<_, _> =
        store::found(connection, Kind::Key, Some(&ids), limit)?.into_iter().collect();
    let at = |key: &ApiKey| found.get(key.id.as_str()).map(|at| (key.id, *at));
    Ok(keys.iter().filter(|key| key_contains_secret(key)).filter_map(at).collect())
}

/// The keys that were found, at most `limit`.
pub(super) fn found_keys(connection: &mut Connection, limit: i64) -> Result<Vec<KeyId>> {
    let found = store::found(connection, Kind::Key, None, limit)?.into_iter();
    Ok(found.filter_map(|(id, _)| KeyId::parse(&id)).collect())
}

/// Forgets those of the given keys that no longer contain a secret key, or were revoked.
pub(super) fn forget(tx: &mut Transaction<'_>, keys: &[ApiKey]) -> Result<()> {
    for key in keys.iter().filter(|key| key.revoked_at.is_some() || !key_contains_secret(key)) {
        store::delete(tx, Kind::Key, key.id.as_str())?;
    }
    Ok(())
}

/// Everything other than keys that contains a secret key: settings, roles, scopes, webhooks and
/// members.
pub(super) fn other_concerns(connection: &mut Connection) -> Result<Vec<OtherConcern>> {
    let mut found = Vec::new();
    let mut add = |what: String, href: String, permission| {
        let problem = Problem::ContainsSecret;
        found.push(OtherConcern { what, problem, href, permission });
    };
    if contains_secret(&settings::get(connection)?.organisation) {
        add("The organisation’s name".into(), "/settings".into(), Permission::ManageSettings);
    }
    if mail::contains_secret(connection)? {
        add("The mail server’s settings".into(), "/settings".into(), Permission::ManageSettings);
    }
    for endpoint in webhooks::all(connection)? {
        if contains_secret(&endpoint.url) || contains_secret(&endpoint.description) {
            let href = format!("/webhooks/{}/edit", endpoint.id.as_str());
            add(format!("The webhook “{}”", endpoint.name()), href, Permission::ManageSettings);
        }
    }
    for role in roles::all(connection)? {
        if contains_secret(&role.name) || contains_secret(&role.description) {
            let href = format!("/roles/{}/edit", role.slug);
            add(format!("The role “{}”", role.name), href, Permission::ManageRoles);
        }
    }
    for scope in scopes::all(connection)? {
        if contains_secret(&scope.description) {
            let href = format!("/scopes/{}/edit", scope.name);
            add(format!("The scope {}", scope.name), href, Permission::ManageRoles);
        }
    }
    for member in found_members(connection)? {
        let what = format!("The member “{}”", member.name.as_str());
        add(what, "/members".into(), Permission::ManageMembers);
    }
    Ok(found)
}

/// The members who were found and whose text still contains a secret key.
fn found_members(connection: &mut Connection) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    for (id, _) in store::found(connection, Kind::Member, None, MAX_MEMBERS)? {
        found.extend(members::find(connection, &MemberId::stored(id))?);
    }
    found.retain(member_contains_secret);
    Ok(found)
}
