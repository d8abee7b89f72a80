//! `/sign-in`.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::enter::{HOME, answer_late, welcome};
use super::{code, known_browser};
use crate::base::error::{FieldError, Invalid, Result};
use crate::base::text;
use crate::domain::members::ways_in::Passwords;
use crate::domain::sign_in::passkeys::{self, Ceremony, RelyingParty};
use crate::domain::sign_in::{self, Outcome, Password, SignInService, set_up, throttle};
use crate::domain::{settings, sso};
use crate::pages::kept_input;
use crate::pages::{Public, SESSION_KEY};
use crate::web::flash::Notice;
use crate::web::form::{LateForm, STRANGERS, SecretFields};
use crate::web::form_token;
use crate::web::query::{self, Query};
use crate::web::theme::Theme;
use crate::web::{Site, page, path};

const WRONG: &str = "Email address or password is wrong";
const BUSY: &str = "Many people are signing in just now. Try again in a moment";

#[derive(Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: Zeroizing<String>,
    #[serde(default)]
    next: String,
    /// The sealed input of a form from before the session ended.
    #[serde(default)]
    kept: String,
}

impl SecretFields for SignInForm {
    const AS_TYPED: &'static [&'static str] = &["password", "kept"];

    fn max_size(session: &Session, usual: usize) -> usize {
        kept_input::max_form_size(session, usual)
    }
}

/// The values in the page's form.
#[derive(Default)]
pub(super) struct Values {
    pub email: String,
    pub next: String,
    pub kept: String,
    /// Why the visitor must sign in again, if so.
    pub reason: Option<Reason>,
    /// Whether a password may be entered although passwords are off.
    pub asks_for_password: bool,
}

/// Why somebody must sign in again.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// The session has ended.
    Ended,
    /// The code came too long after the password.
    Late,
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    theme: Theme,
    organisation: String,
    form_token: String,
    email: String,
    /// Whether a secret key was typed as the address.
    email_is_secret: bool,
    next: String,
    kept: String,
    reason: Option<Reason>,
    /// Whether there are no members yet.
    is_new: bool,
    /// Present if somebody can sign in with a passkey.
    passkey: Option<Ceremony>,
    ways: Ways,
    errors: Invalid,
    notice: Option<Notice>,
}

/// The ways to sign in that the page offers.
struct Ways {
    /// The text of the button that leads to the provider, if there is one.
    button: Option<String>,
    /// Whether the page asks for a password; otherwise it links to one that does.
    has_password: bool,
    /// The address of the page that asks for a password.
    other: String,
}

/// The parameters in the page's URL.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    next: String,
    /// Present if a session has ended.
    ended: Option<String>,
    /// Present if the code came too long after the password.
    late: Option<String>,
    /// Present if the visitor asks for other ways to sign in.
    other: Option<String>,
}

pub(super) async fn page(
    visitor: Public,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Parameters { next, ended, late, other } = query.0;
    if let Some(redirect) = redirect_if_signed_in(&visitor, &next) {
        return Ok(redirect);
    }
    let reason = ended.map(|_| Reason::Ended).or(late.map(|_| Reason::Late));
    let asks_for_password = other.is_some();
    let values = Values { next, reason, asks_for_password, ..Values::default() };
    draw(StatusCode::OK, &visitor, &site, values, Invalid::default()).await
}

pub(super) async fn ask_again(
    visitor: &Public,
    site: &Site,
    next: String,
    kept: String,
) -> Result<HttpResponse> {
    let values = Values { next, kept, reason: Some(Reason::Ended), ..Values::default() };
    draw(StatusCode::FORBIDDEN, visitor, site, values, Invalid::default()).await
}

/// The page with the reason why nobody was signed in elsewhere.
pub(super) async fn refuse(
    visitor: &Public,
    site: &Site,
    status: StatusCode,
    message: &str,
) -> Result<HttpResponse> {
    let mut errors = Invalid::default();
    errors.add("", message);
    draw(status, visitor, site, Values::default(), errors).await
}

