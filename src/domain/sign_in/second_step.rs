//! The second step of signing in, after the right password.
//!
//! The two steps are connected by a one-time code in a cookie, which is valid for five minutes and
//! is used up when the member signs in. A reset, disabling the member or a change of their second
//! factors ends it.

use super::codes::{self, Purpose};
use super::two_step::{self, Change};
use super::{SignInService, failures, known};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::keyring::Keyring;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::{self, Member, ways_in};

/// The result of an attempt at the second step.
#[derive(Clone, Debug)]
pub enum SecondStepOutcome {
    SignedIn {
        member: Member,
        /// How many recovery codes are left, if one was used.
        codes_left: Option<i64>,
    },
    /// The code is wrong or was used before.
    Wrong,
    /// The attempt was not checked because too many came before it.
    TooMany {
        /// After how many seconds the next attempt may succeed.
        seconds: u64,
    },
    /// The first step was too long ago, or has been ended.
    Expired,
}

/// Tells a member about a change in how they sign in, in the transaction of the change.
pub type Notify = fn(&mut Transaction<'_>, &Change, &Context) -> Result<()>;

/// The member whose first step `step` is; `None` if it is not valid any more.
pub fn member(
    connection: &mut Connection,
    keyring: &Keyring,
    step: &str,
    now: Timestamp,
) -> Result<Option<Member>> {
    let code = codes::look_up(connection, keyring, Purpose::SecondStep, step, now)?;
    let Some(id) = code.and_then(|code| code.member) else { return Ok(None) };
    Ok(members::find(connection, &id)?.filter(Member::is_active))
}

/// Signs in the member whose first step `step` is, if `typed` is a code of their app or one of their
/// recovery codes.
pub async fn sign_in(
    db: &Db,
    sign_in_service: &SignInService,
    step: &str,
    typed: &str,
    notify: Notify,
    context: &Context,
) -> Result<SecondStepOutcome> {
    let (text, keyring, now) = (step.to_owned(), context.keyring.clone(), context.now);
    let found = db.read(move |connection| member(connection, &keyring, &text, now)).await?;
    let Some(found) = found else { return Ok(SecondStepOutcome::Expired) };
    let throttle = &sign_in_service.throttle;
    let account = Some(found.email.folded());
    let reservation = match throttle.reserve(account, known::network(context), context.now) {
        Ok(reservation) => reservation,
        Err(wait) => return Ok(SecondStepOutcome::TooMany { seconds: wait.seconds }),
    };
    let attempt = match throttle.reserve_second_step(&found.id, context.now) {
        Ok(attempt) => attempt,
        Err(wait) => return Ok(SecondStepOutcome::TooMany { seconds: wait.seconds }),
    };
    let (step, typed, context) = (step.to_owned(), typed.to_owned(), context.clone());
    let work = move |tx: &mut Transaction<'_>| conclude(tx, &step, &typed, notify, &context);
    let outcome = db.write(work).await?;
    if matches!(outcome, SecondStepOutcome::SignedIn { .. }) {
        throttle.succeeded(reservation);
        throttle.second_step_succeeded(&attempt);
    }
    Ok(outcome)
}

fn conclude(
    tx: &mut Transaction<'_>,
    step: &str,
    typed: &str,
    notify: Notify,
    context: &Context,
) -> Result<SecondStepOutcome> {
    let found = member(tx, &context.keyring, step, context.now)?;
    let Some(member) = found else { return Ok(SecondStepOutcome::Expired) };
    // Passwords may have been turned off since the first step.
    if !ways_in::password_is_allowed(tx, &member.id)? {
        return Ok(SecondStepOutcome::Expired);
    }
    let as_member = context.as_member(member.id.as_str(), member.name.as_str());
    let Some(change) = two_step::accept(tx, &member, typed, &as_member)? else {
        failures::record_second_step(tx, &member, context)?;
        return Ok(SecondStepOutcome::Wrong);
    };
    codes::consume(tx, &context.keyring, Purpose::SecondStep, step, context.now)?;
    let factor = if change.is_some() { "recovery_code" } else { "app" };
    let mut codes_left = None;
    if let Some(change) = change {
        notify(tx, &change, &as_member)?;
        codes_left = change.codes_left();
    }
    let details = serde_json::json!({ "second_factor": factor });
    super::complete(tx, &member, details, context)?;
    Ok(SecondStepOutcome::SignedIn { member, codes_left })
}
