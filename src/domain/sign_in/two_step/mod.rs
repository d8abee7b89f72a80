//! The second step of signing in: an authenticator app or a passkey, and recovery codes for members who
//! lost it.
//!
//! Everything that changes how a member signs in returns a [`Change`], about which the caller mails
//! the member in the same transaction. ASVS 6.3.3, 6.5.1 to 6.5.5.

pub mod app;
mod passkey;
mod policy;
mod recovery_codes;
mod store;

pub use passkey::{AddedPasskey, add_passkey, remove_passkey};
pub use policy::{Requirement, change_settings};
pub use store::change_master_key;

use app::AppSecret;
use store::StoredApp;

use super::{codes, passkeys, sessions};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::keyring::{Keyring, Purpose};
use crate::db::{Connection, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Member, MemberId, access, ways_in};

/// The message for a code that is not accepted.
pub const WRONG: &str = "This code is wrong or was used before. Enter the current code";
/// The longest code that is read, in characters, with spaces.
const MAX_TYPED_LENGTH: usize = 40;

/// The second factors of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    pub app: Option<AuthenticatorApp>,
    /// How many recovery codes are left.
    pub codes_left: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorApp {
    pub added_at: Timestamp,
    /// When a code of it was last accepted, to the half minute.
    pub last_used_at: Timestamp,
}

/// What was changed in how a member signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    AppAdded,
    AppReplaced,
    AppRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    CodesMade,
    CodeUsed {
        /// How many codes are left.
        left: i64,
    },
    /// Somebody else removed all second factors.
    RemovedForMember,
}

/// A change in how a member signs in, about which the member is mailed in the same transaction.
#[must_use]
#[derive(Clone, Debug)]
pub struct Change {
    pub member: Member,
    pub kind: ChangeKind,
}

impl Change {
    /// How many recovery codes are left, if one was used.
    pub fn codes_left(&self) -> Option<i64> {
        match self.kind {
            ChangeKind::CodeUsed { left } => Some(left),
            _ => None,
        }
    }
}

/// The second factors of a member.
pub fn factors(connection: &mut Connection, member: &MemberId) -> Result<Factors> {
    let app = store::app_times(connection, member)?;
    Ok(Factors { app, codes_left: store::count_codes(connection, member)? })
}

/// The secret of the app that the member sets up in the session with this reference. It stays the
/// same when the page is loaded again, and nothing is stored until a code of the app is entered.
pub fn new_secret(
    connection: &mut Connection,
    keyring: &Keyring,
    member: &MemberId,
    session: &str,
) -> Result<AppSecret> {
    let version = store::version(connection, member)?.to_string();
    let parts = ["new authenticator app", member.as_str(), session, &version];
    let parts = parts.map(|part| [part.as_bytes(), &[0]].concat());
    let mac = keyring.mac(Purpose::Web, &parts.each_ref().map(Vec::as_slice));
    AppSecret::from_bytes(&mac[..20]).ok_or_else(|| Error::internal("a secret has 20 bytes"))
}

/// Sets up the app whose secret [`new_secret`] gives, which replaces an earlier one, if `code` is a
/// current code of it. Also
/// makes recovery codes, which are returned, unless the member has some.
///
/// # Errors
/// [`Error::Invalid`] when the code is wrong.
pub fn add_app(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    session: &str,
    code: &str,
    context: &Context,
) -> Result<(Change, Vec<String>)> {
    let member = current(tx, member)?;
    let secret = new_secret(tx, &context.keyring, &member.id, session)?;
    let wrong = || {
        let message = "This code is wrong. Check that the clock of your phone is right, then enter the current code";
        Error::invalid("code", message)
    };
    let last_step = secret.step_of(code, context.now)?.ok_or_else(wrong)?;
    let is_new = store::app_times(tx, &member.id)?.is_none();
    let app = StoredApp { secret, last_step };
    store::replace_app(tx, &context.keyring, &member.id, &app, context.now)?;
    let has_codes = store::count_codes(tx, &member.id)? > 0;
    let codes = if has_codes { Vec::new() } else { replace_codes(tx, &member.id, context)? };
    let kind = if is_new { ChangeKind::AppAdded } else { ChangeKind::AppReplaced };
    let details = serde_json::json!({ "replaced": !is_new, "codes_made": codes.len() });
    changed(tx, &member, Event::TwoStepAppAdded, details, context)?;
    Ok((Change { member, kind }, codes))
}

/// Removes the member's app. Recovery codes without a second factor are of no use, so they end too.
///
/// # Errors
/// [`Error::Conflict`] when the member has no app; [`Error::Invalid`] when the organisation requires
/// a second factor and this is the last one.
pub fn remove_app(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    context: &Context,
) -> Result<Change> {
    let member = current(tx, member)?;
    if !store::delete_app(tx, &member.id)? {
        return Err(Error::Conflict);
    }
    end_without_factors(tx, &member, context)?;
    changed(tx, &member, Event::TwoStepAppRemoved, serde_json::json!({}), context)?;
    Ok(Change { member, kind: ChangeKind::AppRemoved })
}

