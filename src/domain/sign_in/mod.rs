//! Signing in: passwords and how often they may be tried, sessions, one-time codes and set-up.
//!
//! Uses activity, settings and members; does not depend on later features.

pub mod access;
mod codes;
pub mod confirmation;
pub mod device;
mod failures;
#[cfg(test)]
pub(crate) mod fixture;
mod hash;
pub mod hasher;
pub mod invitation;
pub mod known;
mod new_network;
pub mod own_sessions;
pub mod passkeys;
pub mod password;
pub mod password_change;
mod queue;
pub mod reset;
pub mod restored;
pub mod second_step;
pub mod sessions;
pub mod set_up;
mod store;
pub mod throttle;
pub mod two_step;

pub use confirmation::Confirmation;
pub use hasher::{Busy, Hasher};
pub use password::Password;
pub use queue::Requester;
pub use throttle::Throttle;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Email, Member, MemberId, ways_in};
use hasher::PasswordCheck;

/// The message for somebody who may not sign in with their password.
pub const PASSWORDS_OFF: &str = "Passwords are turned off. Sign in with single sign-on";

/// The state that all sign-ins share; one for the whole program.
pub struct SignInService {
    pub hasher: Hasher,
    /// Limits how often passwords may be tried.
    pub throttle: Throttle,
}

impl SignInService {
    /// Starts the hasher's threads.
    pub fn new() -> Result<Self> {
        Ok(Self { hasher: Hasher::start()?, throttle: Throttle::default() })
    }
}

/// The result of an attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The credentials are right, and the member may sign in.
    SignedIn(Member),
    /// The credentials are right, and the member must enter a code as well; the text connects the
    /// two steps.
    NeedsSecondStep(Member, String),
    /// The address or the password is wrong, or the member may not sign in; the result does not
    /// reveal which.
    Wrong,
    /// The credentials are right, but only break-glass members may sign in with a password.
    PasswordsOff,
    /// The attempt was not checked because too many came before it.
    TooMany {
        /// After how many seconds the next attempt may succeed.
        seconds: u64,
    },
    /// The attempt was not checked because too many others are waiting.
    Busy,
}

/// Signs a member in if the credentials are right. The work and the outcome are the same for an
/// unknown address, a disabled member, a member without a password and a wrong password (ASVS
/// 6.3.8). `browser` is the id in the cookie of a browser that a member has signed in with before.
pub async fn sign_in(
    db: &Db,
    sign_in_service: &SignInService,
    email: &str,
    password: Password,
    browser: Option<String>,
    context: &Context,
) -> Result<Outcome> {
    let parsed = Email::look_up(email).ok();
    let account = parsed.as_ref().map(Email::folded);
    let reservation =
        match sign_in_service.throttle.reserve(account, known::network(context), context.now) {
            Ok(reservation) => reservation,
            Err(wait) => return Ok(Outcome::TooMany { seconds: wait.seconds }),
        };
    let requesting_context = context.clone();
    let found = db.read(move |connection| {
        let requester = known::requester(connection, browser, &requesting_context)?;
        Ok((look_up(connection, parsed.as_ref())?, requester))
    });
    let (found, requester) = found.await?;
    let stored = found.as_ref().filter(|(member, _)| member.is_active());
    let stored = stored.and_then(|(_, hash)| hash.clone());
    let Ok(checked) = sign_in_service.hasher.verify(requester, password, stored).await else {
        sign_in_service.throttle.not_tried(reservation);
        return Ok(Outcome::Busy);
    };
    let context = context.clone();
    let outcome = db.write(move |tx| conclude(tx, &found, &checked, &context)).await?;
    match outcome {
        Outcome::SignedIn(_) => sign_in_service.throttle.succeeded(reservation),
        Outcome::NeedsSecondStep(..) => {
            sign_in_service.throttle.password_was_right(&reservation);
        }
        Outcome::Wrong | Outcome::PasswordsOff | Outcome::TooMany { .. } | Outcome::Busy => {}
    }
    Ok(outcome)
}

