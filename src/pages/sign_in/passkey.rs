//! `/sign-in/passkey`: signs a member in with a passkey, from a form that a script fills in.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::enter;
use super::index::{self, Values};
use crate::base::error::{Invalid, Result};
use crate::db::Transaction;
use crate::domain::sign_in::passkeys::{self, Answer, Outcome, RelyingParty};
use crate::domain::sign_in::{self, SignInService, throttle};
use crate::pages::Public;
use crate::pages::kept_input;
use crate::web::Site;
use crate::web::form::{LateForm, STRANGERS, SecretFields};
use crate::web::path;

const WRONG: &str =
    "This passkey is not known here. Use another one, or sign in with your password";
const EXPIRED: &str = "The page was open for too long. Use your passkey again";
const NOT_OFFERED: &str = "Passkeys cannot be used at this address. Sign in with your password";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PasskeyForm {
    assertion: String,
    /// The sealed state of the ceremony.
    assertion_state: String,
    next: String,
    /// The sealed input of a form from before the session ended.
    kept: String,
}

impl SecretFields for PasskeyForm {
    const AS_TYPED: &'static [&'static str] = &["assertion", "assertion_state", "kept"];

    fn max_size(session: &Session, usual: usize) -> usize {
        kept_input::max_form_size(session, usual)
    }
}

pub(super) async fn sign_in(
    visitor: Public,
    form: LateForm<PasskeyForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let PasskeyForm { assertion, assertion_state, next, kept } = form.fields;
    let Some(token) = form.token else {
        return enter::answer_late(&visitor, &site, &next, &kept);
    };
    let kept = kept_input::well_formed(kept);
    let outcome = match RelyingParty::of(&site.public_url)? {
        Some(relying_party) => {
            let form_token = token.as_str().to_owned();
            let answer = Answer { credential: assertion, state: assertion_state, form_token };
            let (keyring, location) = (site.keyring.clone(), path::own(&next));
            let location = location.unwrap_or_else(|| enter::HOME.into());
            let spend = move |tx: &mut Transaction<'_>| token.spend(tx, &keyring, &location);
            let (throttle, context) = (&sign_in_service.throttle, &visitor.context);
            let attempt =
                passkeys::sign_in(&site.db, throttle, relying_party, answer, spend, context);
            Ok(attempt.await?)
        }
        None => Err(NOT_OFFERED),
    };
    let (message, wait) = match outcome {
        Ok(Outcome::SignedIn(member)) => {
            return enter::welcome(&visitor, &site, &member, (&next, &kept));
        }
        Ok(Outcome::Wrong) => (WRONG.to_owned(), None),
        Ok(Outcome::PasswordsOff) => (sign_in::PASSWORDS_OFF.to_owned(), None),
        Ok(Outcome::Expired) => (EXPIRED.to_owned(), None),
        Ok(Outcome::TooMany { seconds }) => (throttle::wait_message(seconds), Some(seconds)),
        Err(message) => (message.to_owned(), None),
    };
    let status = match wait {
        Some(_) => StatusCode::TOO_MANY_REQUESTS,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut errors = Invalid::default();
    errors.add("passkey", message);
    let values = Values { next, kept, asks_for_password: true, ..Values::default() };
    index::draw_after_failure(status, wait, &visitor, &site, values, errors).await
}
