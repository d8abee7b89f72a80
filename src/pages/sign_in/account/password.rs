//! `/account/password`: changes the member's own password, which needs the current one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::judge;
use super::{ACCOUNT, draw};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::sign_in::{
    Password, Requester, SignInService, confirmation, password_change, sessions,
};
use crate::pages::{SignedIn, Visit};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::{ProofFields, SecretFields, SecretForm};
use crate::web::form_token::FormToken;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PasswordForm {
    current_password: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl SecretFields for PasswordForm {
    const AS_TYPED: &'static [&'static str] = &["current_password", "password"];
}

pub(super) async fn change(
    viewer: SignedIn,
    request: HttpRequest,
    form: SecretForm<PasswordForm>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let proof = ProofFields { password: form.fields.current_password.clone(), ..form.proof };
    if viewer.member.two_step_since.is_some() {
        let ask = async |status, errors| {
            let name = viewer.member.name.as_str().to_owned();
            draw(status, &viewer, &site, name, on_this_form(errors)).await
        };
        let asked = viewer.must_confirm(&request, &site, &form.token, proof, ask).await?;
        if let Some(response) = asked {
            return Ok(response);
        }
    }
    match finish(&viewer, &site, &sign_in_service, form.fields, form.token.clone()).await {
        Ok(()) => {
            viewer.session().insert(sessions::RENEW, true).map_err(Error::internal)?;
            let done = "Your password was changed, and your other sessions have ended.";
            viewer.see_other(ACCOUNT, Notice::done(done))
        }
        Err(Error::Invalid(errors)) => {
            // At a second submit, the password is already changed: spending the token leads to the
            // result of the first one.
            viewer.write(&site, form.token, ACCOUNT, |_, _| Ok(())).await?;
            let name = viewer.member.name.as_str().to_owned();
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, name, errors).await
        }
        Err(error) => Err(error),
    }
}

/// The errors of a proof, whose password is the current one here.
fn on_this_form(mut errors: Invalid) -> Invalid {
    for error in errors.0.iter_mut().filter(|error| error.field == confirmation::PASSWORD) {
        error.field = "current_password";
    }
    errors
}

async fn finish(
    viewer: &Visit,
    site: &Site,
    sign_in_service: &SignInService,
    fields: PasswordForm,
    token: FormToken,
) -> Result<()> {
    let mut errors = Invalid::default();
    if fields.current_password.is_empty() {
        errors.add("current_password", "Enter your current password");
    }
    let member = viewer.member.clone();
    let organisation = &viewer.settings.organisation;
    let own_words = [member.name.as_str(), member.email.as_str(), organisation];
    let judged = judge(fields.password, own_words.map(str::to_owned)).await?;
    let new = errors.collect("password", judged);
    let (context, this) = (viewer.context(), viewer.session_reference.clone());
    if fields.current_password.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let current = Password::presented(fields.current_password);
    let before =
        match password_change::check(&site.db, sign_in_service, &member, current, &context).await {
            Err(Error::Invalid(wrong)) => return wrong.and(Err(errors)),
            before => before?,
        };
    let Some(new) = new else { return Err(Error::Invalid(errors)) };
    let hash = sign_in_service.hasher.hash(Requester::Member(member.id.clone()), new).await?;
    let changed = viewer.write(site, token, ACCOUNT, move |tx, context| {
        password_change::conclude(tx, &member, &before, &hash, &this, context)
    });
    changed.await
}