/// Records that a member has signed in without a password, as `details` say.
pub fn note_sign_in_elsewhere(
    tx: &mut Transaction<'_>,
    member: &Member,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    note(tx, member, details, context)
}

fn note(
    tx: &mut Transaction<'_>,
    member: &Member,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    members::note_sign_in(tx, member, details, context)?;
    known::remember_network(tx, context)?;
    new_network::note(tx, member, context)
}

/// Ends the member's session with this reference, and records that they signed out.
pub fn sign_out(
    tx: &mut Transaction<'_>,
    member: &Member,
    session: &str,
    context: &Context,
) -> Result<()> {
    sessions::end_referenced(tx, &member.id, session, context.now)?;
    activity::record(tx, context, &Entry::about(Event::SignedOut, member.subject()))
}

/// Deletes sessions that are no longer remembered, expired codes, form tokens that can no longer be used, and networks that
/// nobody has signed in from for a long time. Returns the number of deleted rows.
pub fn purge(tx: &mut Transaction<'_>, now: Timestamp) -> Result<usize> {
    Ok(store::delete_ended_sessions(tx, now.plus(-sessions::REMEMBERED))?
        + store::delete_expired_codes(tx, now)?
        + store::delete_spent_form_tokens(tx, now)?
        + known::purge(tx, now)?
        + new_network::purge(tx, now)?)
}

/// A member and their password hash, if the member exists.
type Account = Option<(Member, Option<String>)>;

fn look_up(connection: &mut Connection, email: Option<&Email>) -> Result<Account> {
    let found = email.map(|email| members::by_email(connection, email)).transpose()?.flatten();
    if found.is_none() {
        // A member's permissions take a second query, so an unknown address makes one too.
        members::find(connection, &MemberId::stored(String::new()))?;
    }
    Ok(found)
}

fn conclude(
    tx: &mut Transaction<'_>,
    found: &Account,
    checked: &PasswordCheck,
    context: &Context,
) -> Result<Outcome> {
    if let (Some((member, hash)), PasswordCheck::Right { rehashed }) = (found, checked)
        && let Some((now, current)) = members::by_email(tx, &member.email)?
        // Checking takes a while; the member must not have been disabled or reset in the meantime.
        && now.id == member.id
        && now.is_active()
        && current == *hash
    {
        if !ways_in::password_is_allowed(tx, &now.id)? {
            return Ok(Outcome::PasswordsOff);
        }
        if rehashed.is_some() {
            members::set_password_hash(tx, &now.id, rehashed.as_deref())?;
        }
        if now.two_step_since.is_some() {
            let step = begin_second_step(tx, &now, context)?;
            return Ok(Outcome::NeedsSecondStep(now, step));
        }
        complete(tx, &now, serde_json::json!({}), context)?;
        return Ok(Outcome::SignedIn(now));
    }
    failures::record(tx, found.as_ref().map(|(member, _)| member), context)?;
    Ok(Outcome::Wrong)
}

/// Connects the first step of a sign-in with the second one, for a member who needs both.
pub fn begin_second_step(
    tx: &mut Transaction<'_>,
    member: &Member,
    context: &Context,
) -> Result<String> {
    let purpose = codes::Purpose::SecondStep;
    codes::issue(tx, &context.keyring, purpose, Some(&member.id), context.now)
}

/// Records that a member has signed in, with `details` about how. `member` is the member as they were
/// before.
fn complete(
    tx: &mut Transaction<'_>,
    member: &Member,
    details: serde_json::Value,
    context: &Context,
) -> Result<()> {
    let context = context.as_member(member.id.as_str(), member.name.as_str());
    note(tx, member, details, &context)?;
    if ways_in::passwords_are_off(tx)? {
        let entry = Entry::about(Event::BreakGlassSignIn, member.subject());
        activity::record(tx, &context, &entry)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
