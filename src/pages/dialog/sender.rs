//! Who submits a dialog: a member, or somebody whose session has ended.

use std::future::Future;
use std::pin::Pin;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::base::error::Result;
use crate::pages::gate::Denied;
use crate::pages::kept_input::KeptInput;
use crate::pages::{FORMER_MEMBER, return_to, sign_in};
use crate::web::dialog_form::{DialogForm, earlier_location};
use crate::web::routes::{Access, Gate};
use crate::web::{Site, page, query};

/// A gate that also lets forms of sessions pass that have ended by themselves, so that their input
/// can be kept.
pub(super) enum Sender<G> {
    Member(G),
    Former(Former),
}

/// Somebody whose session has ended.
pub(super) struct Former {
    member: String,
    /// The sign-in page, where a form leads whose input cannot be kept.
    sign_in: String,
}

impl<G: Gate> Gate for Sender<G>
where
    Self: FromRequest,
{
    const ACCESS: Access = G::ACCESS;
}

impl<G: FromRequest<Error = Denied> + 'static> FromRequest for Sender<G> {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (gate, session) = (G::from_request(request, payload), request.get_session());
        Box::pin(async move {
            match gate.await {
                Ok(gate) => Ok(Self::Member(gate)),
                Err(Denied::Anonymous(sign_in)) => match session.get(FORMER_MEMBER) {
                    Ok(Some(member)) => Ok(Self::Former(Former { member, sign_in })),
                    _ => Err(Denied::Anonymous(sign_in)),
                },
                Err(denied) => Err(denied),
            }
        })
    }
}

impl Former {
    /// The member of a session that has just ended.
    pub(super) fn of(member: &str, request: &HttpRequest) -> Self {
        Self { member: member.to_owned(), sign_in: return_to::sign_in_location(request) }
    }

    /// Asks to sign in again. A form of the session that has ended is shown again afterwards, on
    /// the page at `path`.
    pub(super) async fn sign_in<T>(
        self,
        request: &HttpRequest,
        site: &Site,
        path: &str,
        form: DialogForm<T>,
    ) -> Result<HttpResponse>
    where
        T: serde::de::DeserializeOwned,
    {
        let form = form.0.ok().filter(|form| form.token.is_some());
        let Some(form) = form else { return Ok(page::see_other(&self.sign_in)) };
        if let Some(location) = earlier_location(&form, site).await? {
            let next = [("next".to_owned(), location), ("ended".to_owned(), "1".to_owned())];
            return Ok(page::see_other(&query::href("/sign-in", &next)));
        }
        let Some(text) = form.text_to_keep() else { return Ok(page::see_other(&self.sign_in)) };
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let submitted_at = site.clock.now().millis();
        let kept = KeptInput {
            location: format!("{path}{query}"),
            text,
            submitted_at,
            is_for_provider: false,
        };
        let sealed = kept.sealed_for(&site.keyring, &self.member)?;
        sign_in::ask_again(request, site, return_to::page_to_return_to(request), sealed).await
    }
}
