//! Confirming who uses a session, before actions that somebody with only the session's cookie must
//! not be able to take. ASVS 7.5.3.
//!
//! Signing in confirms it for a time that the settings say, and so does each later confirmation. It
//! ends early when requests come from another network. Five wrong confirmations end the session.
//!
//! Members enter their password and a code, as far as they have them. Who has neither signs in again
//! at the provider of single sign-on, and `sso` then calls [`confirm_elsewhere`].

mod passkey;
mod proofs;

pub use passkey::confirm_with_passkey;
pub use proofs::{Proofs, confirm_elsewhere, holds_for_one_form, use_up};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::hasher::{Busy, PasswordCheck};
use super::second_step::Notify;
use super::store::LiveSession;
use super::{Password, Requester, SignInService, failures, known, own_sessions, store, two_step};
use crate::base::clock::Timestamp;
use crate::base::error::{FieldError, Invalid, Result};
use crate::db::{Db, Transaction};
use crate::domain::activity::{self, Context, Entry, Event};
use crate::domain::members::{self, Member};
use crate::domain::settings::Settings;

/// How many wrong confirmations end the session.
const MAX_FAILURES: i32 = 5;
/// The names of the form's fields.
pub const PASSWORD: &str = "confirm_password";
pub const CODE: &str = "confirm_code";
pub const PASSKEY: &str = "confirm_assertion";

/// When and from which network a session's member last proved who they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Confirmation {
    at: i64,
    network: String,
}

impl Confirmation {
    pub(super) fn stored(session: &LiveSession) -> Option<Self> {
        let at = session.confirmed_at?.millis();
        Some(Self { at, network: session.confirmed_network.clone()? })
    }

    /// Whether it still counts for a request.
    pub fn holds(&self, settings: &Settings, context: &Context) -> bool {
        let age = context.now.since(Timestamp::from_millis(self.at));
        age < settings.confirmation_lifetime()
            && self.network == known::network(context).to_string()
    }
}

/// What a member entered to prove who they are.
#[derive(Default)]
pub struct Proof {
    pub password: Zeroizing<String>,
    /// A code of the app or a recovery code.
    pub code: Zeroizing<String>,
}

/// The result of a confirmation.
pub enum ConfirmOutcome {
    Confirmed,
    /// Nothing was confirmed; the fields say why.
    Wrong(Invalid),
    /// Too many came before it.
    TooMany {
        seconds: u64,
        errors: Invalid,
    },
    /// It was the last wrong one: the session has ended.
    Ended,
}

/// Confirms who uses the member's session with the reference `session`: by their password, and by a
/// code if they have an app. Members who may not use a password enter only the code.
///
/// # Errors
/// [`Error::Unavailable`] when too many passwords are waiting to be hashed.
pub async fn confirm(
    db: &Db,
    sign_in_service: &SignInService,
    (member, session): (&Member, &str),
    proof: Proof,
    notify: Notify,
    context: &Context,
) -> Result<ConfirmOutcome> {
    let subject = member.clone();
    let needed = db.read(move |c| Proofs::of(c, &subject)).await?;
    let missing = missing(&proof, &needed);
    if !missing.is_empty() {
        return Ok(ConfirmOutcome::Wrong(missing));
    }
    let throttle = &sign_in_service.throttle;
    let account = Some(member.email.folded());
    let reservation = match throttle.reserve(account, known::network(context), context.now) {
        Ok(reservation) => reservation,
        Err(wait) => return Ok(too_many(PASSWORD, wait)),
    };
    let mut password = None;
    if needed.password {
        let Ok(checked) = verify(db, sign_in_service, member, proof.password).await? else {
            throttle.not_tried(reservation);
            return Err(Busy.into());
        };
        password = checked;
    }
    let is_code_checked = needed.code && password.is_some() == needed.password;
    let attempt = is_code_checked.then(|| throttle.reserve_second_step(&member.id, context.now));
    let attempt = match attempt.transpose() {
        Ok(attempt) => attempt,
        Err(wait) => return Ok(too_many(CODE, wait)),
    };
    let (attempt_at, code, context) = (Attempt::new(member, session), proof.code, context.clone());
    let check = Check { attempt: attempt_at, needed, password, notify };
    let outcome = db.write(move |tx| check.conclude(tx, &code, &context)).await?;
    if matches!(outcome, ConfirmOutcome::Confirmed) {
        throttle.succeeded(reservation);
        if let Some(attempt) = attempt {
            throttle.second_step_succeeded(&attempt);
        }
    }
    Ok(outcome)
}

