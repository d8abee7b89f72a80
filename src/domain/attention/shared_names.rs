//! Names and addresses that an older version of the program treated as different, and that are the
//! same now. Each is kept, and listed, until it is edited.

use std::collections::BTreeMap;

use super::store;
use super::stored_secrets::{OtherConcern, Problem};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::text;
use crate::db::{Connection, Db, Transaction};
use crate::domain::api_keys::{self, ApiKey, KeyId};
use crate::domain::members::{self, MemberId, Permission};
use crate::domain::{reviews, roles, settings};

/// The kind of a key that has the same name as another key.
const KEY: &str = "api_key";
/// The kind of a member who has the same address as another member.
const MEMBER: &str = "member";
/// The largest number of members that are shown.
const MAX_MEMBERS: i64 = 20;

/// Folds every name and address again, once after each change of the folding rules.
pub fn fold_names(db: &Db, now: Timestamp) -> Result<()> {
    if db.read_blocking(settings::names_folded)? >= text::FOLDING {
        return Ok(());
    }
    db.write_blocking(|tx| {
        if settings::names_folded(tx)? >= text::FOLDING {
            return Ok(());
        }
        for id in api_keys::fold_names_again(tx)? {
            store::insert_shared_name(tx, KEY, id.as_str(), now)?;
        }
        for id in members::fold_emails_again(tx)? {
            store::insert_shared_name(tx, MEMBER, id.as_str(), now)?;
        }
        roles::fold_names_again(tx)?;
        reviews::sort_names_again(tx)?;
        settings::set_names_folded(tx, text::FOLDING)
    })
}

/// Since when each of the given keys has the same name as another key. Keys with a unique name are
/// left out.
pub(super) fn found_at(
    connection: &mut Connection,
    keys: &[ApiKey],
) -> Result<BTreeMap<KeyId, Timestamp>> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let found = store::shared_names(connection, KEY, Some(&ids), limit)?;
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let shared = api_keys::with_shared_names(connection, keys)?;
    let found = found.into_iter().filter_map(|(id, at)| Some((KeyId::parse(&id)?, at)));
    Ok(found.filter(|(id, _)| shared.contains(id)).collect())
}

/// The keys that were found, at most `limit`.
pub(super) fn found_keys(connection: &mut Connection, limit: i64) -> Result<Vec<KeyId>> {
    let found = store::shared_names(connection, KEY, None, limit)?.into_iter();
    Ok(found.filter_map(|(id, _)| KeyId::parse(&id)).collect())
}

/// Forgets those of the given keys that have a unique name by now.
pub(super) fn forget(tx: &mut Transaction<'_>, keys: &[ApiKey]) -> Result<()> {
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let known = store::shared_names(tx, KEY, Some(&ids), limit)?;
    if known.is_empty() {
        return Ok(());
    }
    let shared = api_keys::with_shared_names(tx, keys)?;
    let is_known = |key: &&ApiKey| known.iter().any(|(id, _)| id == key.id.as_str());
    for key in keys.iter().filter(is_known).filter(|key| !shared.contains(&key.id)) {
        api_keys::settle_name(tx, key)?;
        store::delete_shared_name(tx, KEY, key.id.as_str())?;
    }
    Ok(())
}

/// Roles that have the name of another role, and members who have the address of another member.
pub(super) fn other_concerns(connection: &mut Connection) -> Result<Vec<OtherConcern>> {
    let mut found = Vec::new();
    for (slug, name) in roles::with_shared_names(connection)? {
        found.push(OtherConcern {
            what: format!("The role “{name}”"),
            problem: Problem::NameTaken,
            href: format!("/roles/{slug}/edit"),
            permission: Permission::ManageRoles,
        });
    }
    for (id, _) in store::shared_names(connection, MEMBER, None, MAX_MEMBERS)? {
        let Some(member) = members::find(connection, &MemberId::stored(id))? else { continue };
        if members::shares_address(connection, &member)? {
            found.push(OtherConcern {
                what: format!("The member “{}”", member.name.as_str()),
                problem: Problem::AddressTaken,
                href: "/members".into(),
                permission: Permission::ManageMembers,
            });
        }
    }
    Ok(found)
}
