//! Changes of the provider and of its mappings.
//!
//! Who chooses the provider chooses who is everybody. So all of these changes need every permission,
//! and the other super managers are notified.

use super::draft::Draft;
use super::mapping::{Mapping, MappingId};
use super::provider::{NewMembers, Provider, subject};
use super::store;
use crate::base::clock::{MINUTE, Timestamp};
use crate::base::error::{Error, Invalid, Result};
use crate::base::outgoing::Policy;
use crate::base::text::{self, TypedText};
use crate::db::Transaction;
use crate::domain::activity::{self, Change, Context, Entry, Event};
use crate::domain::members::mail_server::{self, Notification};
use crate::domain::members::ways_in::{self, Passwords};
use crate::domain::members::{Access, Permissions, RequestedAccess, mapped};

/// How recently somebody must have signed in at the provider to turn passwords off, in milliseconds.
const MAX_SIGN_IN_AGE: i64 = 10 * MINUTE;
/// How many mappings there may be.
const MAX_MAPPINGS: usize = 200;
/// The longest name of a group, in characters.
const MAX_GROUP_LENGTH: usize = 250;

/// Changes the provider; a draft without an issuer turns single sign-on off. `signed_in_at` is when
/// the author signed in at the provider, if their session began there. Returns the notification to
/// send after the commit.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::Conflict`] when the
/// provider has changed since `version`; [`Error::Invalid`] when the draft breaks rules.
pub fn change(
    tx: &mut Transaction<'_>,
    draft: &Draft,
    version: i64,
    signed_in_at: Option<Timestamp>,
    policy: &Policy,
    context: &Context,
) -> Result<Option<Notification>> {
    mail_server::check_every_permission(tx, context)?;
    let before = store::provider(tx, &context.keyring)?;
    if before.as_ref().map_or(0, |before| before.version) != version {
        return Err(Error::Conflict);
    }
    let after = draft.check(before.as_ref(), policy).map_err(Error::Invalid)?;
    if let Some(after) = &after {
        check_rules(tx, before.as_ref(), after, signed_in_at, context.now)?;
    }
    let changes = changes(before.as_ref(), after.as_ref());
    if changes.is_empty() {
        return Ok(None);
    }
    store::replace(tx, after.as_ref(), &context.keyring)?;
    if after.is_none() {
        store::delete_mappings(tx)?;
        mapped::release_all(tx)?;
    }
    ways_in::check_a_manager_remains(tx)?;
    record(tx, &changes, context)?;
    mail_server::notification_of(tx, changes, context)
}

/// Allows passwords again, for whoever runs Latchkey.
///
/// # Errors
/// [`Error::Invalid`] when single sign-on is off or passwords are allowed.
pub fn allow_passwords(tx: &mut Transaction<'_>, context: &Context) -> Result<()> {
    let before = store::provider(tx, &context.keyring)?.filter(Provider::is_enforced);
    let before = before.ok_or_else(|| Error::invalid("", "passwords are allowed already"))?;
    let version = before.version + 1;
    let after = Provider { passwords: Passwords::Allowed, version, ..before.clone() };
    store::replace(tx, Some(&after), &context.keyring)?;
    record(tx, &changes(Some(&before), Some(&after)), context)
}

fn check_rules(
    tx: &mut Transaction<'_>,
    before: Option<&Provider>,
    after: &Provider,
    signed_in_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let mut invalid = Invalid::default();
    if after.new_members == NewMembers::Mapped && after.mappings.is_empty() {
        invalid.add("new_members", "Add a mapping of a group first");
    }
    let is_same =
        |before: &Provider| before.issuer == after.issuer && before.client_id == after.client_id;
    if after.is_enforced() && !before.is_some_and(is_same) {
        let message = "Allow passwords first: nobody has signed in at the new provider yet";
        invalid.add("passwords", message);
    } else if after.is_enforced() && !before.is_some_and(Provider::is_enforced) {
        let is_recent = |at| (0..MAX_SIGN_IN_AGE).contains(&now.since(at));
        if !signed_in_at.is_some_and(is_recent) {
            let message = "Sign in with single sign-on first, at most 10 minutes before you turn \
                           passwords off";
            invalid.add("passwords", message);
        } else if !ways_in::has_ready_break_glass(tx, None)? {
            invalid.add("passwords", "Choose a break-glass member first");
        }
    }
    if invalid.is_empty() { Ok(()) } else { Err(Error::Invalid(invalid)) }
}

/// Records a change, and separately who may use a password.
pub(super) fn record(
    tx: &mut Transaction<'_>,
    changes: &[Change],
    context: &Context,
) -> Result<()> {
    let is_about_passwords = |change: &&Change| change.field == PASSWORDS;
    let (enforced, others): (Vec<_>, Vec<_>) = changes.iter().partition(is_about_passwords);
    for (event, changes) in [(Event::SsoChanged, others), (Event::SsoEnforced, enforced)] {
        if !changes.is_empty() {
            let details = serde_json::json!({ "changes": changes });
            activity::record(tx, context, &Entry::about(event, subject()).with(details))?;
        }
    }
    Ok(())
}

/// The label of the setting that says who may use a password.
const PASSWORDS: &str = "Passwords";