/// The hash of the member's password, if `typed` is that password.
async fn verify(
    db: &Db,
    sign_in_service: &SignInService,
    member: &Member,
    typed: Zeroizing<String>,
) -> Result<Result<Option<String>, Busy>> {
    let email = member.email.clone();
    let stored = db.read(move |c| members::by_email(c, &email)).await?.and_then(|(_, hash)| hash);
    let requester = Requester::Member(member.id.clone());
    let checked =
        sign_in_service.hasher.verify(requester, Password::presented(typed), stored.clone());
    Ok(match checked.await {
        Ok(PasswordCheck::Right { .. }) => Ok(stored),
        Ok(PasswordCheck::Wrong) => Ok(None),
        Err(Busy) => Err(Busy),
    })
}

fn missing(proof: &Proof, needed: &Proofs) -> Invalid {
    let mut errors = Invalid::default();
    if needed.password && proof.password.is_empty() {
        errors.add(PASSWORD, "Enter your password to confirm that it is you");
    }
    if needed.provider.is_some() {
        errors.add(PASSWORD, "Confirm at your provider that it is you");
    } else if !needed.password && !needed.code {
        errors.add(PASSWORD, "Sign out and in again to confirm that it is you");
    }
    if needed.code && proof.code.trim().is_empty() {
        errors.add(CODE, "Enter a code to confirm that it is you");
    }
    errors
}

fn too_many(field: &'static str, wait: super::throttle::Wait) -> ConfirmOutcome {
    let errors = Invalid(vec![FieldError { field, message: wait.message() }]);
    ConfirmOutcome::TooMany { seconds: wait.seconds, errors }
}

/// An attempt to confirm who uses a session.
struct Attempt {
    member: Member,
    session: String,
}

/// A confirmation whose password was checked.
struct Check {
    attempt: Attempt,
    /// What the member had to enter.
    needed: Proofs,
    /// The hash of the password, if it was right.
    password: Option<String>,
    notify: Notify,
}

impl Check {
    fn conclude(
        &self,
        tx: &mut Transaction<'_>,
        code: &str,
        context: &Context,
    ) -> Result<ConfirmOutcome> {
        let Some(session) = self.attempt.session(tx, context)? else {
            return Ok(ConfirmOutcome::Ended);
        };
        let expected = &self.attempt.member;
        let now = members::by_email(tx, &expected.email)?;
        let now = now.filter(|(now, _)| now.id == expected.id && now.is_active());
        // Checking takes a while; what the member needs must not have been changed in the meantime.
        let needed = now.as_ref().map(|(now, _)| Proofs::of(tx, now)).transpose()?;
        let is_same = needed.is_some_and(|needed| needed == self.needed);
        let now = now.filter(|(_, hash)| {
            is_same && (!self.needed.password || (hash.is_some() && *hash == self.password))
        });
        let Some((member, _)) = now else {
            return self.attempt.fail(tx, &session.id_hash, PASSWORD, "Password is wrong", context);
        };
        if member.two_step_since.is_some() {
            let accepted = two_step::accept(tx, &member, code, context)?;
            let Some(change) = accepted else {
                failures::record_second_step(tx, &member, context)?;
                return self.attempt.fail(tx, &session.id_hash, CODE, two_step::WRONG, context);
            };
            if let Some(change) = change {
                (self.notify)(tx, &change, context)?;
            }
        }
        succeed(tx, &session.id_hash, context)
    }
}

impl Attempt {
    fn new(member: &Member, session: &str) -> Self {
        Self { member: member.clone(), session: session.to_owned() }
    }

    /// The session, unless it has ended.
    fn session(
        &self,
        tx: &mut Transaction<'_>,
        context: &Context,
    ) -> Result<Option<store::StoredSession>> {
        own_sessions::find(tx, &self.member.id, &self.session, context.now)
    }

    fn fail(
        &self,
        tx: &mut Transaction<'_>,
        session: &str,
        field: &'static str,
        message: &str,
        context: &Context,
    ) -> Result<ConfirmOutcome> {
        if store::count_failed_confirmation(tx, session)? < MAX_FAILURES {
            let errors = Invalid(vec![FieldError { field, message: message.into() }]);
            return Ok(ConfirmOutcome::Wrong(errors));
        }
        store::delete_session(tx, session)?;
        let details = serde_json::json!({ "wrong_confirmations": MAX_FAILURES });
        let entry = Entry::about(Event::SessionEnded, self.member.subject()).with(details);
        activity::record(tx, context, &entry)?;
        Ok(ConfirmOutcome::Ended)
    }
}

fn succeed(tx: &mut Transaction<'_>, session: &str, context: &Context) -> Result<ConfirmOutcome> {
    let network = known::network(context).to_string();
    store::confirm_session(tx, session, &network, context.now)?;
    Ok(ConfirmOutcome::Confirmed)
}
