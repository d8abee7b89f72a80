//! Asks a member to confirm who they are, in the form of an action that needs it.
//!
//! The form carries the proof together with its own fields: nothing is redirected, and nothing that
//! was typed is lost.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};

use super::return_to::{page_above, sign_in_location};
use super::sign_in::sso as sso_pages;
use super::{FORMER_MEMBER, SESSION_KEY, Viewer, Visit};
use crate::base::error::{Error, Invalid, Result};
use crate::config::PublicUrl;
use crate::db::{Connection, Transaction};
use crate::domain::sign_in::SignInService;
use crate::domain::sign_in::confirmation::{self, ConfirmOutcome, Proof};
use crate::domain::sign_in::passkeys::{self, Answer, Ceremony, RelyingParty};
use crate::domain::sign_in::sessions;
use crate::domain::sso::{Purpose, SingleSignOn};
use crate::letters;
use crate::web::form::ProofFields;
use crate::web::form_token::FormToken;
use crate::web::{Site, page};

/// Why an action is not performed.
pub enum Unconfirmed {
    /// The form is shown again with what is wrong.
    Rejected(Rejected),
    /// The member goes to the provider of single sign-on to prove it there.
    AtProvider,
    /// The session has ended after too many wrong attempts.
    Ended,
}

/// What is wrong with a proof.
pub struct Rejected {
    pub errors: Invalid,
    pub status: StatusCode,
    /// After how many seconds the next attempt may succeed, if it must wait.
    pub retry_after: Option<u64>,
}

