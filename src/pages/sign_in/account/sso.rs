//! `/account/sso`: links the member to an account at the provider of single sign-on.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::ways_in;
use crate::domain::sign_in::confirmation::Proofs;
use crate::domain::sign_in::passkeys::Ceremony;
use crate::domain::sso::{self, Purpose, Refusal, SingleSignOn};
use crate::pages::sign_in::sso::leave;
use crate::pages::{NoFields, SignedIn, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

const PATH: &str = "/account/sso";

#[derive(Template)]
#[template(path = "account/sso.html")]
struct Link<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    /// The provider's URL; `None` while single sign-on is off.
    issuer: Option<String>,
    is_linked: bool,
    /// Whether the member has nothing but the provider to confirm who they are.
    confirms_there: bool,
    /// Present if the form can ask for a passkey of who submits it.
    passkey: Option<Ceremony>,
    errors: Invalid,
}

pub(super) async fn page(viewer: SignedIn, site: web::Data<Site>) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, Invalid::default()).await
}

pub(super) async fn link(
    viewer: SignedIn,
    request: HttpRequest,
    form: Form<NoFields>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
) -> Result<HttpResponse> {
    let ask = async |status, errors| draw(status, &viewer, &site, errors).await;
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    // A second submit starts another attempt, which changes nothing.
    drop(form.token);
    let purpose = Purpose::Link(viewer.member.id.as_str().to_owned());
    match leave(&site, single_sign_on, purpose, String::new(), viewer.theme).await? {
        Ok(response) => Ok(response),
        // The page says so itself.
        Err(Refusal::Off) => Ok(page::see_other(PATH)),
        Err(refusal) => viewer.see_other(PATH, Notice::warning(format!("{}.", refusal.message()))),
    }
}

pub(super) async fn unlink(
    viewer: SignedIn,
    request: HttpRequest,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let ask = async |status, errors| draw(status, &viewer, &site, errors).await;
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let member = viewer.member.clone();
    let unlinked = viewer.submit(&site, form.token, PATH, move |tx, context| {
        let provider = sso::provider(tx, &context.keyring)?.ok_or(Error::Conflict)?;
        ways_in::unlink(tx, &member, &provider.issuer, context)?;
        Ok(Notice::done("Your account is no longer linked."))
    });
    match unlinked.await {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, errors).await
        }
        Err(Error::Conflict) => viewer.see_other(PATH, Notice::note("Your account is not linked.")),
        response => response,
    }
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (member, keyring) = (viewer.member.clone(), site.keyring.clone());
    let found = site.db.read(move |c| {
        let Some(provider) = sso::provider(c, &keyring)? else { return Ok(None) };
        let is_linked = ways_in::subject_of(c, &member.id, &provider.issuer)?.is_some();
        let confirms_there = Proofs::of(c, &member)?.provider.is_some();
        Ok(Some((provider.issuer, is_linked, confirms_there)))
    });
    let found = found.await?;
    let is_linked = found.as_ref().is_some_and(|(_, is_linked, _)| *is_linked);
    let confirms_there = found.as_ref().is_some_and(|(.., confirms)| *confirms);
    let issuer = found.map(|(issuer, ..)| issuer);
    let notice = if errors.is_empty() { viewer.take_notice() } else { None };
    let passkey = viewer.load_ceremony(site).await?;
    let page = Link { viewer, notice, issuer, is_linked, confirms_there, passkey, errors };
    page::page(status, &page)
}
