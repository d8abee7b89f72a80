//! The sign-in pages, and the session of every page.

mod account;
mod anonymous;
mod code;
mod enter;
mod index;
mod invitation;
mod known_browser;
mod passkey;
mod reset_password;
pub mod session;
mod set_up;
mod sign_out;
pub(super) mod sso;

pub(super) use account::TWO_STEP;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::base::error::{Error, Result};
use crate::base::text;
use crate::domain::activity::Context;
use crate::domain::members::Member;
use crate::domain::sign_in::{Password, SignInService};
use crate::pages::{Public, navigation};
use crate::web::Site;
use crate::web::form_token::FormPage;
use crate::web::page::see_other;
use crate::web::routes::Routes;

/// The routes of signing in.
pub fn routes(routes: &mut Routes) {
    routes.get("/sign-in", index::page);
    routes.post("/sign-in", index::sign_in);
    routes.get("/sign-in/code", code::page);
    routes.post("/sign-in/code", code::sign_in);
    routes.post("/sign-in/passkey", passkey::sign_in);
    routes.post("/sign-out", sign_out::sign_out);
    // https://w3c.github.io/webappsec-change-password-url/
    routes.get("/.well-known/change-password", change_password);
    routes.get("/set-up", set_up::page);
    routes.post("/set-up", set_up::set_up);
    routes.get("/reset-password", reset_password::page);
    routes.post("/reset-password", reset_password::reset);
    routes.get("/invitation", invitation::page);
    routes.post("/invitation", invitation::accept);
    sso::routes(routes);
    account::routes(routes);
}

/// The page of a member who opens none in particular: the first one that they may see.
fn home(member: &Member) -> &'static str {
    navigation::first_page(member).unwrap_or("/account")
}

/// The sign-in page in place of the form's own answer, after the session has ended. It carries the
/// form's `sealed` input, and leads to `next` if that cannot be shown again.
pub(super) async fn ask_again(
    request: &HttpRequest,
    site: &Site,
    next: Option<&str>,
    sealed: String,
) -> Result<HttpResponse> {
    let visitor = Public::at(FormPage::at("/sign-in"), request, site);
    index::ask_again(&visitor, site, next.unwrap_or_default().to_owned(), sealed).await
}

/// The parameters of a one-time link.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    code: String,
}

impl Link {
    fn code(&self) -> String {
        text::visible(&self.code, 64)
    }
}

/// Redirects password managers to the page for changing the password.
async fn change_password(_visitor: Public) -> HttpResponse {
    see_other("/account")
}

/// Takes one of the visitor's attempts at a code or link. Only a submitted form counts as an
/// attempt: any site can make a browser request a page, and a code is too long to be guessed that
/// way.
fn attempt(sign_in_service: &SignInService, visitor: &Public) -> Result<()> {
    let Context { origin, now, .. } = &visitor.context;
    let address = origin.address.ok_or_else(|| Error::internal("a request without an address"))?;
    match sign_in_service.throttle.reserve(None, address, *now) {
        Ok(_attempt) => Ok(()),
        Err(wait) => Err(Error::TooMany { seconds: wait.seconds, message: wait.message() }),
    }
}

/// Checks a new password off the async threads, because it takes a while. `own_words` has the
/// meaning of [`Password::new_for`]; the outer error is a fault.
async fn judge(
    password: Zeroizing<String>,
    own_words: [String; 3],
) -> Result<Result<Password, String>> {
    let judging = move || {
        let own_words = own_words.each_ref().map(String::as_str);
        Password::new_for(password, &own_words)
    };
    web::block(judging).await.map_err(Error::internal)
}
