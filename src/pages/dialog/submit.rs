//! Handles the submitted form of a dialog.
//!
//! Between the commit that creates a secret or a one-time link and the response that shows it,
//! nothing can fail: there is no read, no session write and no email.

use std::sync::Arc;

use actix_session::SessionStatus;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

use super::frame::Stage;
use super::sender::{Former, Sender};
use super::{Dialog, Input, draw};
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::sign_in::sessions;
use crate::pages::Visit;
use crate::pages::confirmation::Unconfirmed;
use crate::pages::kept_input::KeptInput;
use crate::web::dialog_form::{DialogForm, SentForm, earlier_location};
use crate::web::flash::{self, Notice};
use crate::web::form_token::FormToken;
use crate::web::{Site, page};

/// Renders a page from memory.
type Page = Box<dyn FnOnce() -> HttpResponse + Send>;

/// The result of a dialog: where it leads, and the next page's notice.
#[must_use]
pub struct SubmitResult {
    location: String,
    fragment: String,
    notice: Notice,
    /// A page that is shown in place of `location` and cannot be requested again.
    page: Option<Page>,
}

impl SubmitResult {
    /// Leads to `location`, which a second submit of the form also leads to.
    pub fn at(location: impl Into<String>, notice: Notice) -> Self {
        Self { location: location.into(), fragment: String::new(), notice, page: None }
    }

    /// Leads to the element with `id` there; a second submit does not.
    pub fn with_fragment(self, id: &str) -> Self {
        Self { fragment: format!("#{id}"), ..self }
    }

    /// Shows a secret on `page` instead, after it is committed. All data of the page is already
    /// loaded, so rendering it cannot fail.
    pub fn reveal(self, page: impl FnOnce() -> HttpResponse + Send + 'static) -> Self {
        Self { page: Some(Box::new(page)), ..self }
    }

    fn show(self, visit: &Visit) -> Result<HttpResponse> {
        if let Some(page) = self.page {
            // If this request writes the session again, from its own copy, the notice that the
            // write has stored there would be lost.
            if visit.session().status() != SessionStatus::Unchanged {
                let _ = self.notice.set(visit.session());
            }
            return Ok(page());
        }
        self.notice.set(visit.session())?;
        Ok(page::see_other(&format!("{}{}", self.location, self.fragment)))
    }
}

/// `path` is that of the dialog, to which its form need not be sent.
pub(super) async fn submit<D: Dialog>(
    sender: Sender<D::Gate>,
    request: &HttpRequest,
    form: DialogForm<D::Fields>,
    site: &web::Data<Site>,
    path: &str,
) -> Result<HttpResponse> {
    let gate = match sender {
        Sender::Member(gate) => gate,
        Sender::Former(former) => return former.sign_in(request, site, path, form).await,
    };
    let form = match form.0 {
        Ok(form) => form,
        Err(rejection) => return Ok(rejection.error_response()),
    };
    let action = request.match_info().as_str();
    let input = Input::<D>::new(&gate, request, site, form.fields.clone())?;
    let mut input = Input { version: form.version, return_to: form.return_to.clone(), ..input };
    let Some(token) = form.token.clone() else {
        if let Some(location) = earlier_location(&form, site).await? {
            return Err(after_earlier(&gate, &input, Error::AlreadySubmitted(location)));
        }
        return draw(&gate, site, input, action, Stage::Stale).await;
    };
    token.as_str().clone_into(&mut input.form_token);
    input.issued = token.issued();
    if must_confirm(&input, &form) {
        let confirmed = gate.confirm(request, site, &token, form.proof.clone()).await;
        match confirmed.map_err(|error| after_earlier(&gate, &input, error))? {
            // Where each action must be confirmed, the next one must be again.
            Ok(()) => input.is_confirmed = gate.settings.confirm_minutes > 0,
            Err(why) => {
                return not_confirmed::<D>(&gate, request, site, input, form, path, why).await;
            }
        }
    }
    perform(&gate, site, input, action, token).await
}

