//! The organisation: settings, the resources of its API, roles and members.

use super::visits;
use crate::base::clock::{DAY, Timestamp};
use crate::base::error::{Error, Result};
use crate::base::keyring::Keyring;
use crate::base::random;
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberName, NewMember, Permission, Permissions};
use crate::domain::roles::{self, Role};
use crate::domain::scopes::{self, Resource, Scope};
use crate::domain::settings::{self, Settings};
use crate::domain::sign_in::Password;
use crate::domain::sign_in::hasher::hash_blocking;

/// The organisation's name.
pub const NAME: &str = "Meridian Freight";

/// How many days ago it was set up: longer than the lifetime of a key.
const AGE: i64 = 400;

/// The resources of its API, with a description and the operations of each.
const RESOURCES: [(&str, &str, &[&str]); 6] = [
    ("shipments", "Bookings, tracking events and proof of delivery", &["read", "write"]),
    ("orders", "Sales orders and their lines", &["read", "write"]),
    ("invoices", "Issued invoices and credit notes", &["read", "write"]),
    ("customers", "Names, addresses and contacts. Personal data", &["read", "write"]),
    ("reports", "Figures calculated overnight", &["read"]),
    ("webhooks", "Endpoints and their deliveries", &["read", "write"]),
];

/// Custom roles: slug, name, description, scopes.
const ROLES: [(&str, &str, &str, &[&str]); 3] = [
    (
        "billing",
        "Billing",
        "Invoice export and reconciliation.",
        &["invoices:read", "invoices:write", "customers:read", "reports:read"],
    ),
    (
        "warehouse",
        "Warehouse",
        "Handheld scanners and dock gateways.",
        &["shipments:read", "shipments:write", "orders:read"],
    ),
    (
        "webhooks",
        "Webhooks",
        "Create and maintain webhook endpoints.",
        &["webhooks:read", "webhooks:write"],
    ),
];

const VIEW_ONLY: [Permission; 2] = [Permission::ViewKeys, Permission::ViewActivity];

/// Members: name, email address, whether they are a super manager, and their permissions.
/// The last one left later.
const PEOPLE: [(&str, &str, bool, &[Permission]); 5] = [
    ("Ines Okafor", "ines@meridianfreight.example", true, &Permission::ALL),
    ("Tomas Lind", "tomas@meridianfreight.example", true, &Permission::ALL),
    ("Priya Raman", "priya@meridianfreight.example", true, &VIEW_ONLY),
    ("Joren Maas", "joren@meridianfreight.example", false, &[]),
    ("Hanna Weiss", "hanna@meridianfreight.example", true, &VIEW_ONLY),
];

/// A different password for every sample, so that no instance has a known one.
pub(super) fn password() -> Result<zeroize::Zeroizing<String>> {
    let groups = [(); 4].map(|()| random::text(b"abcdefghjkmnpqrstuvwxyz23456789", 4));
    let groups = groups.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(groups.join("-").into())
}

/// A hash of the password for each member.
pub(super) fn hashes(password: &zeroize::Zeroizing<String>) -> Result<Vec<String>> {
    PEOPLE.iter().map(|_| hash_blocking(&Password::presented(password.clone()))).collect()
}

/// Whether the database already has members.
pub(super) fn exists(connection: &mut Connection) -> Result<bool> {
    members::any(connection)
}

/// Creates everything except the keys, with a limit above the `keys` that will be added.
pub(super) fn set_up(
    tx: &mut Transaction<'_>,
    hashes: Vec<String>,
    keys: i64,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<(Settings, Vec<Role>, Vec<Member>)> {
    let begin = now.plus(-AGE * DAY);
    let context = Context::command_line(keyring.clone(), begin);
    let mut settings = settings::get(tx)?;
    NAME.clone_into(&mut settings.organisation);
    settings.active_key_limit = limit(keys);
    settings.checklist_closed = true;
    settings::save(tx, &settings)?;
    scopes::add(tx, offered()?, &context)?;
    add_roles(tx, begin)?;
    let members = add_members(tx, hashes, &context)?;
    Ok((settings, roles::all(tx)?, members))
}

/// A limit of a fifth more than the number of keys, rounded up to hundreds.
fn limit(keys: i64) -> i64 {
    ((keys + keys / 5 + 99) / 100).max(1) * 100
}

fn offered() -> Result<Vec<Scope>> {
    let mut scopes = Vec::new();
    for (name, description, operations) in RESOURCES {
        let resource = Resource::new(name, description).map_err(Error::internal)?;
        scopes.extend(operations.iter().map(|operation| resource.scope(operation)));
    }
    Ok(scopes)
}

fn add_roles(tx: &mut Transaction<'_>, begin: Timestamp) -> Result<()> {
    roles::add_built_in(tx, begin)?;
    for (slug, name, description, scopes) in ROLES {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let role = Role::custom(&format!("role_{slug}"), slug, name, description, scopes);
        roles::add(tx, &role, begin)?;
    }
    Ok(())
}

/// The first member sets up the organisation and adds the others in the following weeks.
fn add_members(
    tx: &mut Transaction<'_>,
    hashes: Vec<String>,
    context: &Context,
) -> Result<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    let mut context = context.clone();
    for ((name, email, super_manager, permissions), hash) in PEOPLE.into_iter().zip(hashes) {
        let new = NewMember {
            name: MemberName::parse(name).map_err(Error::internal)?,
            email: Email::parse(email).map_err(Error::internal)?,
            password_hash: Some(hash),
            super_manager,
            permissions: permissions.iter().copied().collect::<Permissions>(),
        };
        let member = members::add(tx, &new, &context)?;
        if members.is_empty() {
            let details = serde_json::json!({ "organisation": NAME });
            let entry = Entry::about(Event::SetUp, member.subject()).with(details);
            activity::record(tx, &context, &entry)?;
            context = context.as_member(member.id.as_str(), member.name.as_str());
            context.origin = visits::desk(0);
        }
        context.now = context.now.plus(9 * DAY);
        members.push(member);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_more_keys() {
        assert_eq!([0, 40, 90, 1000, 1_000_000].map(limit), [100, 100, 200, 1200, 1_200_000]);
    }
}
