//! Signing in with a passkey. The attempts share the throttle with passwords.

use super::{Answer, Purpose, Rejection, RelyingParty, encoded, store, verify};
use crate::base::error::Result;
use crate::db::{Connection, Db, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::{self, Member, ways_in};
use crate::domain::sign_in::{Throttle, codes, complete, failures, known};

/// The result of an attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The passkey is right, and the member may sign in.
    SignedIn(Member),
    /// The passkey is not known or wrong, or the member may not sign in; the result does not reveal
    /// which.
    Wrong,
    /// Members like this one sign in at the organisation's provider.
    PasswordsOff,
    /// The page was open for too long.
    Expired,
    /// The attempt was not checked because too many came before it.
    TooMany {
        /// After how many seconds the next attempt may succeed.
        seconds: u64,
    },
}

/// Signs a member in if the answer is right. `spend` spends the form's token, in the transaction that
/// signs in, so that the answer works once.
pub async fn sign_in(
    db: &Db,
    throttle: &Throttle,
    relying_party: RelyingParty,
    answer: Answer,
    spend: impl FnOnce(&mut Transaction<'_>) -> Result<()> + Send + 'static,
    context: &Context,
) -> Result<Outcome> {
    let (read_answer, host) = (answer.clone(), relying_party.host.clone());
    let owner = db.read(move |connection| owner(connection, &read_answer, &host)).await?;
    let account = owner.as_ref().map(|member| member.email.folded());
    let reservation = match throttle.reserve(account, known::network(context), context.now) {
        Ok(reservation) => reservation,
        Err(wait) => return Ok(Outcome::TooMany { seconds: wait.seconds }),
    };
    let context = context.clone();
    let conclude = move |tx: &mut Transaction<'_>| {
        match verify(tx, &relying_party, Purpose::SignIn, &answer, &context)? {
            Ok(proof) => {
                let member = members::find(tx, &proof.member)?.filter(Member::is_active);
                if let Some(member) = member {
                    if !ways_in::password_is_allowed(tx, &member.id)? {
                        return Ok(Outcome::PasswordsOff);
                    }
                    spend(tx)?;
                    codes::end_second_steps_of(tx, &member.id)?;
                    let details = serde_json::json!({ "passkey": proof.name });
                    complete(tx, &member, details, &context)?;
                    return Ok(Outcome::SignedIn(member));
                }
            }
            Err(Rejection::Expired) => return Ok(Outcome::Expired),
            Err(Rejection::Wrong) => {}
        }
        failures::record(tx, owner.as_ref(), &context)?;
        Ok(Outcome::Wrong)
    };
    let outcome = db.write(conclude).await?;
    match outcome {
        Outcome::SignedIn(_) => throttle.succeeded(reservation),
        Outcome::Expired => throttle.not_tried(reservation),
        Outcome::Wrong | Outcome::PasswordsOff | Outcome::TooMany { .. } => {}
    }
    Ok(outcome)
}

/// The member whose passkey the answer claims to come from.
fn owner(connection: &mut Connection, answer: &Answer, host: &str) -> Result<Option<Member>> {
    let credential = answer.credential::<webauthn_rs::prelude::PublicKeyCredential>();
    let Ok(credential) = credential else { return Ok(None) };
    let id = encoded(credential.get_credential_id());
    let stored = store::by_credential(connection, &id, host)?;
    stored.map_or(Ok(None), |stored| members::find(connection, &stored.member_id))
}