/// Answers a form of which it was not confirmed who submitted it.
async fn not_confirmed<D: Dialog>(
    visit: &Visit,
    request: &HttpRequest,
    site: &web::Data<Site>,
    input: Input<D>,
    form: SentForm<D::Fields>,
    path: &str,
    why: Unconfirmed,
) -> Result<HttpResponse> {
    let rejected = match why {
        Unconfirmed::Rejected(why) => why,
        Unconfirmed::AtProvider => {
            let location = keep_for_provider(visit, request, site, path, &form)?;
            match visit.confirm_at_provider(request, site, location).await? {
                Ok(response) => return Ok(response),
                Err(why) => why,
            }
        }
        Unconfirmed::Ended => {
            let former = Former::of(visit.member.id.as_str(), request);
            return former.sign_in(request, site, path, DialogForm(Ok(form))).await;
        }
    };
    let stage = Stage::Unconfirmed(rejected.errors.clone(), rejected.status);
    let action = request.match_info().as_str();
    let mut response = draw(visit, site, input, action, stage).await?;
    rejected.delay(&mut response);
    Ok(response)
}

/// The error, after which the next page says that the secret of the form was shown before, if the form
/// was submitted before.
fn after_earlier<D: Dialog>(visit: &Visit, input: &Input<D>, error: Error) -> Error {
    match error {
        Error::AlreadySubmitted(_) => {
            already_shown(visit, D::already_shown(input)).err().unwrap_or(error)
        }
        error => error,
    }
}

/// Whether it must be confirmed who submits the form. Having values filled in needs no proof, but
/// a proof that was entered counts.
fn must_confirm<D: Dialog>(input: &Input<D>, form: &SentForm<D::Fields>) -> bool {
    let has_proof = !form.proof.is_empty();
    let is_asked = D::NEEDS_CONFIRMATION && !input.is_confirmed;
    is_asked && (has_proof || !D::is_preview(&input.fields))
}

/// Leaves the input of a form for when the member comes back from the provider, without anything
/// secret. Returns where the dialog is.
fn keep_for_provider<T: serde::de::DeserializeOwned>(
    visit: &Visit,
    request: &HttpRequest,
    site: &Site,
    path: &str,
    form: &SentForm<T>,
) -> Result<String> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{path}{query}");
    if let Some(text) = form.text_to_keep() {
        let kept = KeptInput {
            location: location.clone(),
            text,
            submitted_at: visit.now.millis(),
            is_for_provider: true,
        };
        let sealed = kept.sealed_for(&site.keyring, visit.member.id.as_str())?;
        KeptInput::leave(visit.session(), &sealed)?;
    }
    Ok(location)
}

/// Leaves the warning that the secret of a form was shown before.
fn already_shown(visit: &Visit, warning: Option<&'static str>) -> Result<()> {
    warning.map_or(Ok(()), |text| Notice::warning(text).set(visit.session()))
}

async fn perform<D: Dialog>(
    gate: &Visit,
    site: &web::Data<Site>,
    mut input: Input<D>,
    action: &str,
    token: FormToken,
) -> Result<HttpResponse> {
    if D::is_preview(&input.fields) {
        return draw(gate, site, input, action, Stage::Assisted).await;
    }
    let shown = D::already_shown(&input);
    if shown.is_some() {
        let sent = input.clone();
        let behind =
            site.db.read(move |connection| D::backdrop_of_secret(connection, &sent)).await?;
        input.backdrop_of_secret = Some(Arc::new(behind));
    }
    let (context, reference, sent) =
        (gate.context(), gate.session_reference.clone(), input.clone());
    let done = site.db.write(move |tx| {
        let token = token.check_unused(tx, &context.keyring)?;
        let done = D::submit(tx, &sent, &context)?;
        token.spend(tx, &done.location)?;
        if done.page.is_some() {
            leave(tx, &sent, &reference, &done.notice);
        }
        Ok(done)
    });
    let stage = match done.await {
        Ok(done) => return done.show(gate),
        Err(Error::Invalid(errors)) => Stage::Rejected(errors),
        Err(Error::Conflict) => Stage::Conflict,
        Err(error @ Error::AlreadySubmitted(_)) => {
            already_shown(gate, shown)?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    draw(gate, site, input, action, stage).await
}

/// Stores `notice` for the next page, if possible, in the viewer's session in the database, so that
/// nothing has to be written after the secret is committed.
fn leave<D: Dialog>(tx: &mut Transaction<'_>, input: &Input<D>, reference: &str, notice: &Notice) {
    let (member, now) = (&input.viewer.member.id, input.viewer.now);
    let left = tx.attempt(|tx| sessions::put(tx, member, reference, flash::KEY, notice, now));
    if let Err(error) = left {
        tracing::warn!(%error, "a notice could not be kept");
    }
}
