//! `/sign-in/code`: the second step of signing in, for members who have an authenticator app.
//!
//! No session exists yet. A cookie, which is valid for five minutes, says whose password was right.

use actix_session::Session;
use actix_web::cookie::{Cookie, time::Duration};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::enter::{answer_late, welcome};
use super::index::redirect_if_signed_in;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::Member;
use crate::domain::sign_in::passkeys::{self, Ceremony, RelyingParty};
use crate::domain::sign_in::second_step::{self, SecondStepOutcome};
use crate::domain::sign_in::{SignInService, throttle, two_step};
use crate::letters;
use crate::pages::Public;
use crate::pages::kept_input;
use crate::web::flash::Notice;
use crate::web::form::{LateForm, STRANGERS, SecretFields};
use crate::web::query::Query;
use crate::web::theme::Theme;
use crate::web::{Site, cookie, form_token, page, path, query};

/// The name of the cookie, without the common prefix or suffix.
const COOKIE: &str = "latchkey-sign-in";
const PAGE: &str = "/sign-in/code";

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    code: Zeroizing<String>,
    #[serde(default)]
    next: String,
    /// The sealed input of a form from before the session ended.
    #[serde(default)]
    kept: String,
}

impl SecretFields for CodeForm {
    const AS_TYPED: &'static [&'static str] = &["code", "kept"];

    fn max_size(session: &Session, usual: usize) -> usize {
        kept_input::max_form_size(session, usual)
    }
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    theme: Theme,
    form_token: String,
    /// The token of the form for a passkey.
    passkey_token: String,
    /// Present if the member can use a passkey.
    passkey: Option<Ceremony>,
    email: String,
    next: String,
    kept: String,
    errors: Invalid,
}

/// The parameters in the page's URL.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    next: String,
}

/// Asks for the code after the right password. Input that was kept is too long for a URL, so in that
/// case the page itself carries it.
pub(super) async fn ask(
    visitor: &Public,
    site: &Site,
    member: &Member,
    step: &str,
    (next, kept): (&str, String),
) -> Result<HttpResponse> {
    let mut response = if kept.is_empty() {
        let next = path::own(next).map(|next| ("next".to_owned(), next));
        page::see_other(&query::href(PAGE, &next.into_iter().collect::<Vec<_>>()))
    } else {
        let values = (next.to_owned(), kept);
        draw(StatusCode::OK, visitor, site, member, values, Invalid::default()).await?
    };
    response.add_cookie(&cookie_with(site, step, Duration::minutes(5))).map_err(Error::internal)?;
    Ok(response)
}

pub(super) async fn page(
    visitor: Public,
    request: HttpRequest,
    query: Query<Parameters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let next = query.0.next;
    if let Some(redirect) = redirect_if_signed_in(&visitor, &next) {
        return Ok(redirect);
    }
    match find_member(&visitor, &request, &site).await? {
        Some((member, _)) => {
            let values = (next, String::new());
            draw(StatusCode::OK, &visitor, &site, &member, values, Invalid::default()).await
        }
        None => Ok(start_again(&next)),
    }
}

pub(super) async fn sign_in(
    visitor: Public,
    request: HttpRequest,
    form: LateForm<CodeForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let CodeForm { code, next, kept } = form.fields;
    if form.token.is_none() {
        return answer_late(&visitor, &site, &next, &kept);
    }
    let found = find_member(&visitor, &request, &site).await?;
    let Some((member, step)) = found else { return Ok(start_again(&next)) };
    let (kept, context) = (kept_input::well_formed(kept), &visitor.context);
    let notify = letters::two_step_changed;
    let outcome =
        second_step::sign_in(&site.db, &sign_in_service, &step, &code, notify, context).await?;
    let (status, message, wait) = match outcome {
        SecondStepOutcome::SignedIn { member, codes_left } => {
            let mut response = welcome(&visitor, &site, &member, (&next, &kept))?;
            if let Some(left) = codes_left {
                recovery_code_used(left).set(&visitor.session)?;
            }
            let ended = cookie_with(&site, "", Duration::ZERO);
            response.add_cookie(&ended).map_err(Error::internal)?;
            return Ok(response);
        }
        SecondStepOutcome::Expired => return Ok(start_again(&next)),
        SecondStepOutcome::Wrong => {
            (StatusCode::UNPROCESSABLE_ENTITY, two_step::WRONG.to_owned(), None)
        }
        SecondStepOutcome::TooMany { seconds } => {
            (StatusCode::TOO_MANY_REQUESTS, throttle::wait_message(seconds), Some(seconds))
        }
    };
    let mut errors = Invalid::default();
    errors.add("code", message);
    let mut response = draw(status, &visitor, &site, &member, (next, kept), errors).await?;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn recovery_code_used(left: i64) -> Notice {
    let left = match left {
        0 => "It was your last one: make new ones".to_owned(),
        1 => "1 is left: make new ones".to_owned(),
        left => format!("{left} are left"),
    };
    Notice::warning(format!(
        "You used a recovery code. {left}. If you lost your phone or passkey, replace it in Account settings."
    ))
}

/// The member whose password was right a short time ago, and the text in the cookie.
async fn find_member(
    visitor: &Public,
    request: &HttpRequest,
    site: &Site,
) -> Result<Option<(Member, String)>> {
    let Some(step) = cookie::value(request, COOKIE) else { return Ok(None) };
    let (text, keyring, now) = (step.clone(), site.keyring.clone(), visitor.context.now);
    let found = site.db.read(move |c| second_step::member(c, &keyring, &text, now)).await?;
    Ok(found.map(|member| (member, step)))
}

fn start_again(next: &str) -> HttpResponse {
    let next = path::own(next).map(|next| ("next".to_owned(), next));
    let late = ("late".to_owned(), "1".to_owned());
    page::see_other(&query::href("/sign-in", &next.into_iter().chain([late]).collect::<Vec<_>>()))
}

fn cookie_with(site: &Site, step: &str, age: Duration) -> Cookie<'static> {
    cookie::build(&site.public_url, COOKIE, step.to_owned(), age)
}

async fn draw(
    status: StatusCode,
    visitor: &Public,
    site: &Site,
    member: &Member,
    (next, kept): (String, String),
    errors: Invalid,
) -> Result<HttpResponse> {
    let form_key = form_token::key_of(&visitor.session)?;
    let token = |page| {
        let page = form_token::FormPage::at(page);
        form_token::mint(&site.keyring, &form_key, &page, site.clock.now())
    };
    // The other form of the page is sent to an action below the sign-in page.
    let (form_token, passkey_token) = (token(PAGE)?, token("/sign-in")?);
    let (relying_party, asked) = (RelyingParty::of(&site.public_url)?, passkey_token.clone());
    let (id, context) = (member.id.clone(), visitor.context.clone());
    let found = site.db.read(move |c| {
        relying_party
            .map_or(Ok(None), |site| passkeys::begin_sign_in(c, &site, Some(&id), &asked, &context))
    });
    let template = CodePage {
        theme: visitor.theme,
        form_token,
        passkey_token,
        passkey: found.await?,
        email: member.email.as_str().to_owned(),
        next: path::own(&next).unwrap_or_default(),
        kept,
        errors,
    };
    page::page(status, &template)
}