impl Rejected {
    /// Tells the browser when to try again, if the next attempt must wait.
    pub fn delay(&self, response: &mut HttpResponse) {
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

impl Visit {
    /// Checks the proof in a form, unless the viewer's identity is confirmed already.
    ///
    /// # Errors
    /// [`Error::AlreadySubmitted`] if the form was submitted before: a second submit leads to where
    /// the first one has led, although its code was used up.
    pub async fn confirm(
        &self,
        request: &HttpRequest,
        site: &Site,
        token: &FormToken,
        proof: ProofFields,
    ) -> Result<Result<(), Unconfirmed>> {
        if self.is_confirmed {
            return Ok(Ok(()));
        }
        if self.is_confirmed_once {
            return self.use_up_confirmation(site).await.map(Ok);
        }
        if proof.at_provider && self.proofs.provider.is_some() {
            return Ok(Err(Unconfirmed::AtProvider));
        }
        let form_token = token.as_str().to_owned();
        let (token, keyring) = (token.clone(), site.keyring.clone());
        let spent = site.db.read(move |c| token.spent_location(c, &keyring)).await?;
        if let Some(location) = spent {
            return Err(Error::AlreadySubmitted(location));
        }
        match self.check(request, site, form_token, proof).await? {
            ConfirmOutcome::Confirmed => Ok(Ok(())),
            ConfirmOutcome::Wrong(errors) => {
                let (status, retry_after) = (StatusCode::UNPROCESSABLE_ENTITY, None);
                Ok(Err(Unconfirmed::Rejected(Rejected { errors, status, retry_after })))
            }
            ConfirmOutcome::TooMany { seconds, errors } => {
                let (status, retry_after) = (StatusCode::TOO_MANY_REQUESTS, Some(seconds));
                Ok(Err(Unconfirmed::Rejected(Rejected { errors, status, retry_after })))
            }
            ConfirmOutcome::Ended => {
                self.forget()?;
                Ok(Err(Unconfirmed::Ended))
            }
        }
    }

    /// Checks the proof in the form with `form_token`.
    async fn check(
        &self,
        request: &HttpRequest,
        site: &Site,
        form_token: String,
        proof: ProofFields,
    ) -> Result<ConfirmOutcome> {
        let service = request.app_data::<web::Data<SignInService>>();
        let service = service.ok_or_else(|| Error::internal("sign-in is not set up"))?;
        let (db, context) = (&site.db, self.context());
        let whose = (&self.member, self.session_reference.as_str());
        let relying_party = RelyingParty::of(&site.public_url)?;
        if let Some(relying_party) = relying_party.filter(|_| !proof.assertion.is_empty()) {
            let (credential, state) = (proof.assertion, proof.assertion_state);
            let answer = Answer { credential, state, form_token };
            confirmation::confirm_with_passkey(db, service, whose, relying_party, answer, &context)
                .await
        } else {
            let proof = Proof { password: proof.password, code: proof.code };
            let notify = letters::two_step_changed;
            confirmation::confirm(db, service, whose, proof, notify, &context).await
        }
    }

    /// Uses up a confirmation by the provider that counts for one form.
    async fn use_up_confirmation(&self, site: &Site) -> Result<()> {
        let (member, context) = (self.member.clone(), self.context());
        let session = self.session_reference.clone();
        let work =
            move |tx: &mut Transaction<'_>| confirmation::use_up(tx, (&member, &session), &context);
        site.db.write(work).await
    }

    /// Like [`Self::confirm`], for the form of a page: the answer if the identity is not confirmed,
    /// for which `draw` shows the page again with its input kept.
    pub async fn must_confirm(
        &self,
        request: &HttpRequest,
        site: &Site,
        token: &FormToken,
        proof: ProofFields,
        draw: impl AsyncFnOnce(StatusCode, Invalid) -> Result<HttpResponse>,
    ) -> Result<Option<HttpResponse>> {
        match self.confirm(request, site, token, proof).await? {
            Ok(()) => Ok(None),
            Err(Unconfirmed::Rejected(why)) => {
                let mut response = draw(why.status, why.errors.clone()).await?;
                why.delay(&mut response);
                Ok(Some(response))
            }
            Err(Unconfirmed::AtProvider) => {
                let next = page_above(request);
                match self.confirm_at_provider(request, site, next).await? {
                    Ok(response) => Ok(Some(response)),
                    Err(why) => Ok(Some(draw(why.status, why.errors).await?)),
                }
            }
            Err(Unconfirmed::Ended) => Ok(Some(page::see_other(&sign_in_location(request)))),
        }
    }

    /// What a form needs to ask for one of the viewer's passkeys; `None` if it asks for none.
    pub async fn load_ceremony(&self, site: &Site) -> Result<Option<Ceremony>> {
        let (viewer, public_url) = (self.viewer(), site.public_url.clone());
        site.db.read(move |connection| viewer.begin_confirmation(connection, &public_url)).await
    }

    /// Sends the browser to the provider of single sign-on, where the member proves who they are and
    /// then comes back to the page at `next`.
    pub async fn confirm_at_provider(
        &self,
        request: &HttpRequest,
        site: &Site,
        next: String,
    ) -> Result<Result<HttpResponse, Rejected>> {
        let sso = request.app_data::<web::Data<SingleSignOn>>().cloned();
        let sso = sso.ok_or_else(|| Error::internal("single sign-on is not set up"))?;
        let purpose = Purpose::Confirm(self.member.id.as_str().to_owned());
        let left = sso_pages::leave(site, sso, purpose, next, self.theme).await?;
        Ok(left.map_err(|refusal| {
            let mut errors = Invalid::default();
            errors.add(confirmation::PASSWORD, refusal.message());
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Rejected { errors, status, retry_after: None }
        }))
    }

    /// Turns the session, which has ended, into a visitor's, which only tells whose it was.
    fn forget(&self) -> Result<()> {
        let session = self.session();
        session.remove(SESSION_KEY);
        session.remove(sessions::CONFIRMED);
        session.insert(FORMER_MEMBER, self.member.id.as_str()).map_err(Error::internal)
    }
}

impl Viewer {
    /// What a form needs to ask for one of the viewer's passkeys; `None` if it asks for none.
    pub fn begin_confirmation(
        &self,
        connection: &mut Connection,
        public_url: &PublicUrl,
    ) -> Result<Option<Ceremony>> {
        if self.is_confirmed || self.member.two_step_since.is_none() {
            return Ok(None);
        }
        let Some(relying_party) = RelyingParty::of(public_url)? else { return Ok(None) };
        let (id, token, context) = (&self.member.id, &self.form_token, self.context());
        passkeys::begin_confirmation(connection, &relying_party, id, token, &context)
    }
}