/// The changed values, with the labels of the form; never the secret.
fn changes(before: Option<&Provider>, after: Option<&Provider>) -> Vec<Change> {
    type Field = (&'static str, fn(&Provider) -> String);
    const FIELDS: [Field; 8] = [
        ("Issuer", |provider| provider.issuer.clone()),
        ("Client ID", |provider| provider.client_id.clone()),
        ("Scopes", |provider| provider.scopes.clone()),
        ("Groups claim", |provider| provider.groups_claim.clone()),
        ("Button", |provider| provider.button.clone()),
        ("New members", |provider| provider.new_members.label().to_owned()),
        (PASSWORDS, |provider| provider.passwords.label().to_owned()),
        ("Sign out at the provider", |provider| {
            if provider.sign_out_at_provider { "on" } else { "off" }.to_owned()
        }),
    ];
    let change = |field: &str, from, to| Change { field: field.to_owned(), from, to };
    let shown = |provider: Option<&Provider>, value: fn(&Provider) -> String| {
        provider.map(value).unwrap_or_default()
    };
    let mut changes: Vec<Change> = FIELDS
        .iter()
        .map(|(field, value)| change(field, shown(before, *value), shown(after, *value)))
        .filter(|change| change.from != change.to)
        .collect();
    let is_enforced = |provider: Option<&Provider>| provider.is_some_and(Provider::is_enforced);
    if is_enforced(before) == is_enforced(after) {
        // A provider that is new or turned off changes nothing about passwords.
        changes.retain(|change| change.field != PASSWORDS);
    }
    let secret = |provider: Option<&Provider>| provider.map(|one| one.client_secret.clone());
    let (from, to) = (secret(before), secret(after));
    if from != to {
        let state = |is_set| if is_set { "set" } else { "not set" };
        let now = if from.is_some() && to.is_some() { "changed" } else { state(to.is_some()) };
        changes.push(change("Client secret", state(from.is_some()).into(), now.into()));
    }
    changes
}

/// A mapping as submitted in a form.
#[derive(Clone, Debug, Default)]
pub struct MappingDraft {
    pub group: String,
    pub requested: RequestedAccess,
}

/// Adds a mapping, or changes the one with this id.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::NotFound`] when the
/// mapping does not exist; [`Error::Invalid`] when a field is wrong.
pub fn save_mapping(
    tx: &mut Transaction<'_>,
    id: Option<&MappingId>,
    draft: &MappingDraft,
    context: &Context,
) -> Result<Option<Notification>> {
    // Nobody maps a permission that they do not hold, because this takes all of them.
    mail_server::check_every_permission(tx, context)?;
    let all = store::mappings(tx)?;
    let before = id.map(|id| all.iter().find(|one| one.id == *id).ok_or(Error::NotFound));
    let before = before.transpose()?;
    let mut invalid = Invalid::default();
    let stored = before.map_or("", |before| &before.group);
    let typed = TypedText::replacing(&draft.group, stored);
    let group = text::one_line(typed, "Group", MAX_GROUP_LENGTH);
    let group = invalid.collect("group", group).unwrap_or_default();
    let is_taken = |one: &&Mapping| one.group == group && Some(&one.id) != id;
    if group.is_empty() && invalid.is_empty() {
        invalid.add("group", "Enter the name of a group, as the provider sends it");
    } else if all.iter().any(|one| is_taken(&one)) {
        invalid.add("group", "This group has a mapping already");
    } else if before.is_none() && all.len() >= MAX_MAPPINGS {
        invalid.add("group", format!("There are {MAX_MAPPINGS} mappings already"));
    }
    let access = draft.requested.check(Access::default(), Permissions::all());
    let access = invalid.and(access)?;
    let mapping = Mapping { id: id.cloned().map_or_else(MappingId::random, Ok)?, group, access };
    let words = |one: &Mapping| format!("{}: {}", one.group, words(one.access));
    let change = mapping_change(before.map(words), Some(words(&mapping)));
    if change.from == change.to {
        return Ok(None);
    }
    store::save_mapping(tx, &mapping)?;
    record(tx, std::slice::from_ref(&change), context)?;
    mail_server::notification_of(tx, vec![change], context)
}

/// Deletes a mapping. Members whose access it gave lose it when they sign in the next time; without
/// any mapping, access is edited by hand again.
///
/// # Errors
/// [`Error::Forbidden`] when the author does not hold every permission; [`Error::NotFound`] when the
/// mapping does not exist; [`Error::Invalid`] when new members need one.
pub fn delete_mapping(
    tx: &mut Transaction<'_>,
    id: &MappingId,
    context: &Context,
) -> Result<Option<Notification>> {
    mail_server::check_every_permission(tx, context)?;
    let all = store::mappings(tx)?;
    let mapping = all.iter().find(|one| one.id == *id).ok_or(Error::NotFound)?;
    if all.len() == 1 {
        let provider = store::provider(tx, &context.keyring)?;
        if provider.is_some_and(|provider| provider.new_members == NewMembers::Mapped) {
            let message = "New members need a mapping. Change who becomes a member first";
            return Err(Error::invalid("", message));
        }
        mapped::release_all(tx)?;
    }
    store::delete_mapping(tx, id)?;
    let words = format!("{}: {}", mapping.group, words(mapping.access));
    let change = mapping_change(Some(words), None);
    record(tx, std::slice::from_ref(&change), context)?;
    mail_server::notification_of(tx, vec![change], context)
}

fn mapping_change(from: Option<String>, to: Option<String>) -> Change {
    let field = "Mapping".into();
    Change { field, from: from.unwrap_or_default(), to: to.unwrap_or_default() }
}

fn words(access: Access) -> String {
    let permissions = access.held().names().join(", ");
    if permissions.is_empty() { access.role().to_owned() } else { permissions }
}