/// Makes ten new recovery codes; the old ones end.
///
/// # Errors
/// [`Error::Conflict`] when the member has no second factor.
pub fn make_codes(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    context: &Context,
) -> Result<(Change, Vec<String>)> {
    let member = current(tx, member)?;
    if member.two_step_since.is_none() {
        return Err(Error::Conflict);
    }
    let codes = replace_codes(tx, &member.id, context)?;
    activity::record(tx, context, &Entry::about(Event::TwoStepCodesMade, member.subject()))?;
    Ok((Change { member, kind: ChangeKind::CodesMade }, codes))
}

/// Removes all second factors of another member, who lost them, and ends their sessions.
///
/// # Errors
/// [`Error::Forbidden`] when the member is the author or holds permissions that the author does not
/// have; [`Error::Conflict`] when the member has no second factor.
pub fn remove_for_member(
    tx: &mut Transaction<'_>,
    id: &MemberId,
    context: &Context,
) -> Result<Change> {
    let member = access::with_removable_factors(tx, id, context)?;
    if member.two_step_since.is_none() {
        return Err(Error::Conflict);
    }
    store::delete_app(tx, &member.id)?;
    store::delete_codes(tx, &member.id)?;
    passkeys::remove_all_of(tx, &member.id)?;
    changed(tx, &member, Event::TwoStepRemovedForMember, serde_json::json!({}), context)?;
    sessions::end_all_of(tx, &member.id)?;
    Ok(Change { member, kind: ChangeKind::RemovedForMember })
}

/// Accepts a code of the member's app, or one of their recovery codes, and uses it up. Returns
/// `None` if the code is not accepted, and what to tell the member if it is.
pub(super) fn accept(
    tx: &mut Transaction<'_>,
    member: &Member,
    typed: &str,
    context: &Context,
) -> Result<Option<Accepted>> {
    if typed.chars().nth(MAX_TYPED_LENGTH).is_some() {
        return Ok(None);
    }
    if app::digits(typed).is_some() {
        return accept_app_code(tx, member, typed, context);
    }
    let hash = recovery_codes::hash(&context.keyring, &member.id, typed);
    let Some(hash) = hash else { return Ok(None) };
    if !store::use_code(tx, &member.id, &hash, context.now)? {
        return Ok(None);
    }
    let left = store::count_codes(tx, &member.id)?;
    let entry = Entry::about(Event::TwoStepCodeUsed, member.subject());
    activity::record(tx, context, &entry.with(serde_json::json!({ "left": left })))?;
    Ok(Some(Some(Change { member: member.clone(), kind: ChangeKind::CodeUsed { left } })))
}

/// What to tell the member after a code was accepted, if anything.
pub(super) type Accepted = Option<Change>;

fn accept_app_code(
    tx: &mut Transaction<'_>,
    member: &Member,
    typed: &str,
    context: &Context,
) -> Result<Option<Accepted>> {
    let stored = store::app(tx, &context.keyring, &member.id)?;
    let Some(StoredApp { secret, last_step }) = stored else { return Ok(None) };
    // Each step is accepted once (RFC 6238, 5.2).
    let step = secret.step_of(typed, context.now)?.filter(|step| *step > last_step);
    let Some(step) = step else { return Ok(None) };
    store::set_last_step(tx, &member.id, step)?;
    Ok(Some(None))
}

/// Records a change of the member's second factors: whether they have any, the end of sign-ins that
/// wait for their second step, and the entry of the activity.
fn changed(
    tx: &mut Transaction<'_>,
    member: &Member,
    event: Event,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    note_change(tx, member, context)?;
    activity::record(tx, context, &Entry::about(event, member.subject()).with(details))
}

/// Stores whether the member has any second factor, and ends sign-ins that wait for their second step.
fn note_change(tx: &mut Transaction<'_>, member: &Member, context: &Context) -> Result<()> {
    let has_any = has_any(tx, &member.id)?;
    let since = has_any.then(|| member.two_step_since.unwrap_or(context.now));
    if !has_any {
        ways_in::second_factor_lost(tx, member)?;
    }
    store::set_since(tx, &member.id, since)?;
    codes::end_second_steps_of(tx, &member.id)
}

/// Ends the recovery codes of a member whose last second factor was removed, if they may have none.
fn end_without_factors(tx: &mut Transaction<'_>, member: &Member, context: &Context) -> Result<()> {
    if has_any(tx, &member.id)? {
        return Ok(());
    }
    policy::check_removable(tx, member, context.now)?;
    store::delete_codes(tx, &member.id)
}

/// Whether the member has an app, or a passkey for any host: one for another host still protects the
/// account, which recovery codes open.
fn has_any(connection: &mut Connection, member: &MemberId) -> Result<bool> {
    Ok(store::app_times(connection, member)?.is_some()
        || !passkeys::list(connection, member)?.is_empty())
}

fn replace_codes(
    tx: &mut Transaction<'_>,
    member: &MemberId,
    context: &Context,
) -> Result<Vec<String>> {
    let codes = recovery_codes::new()?;
    let hash = |code: &String| {
        recovery_codes::hash(&context.keyring, member, code)
            .ok_or_else(|| Error::internal("a new recovery code is not one"))
    };
    let hashes: Vec<String> = codes.iter().map(hash).collect::<Result<_>>()?;
    store::replace_codes(tx, member, &hashes)?;
    Ok(codes)
}

fn current(tx: &mut Transaction<'_>, id: &MemberId) -> Result<Member> {
    members::find(tx, id)?.filter(Member::is_active).ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests;
