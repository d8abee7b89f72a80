//! `/sign-in/sso` and below: signing in at the organisation's provider.

mod callback;
mod logout;

use actix_web::cookie::{Cookie, time::Duration};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::Url;

use super::{attempt, index};
use crate::base::error::{Error, Result};
use crate::domain::sign_in::SignInService;
use crate::domain::sso::{self, LIFETIME, Purpose, Refusal, SingleSignOn};
use crate::pages::Public;
use crate::pages::kept_input;
use crate::web::form::{Form, STRANGERS};
use crate::web::form_token::FormPage;
use crate::web::routes::Routes;
use crate::web::theme::Theme;
use crate::web::{Site, cookie, page, path};

/// The page that is shown when nobody is signed in, whose forms are in the response.
const SIGN_IN: &str = "/sign-in";
/// The name of the cookie with the attempt, without the common prefix or suffix.
const COOKIE: &str = "latchkey-sso";
/// The name of the cookie with the input of a form from before the session ended.
const KEPT: &str = "latchkey-kept";
/// The longest such input that fits into a cookie, in characters; browsers drop longer cookies.
pub(super) const MAX_KEPT_LENGTH: usize = 3_500;
/// The longest path to return to that fits into the cookie, in characters.
const MAX_NEXT_LENGTH: usize = 1_000;

/// The routes of single sign-on.
pub(super) fn routes(routes: &mut Routes) {
    routes.post("/sign-in/sso", start);
    routes.post("/invitation/sso", accept);
    routes.get("/sign-in/sso/callback", callback::finish);
    routes.post("/sign-in/sso/logout", logout::end_sessions);
}

/// The page that leads to the provider. A redirect in the response to a form would be blocked,
/// because forms of our pages may only be sent to us (`form-action 'self'`).
#[derive(Template)]
#[template(path = "sign_in/sso.html")]
struct Leave {
    theme: Theme,
    url: Url,
    heading: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StartForm {
    next: String,
    /// The sealed input of a form from before the session ended.
    kept: String,
}

async fn start(
    visitor: Public,
    form: Form<StartForm, STRANGERS>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    attempt(&sign_in_service, &visitor)?;
    let next = path::own(&form.fields.next).unwrap_or_default();
    let started = leave(&site, single_sign_on, Purpose::SignIn, next, visitor.theme).await?;
    let mut response = match started {
        Ok(response) => response,
        Err(refusal) => return refuse(&visitor, &site, refusal).await,
    };
    let kept = kept_input::well_formed(form.fields.kept);
    let kept = if kept.is_empty() || kept.len() > MAX_KEPT_LENGTH {
        no_cookie(&site, KEPT)
    } else {
        cookie::build(&site.public_url, KEPT, kept, Duration::milliseconds(LIFETIME))
    };
    response.add_cookie(&kept).map_err(Error::internal)?;
    Ok(response)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AcceptForm {
    /// The code of an invitation.
    code: String,
}

async fn accept(
    visitor: Public,
    form: Form<AcceptForm, STRANGERS>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    attempt(&sign_in_service, &visitor)?;
    let visitor = Public { page: FormPage::at(SIGN_IN), ..visitor };
    let code: String = form.fields.code.chars().take(64).collect();
    let purpose = Purpose::Invitation(code);
    match leave(&site, single_sign_on, purpose, String::new(), visitor.theme).await? {
        Ok(response) => Ok(response),
        Err(refusal) => refuse(&visitor, &site, refusal).await,
    }
}

/// Starts an attempt and sends the browser to the provider.
pub(in crate::pages) async fn leave(
    site: &Site,
    single_sign_on: web::Data<SingleSignOn>,
    purpose: Purpose,
    next: String,
    theme: Theme,
) -> Result<Result<HttpResponse, Refusal>> {
    let keyring = site.keyring.clone();
    let provider = site.db.read(move |c| sso::provider(c, &keyring)).await?;
    let Some(provider) = provider else { return Ok(Err(Refusal::Off)) };
    let next = Some(next).filter(|next| next.len() <= MAX_NEXT_LENGTH).unwrap_or_default();
    let (sso, now) = (single_sign_on.into_inner(), site.clock.now());
    // Only who signs in again at the provider confirms who they are.
    let is_fresh = matches!(purpose, Purpose::Confirm(_));
    let started = sso.start(provider, redirect_uri(site), (purpose, next), is_fresh, now).await?;
    let started = match started {
        Ok(started) => started,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let sealed = started.attempt.encrypted(&site.keyring)?;
    let heading = "Continue at your provider";
    let mut response = page::ok(&Leave { theme, url: started.url, heading })?;
    let age = Duration::milliseconds(LIFETIME);
    let kept = cookie::build(&site.public_url, COOKIE, sealed, age);
    response.add_cookie(&kept).map_err(Error::internal)?;
    Ok(Ok(response))
}

/// The page that leads to the provider to sign out there too.
pub(super) fn leave_to_sign_out(theme: Theme, url: Url) -> Result<HttpResponse> {
    page::ok(&Leave { theme, url, heading: "Sign out at your provider" })
}

/// The sign-in page, with the reason why there is no session.
async fn refuse(visitor: &Public, site: &Site, refusal: Refusal) -> Result<HttpResponse> {
    if refusal == Refusal::Off {
        return Ok(page::see_other(SIGN_IN));
    }
    let status = if refusal.is_temporary() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    };
    index::refuse(visitor, site, status, refusal.message()).await
}

/// A cookie that removes one from the browser.
fn no_cookie(site: &Site, name: &'static str) -> Cookie<'static> {
    cookie::build(&site.public_url, name, String::new(), Duration::ZERO)
}

/// Where the provider sends the browser back to; it must be registered there exactly so.
pub(in crate::pages) fn redirect_uri(site: &Site) -> String {
    format!("{}/sign-in/sso/callback", site.public_url.origin())
}

/// Where the provider reports that somebody has signed out there.
pub(in crate::pages) fn logout_uri(site: &Site) -> String {
    format!("{}/sign-in/sso/logout", site.public_url.origin())
}