/// Redirects a visitor who is signed in to the requested page.
pub(super) fn redirect_if_signed_in(visitor: &Public, next: &str) -> Option<HttpResponse> {
    let is_signed_in = visitor.session.contains_key(SESSION_KEY);
    is_signed_in.then(|| page::see_other(&path::own(next).unwrap_or_else(|| HOME.into())))
}

pub(super) async fn sign_in(
    visitor: Public,
    request: HttpRequest,
    form: LateForm<SignInForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let SignInForm { email, password, next, kept } = form.fields;
    if form.token.is_none() {
        return answer_late(&visitor, &site, &next, &kept);
    }
    let kept = kept_input::well_formed(kept);
    if let Err(message) = text::without_secret(&email) {
        let errors = Invalid(vec![FieldError { field: "email", message }]);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let values = Values { email, next, kept, reason: None, asks_for_password: true };
        return draw(status, &visitor, &site, values, errors).await;
    }
    let (password, context) = (Password::presented(password), &visitor.context);
    let browser = known_browser::id_of(&request, &site);
    let outcome =
        sign_in::sign_in(&site.db, &sign_in_service, &email, password, browser, context).await?;
    let (status, message, wait) = match outcome {
        Outcome::SignedIn(member) => return welcome(&visitor, &site, &member, (&next, &kept)),
        Outcome::NeedsSecondStep(member, step) => {
            return code::ask(&visitor, &site, &member, &step, (&next, kept)).await;
        }
        Outcome::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, WRONG.to_owned(), None),
        Outcome::PasswordsOff => {
            (StatusCode::UNPROCESSABLE_ENTITY, sign_in::PASSWORDS_OFF.to_owned(), None)
        }
        Outcome::TooMany { seconds } => {
            (StatusCode::TOO_MANY_REQUESTS, throttle::wait_message(seconds), Some(seconds))
        }
        Outcome::Busy => (StatusCode::SERVICE_UNAVAILABLE, BUSY.to_owned(), Some(1)),
    };
    let mut errors = Invalid::default();
    errors.add("email", message);
    let values = Values { email, next, kept, reason: None, asks_for_password: true };
    draw_after_failure(status, wait, &visitor, &site, values, errors).await
}

/// The page after an attempt that did not sign in, and after how many seconds the next one may.
pub(super) async fn draw_after_failure(
    status: StatusCode,
    wait: Option<u64>,
    visitor: &Public,
    site: &Site,
    values: Values,
    errors: Invalid,
) -> Result<HttpResponse> {
    let mut response = draw(status, visitor, site, values, errors).await?;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn draw(
    status: StatusCode,
    visitor: &Public,
    site: &Site,
    values: Values,
    errors: Invalid,
) -> Result<HttpResponse> {
    let Values { email, next, kept, reason, asks_for_password } = values;
    let form_key = form_token::key_of(&visitor.session)?;
    let form_token = form_token::mint(&site.keyring, &form_key, &visitor.page, site.clock.now())?;
    let (relying_party, token) = (RelyingParty::of(&site.public_url)?, form_token.clone());
    let context = visitor.context.clone();
    let found = site.db.read(move |c| {
        let passkey = relying_party
            .map_or(Ok(None), |site| passkeys::begin_sign_in(c, &site, None, &token, &context))?;
        Ok((settings::get(c)?, set_up::is_open(c)?, sso::button(c)?, passkey))
    });
    let (settings, is_new, provider, passkey) = found.await?;
    let is_enforced = provider.as_ref().is_some_and(|(_, who)| *who == Passwords::BreakGlassOnly);
    let ways = Ways {
        button: provider.map(|(button, _)| button),
        has_password: !is_enforced || asks_for_password,
        other: query::href(
            "/sign-in",
            &[("other".into(), "1".into()), ("next".into(), next.clone())],
        ),
    };
    page::page(
        status,
        &SignInPage {
            theme: visitor.theme,
            organisation: settings.organisation,
            form_token,
            email_is_secret: text::without_secret(&email).is_err(),
            email: text::visible(&email, 254),
            next: path::own(&next).unwrap_or_default(),
            kept,
            reason,
            is_new,
            passkey,
            ways,
            errors,
            notice: visitor.take_notice(),
        },
    )
}
