//! Confirming with a passkey.

use super::{Attempt, ConfirmOutcome, PASSKEY, succeed, too_many};
use crate::base::clock::DAY;
use crate::base::error::{FieldError, Invalid, Result};
use crate::db::{Db, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::Member;
use crate::domain::sign_in::passkeys::{self, Answer, Rejection, RelyingParty};
use crate::domain::sign_in::{SignInService, known, store};

/// Confirms who uses the member's session with the reference `session` by one of their passkeys, which
/// counts as both factors.
pub async fn confirm_with_passkey(
    db: &Db,
    sign_in_service: &SignInService,
    (member, session): (&Member, &str),
    relying_party: RelyingParty,
    answer: Answer,
    context: &Context,
) -> Result<ConfirmOutcome> {
    if answer.is_late(passkeys::Purpose::Confirmation(&member.id), context) {
        let message = "The page was open for too long. Use your passkey again".into();
        return Ok(ConfirmOutcome::Wrong(Invalid(vec![FieldError { field: PASSKEY, message }])));
    }
    let throttle = &sign_in_service.throttle;
    let account = Some(member.email.folded());
    let reservation = match throttle.reserve(account, known::network(context), context.now) {
        Ok(reservation) => reservation,
        Err(wait) => return Ok(too_many(PASSKEY, wait)),
    };
    let attempt = Attempt::new(member, session);
    let context = context.clone();
    let work = move |tx: &mut Transaction<'_>| {
        attempt.conclude_with_passkey(tx, &relying_party, &answer, &context)
    };
    let outcome = db.write(work).await?;
    if matches!(outcome, ConfirmOutcome::Confirmed) {
        throttle.succeeded(reservation);
    }
    Ok(outcome)
}

impl Attempt {
    fn conclude_with_passkey(
        &self,
        tx: &mut Transaction<'_>,
        relying_party: &RelyingParty,
        answer: &Answer,
        context: &Context,
    ) -> Result<ConfirmOutcome> {
        let Some(session) = self.session(tx, context)? else { return Ok(ConfirmOutcome::Ended) };
        let purpose = passkeys::Purpose::Confirmation(&self.member.id);
        // The form's token is spent only by its action, so the answer itself is spent here.
        let is_new = store::spend_once(tx, &answer.spent_hash(context), context.now.plus(DAY))?;
        let verified = passkeys::verify(tx, relying_party, purpose, answer, context)?;
        match verified {
            Ok(_) if is_new => succeed(tx, &session.id_hash, context),
            Ok(_) | Err(Rejection::Expired | Rejection::Wrong) => {
                let message = "This passkey is not one of yours. Use another one, or your password";
                self.fail(tx, &session.id_hash, PASSKEY, message, context)
            }
        }
    }
}
