//! `/sign-in/sso/callback`: the browser comes back from the provider.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{COOKIE, KEPT, SIGN_IN, no_cookie, redirect_uri, refuse};
use crate::base::clock::SECOND;
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::domain::members::MemberId;
use crate::domain::sign_in::{SignInService, sessions};
use crate::domain::sso::{
    self, Attempt, Outcome, Person, Provider, Purpose, Refusal, SingleSignOn,
};
use crate::pages::kept_input::{self, KeptInput};
use crate::pages::sign_in::account::ACCOUNT;
use crate::pages::sign_in::enter::welcome;
use crate::pages::visit::CONFIRM_PROBLEM;
use crate::pages::{Public, SESSION_KEY};
use crate::web::flash::Notice;
use crate::web::form_token::FormPage;
use crate::web::query::Query;
use crate::web::{Site, cookie, page, path};

/// The page on which a member links an account.
const LINK: &str = "/account/sso";

/// What the provider adds to the address (RFC 6749, 4.1.2; RFC 9207, 2).
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::sign_in) struct Answer {
    code: String,
    state: String,
    error: String,
    iss: String,
}

pub(super) async fn finish(
    visitor: Public,
    request: HttpRequest,
    query: Query<Answer>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let visitor = Public { page: FormPage::at(SIGN_IN), ..visitor };
    let (answer, now) = (query.0, site.clock.now());
    let attempt = cookie::value(&request, COOKIE)
        .and_then(|sealed| Attempt::open(&site.keyring, &sealed, &answer.state, now));
    let Some(attempt) = attempt else {
        return refuse(&visitor, &site, Refusal::Outdated).await;
    };
    let (purpose, next) = (attempt.purpose.clone(), attempt.next.clone());
    let kept = kept_input::well_formed(cookie::value(&request, KEPT).unwrap_or_default());
    let identified = identify(&visitor, &site, single_sign_on, &sign_in_service, attempt, answer);
    let done = match identified.await? {
        Ok(identified) => conclude(&visitor, &site, identified, &kept).await?,
        Err(refusal) => Err(refusal),
    };
    let mut response = match done {
        Ok(response) => response,
        Err(refusal) if is_of_viewer(&visitor, &purpose) => {
            tell_viewer(&visitor, &purpose, &next, refusal)?
        }
        Err(refusal) => refuse(&visitor, &site, refusal).await?,
    };
    for name in [COOKIE, KEPT] {
        response.add_cookie(&no_cookie(&site, name)).map_err(Error::internal)?;
    }
    Ok(response)
}

/// A person, and what they came for.
struct Identified {
    provider: Provider,
    person: Person,
    purpose: Purpose,
    next: String,
}

async fn identify(
    visitor: &Public,
    site: &Site,
    single_sign_on: web::Data<SingleSignOn>,
    sign_in_service: &SignInService,
    attempt: Attempt,
    answer: Answer,
) -> Result<Result<Identified, Refusal>> {
    if !answer.error.is_empty() {
        let error = text::visible(&answer.error, 60);
        tracing::info!(%error, "the provider of single sign-on did not let somebody in");
        return Ok(Err(Refusal::Denied));
    }
    let keyring = site.keyring.clone();
    let Some(provider) = site.db.read(move |c| sso::provider(c, &keyring)).await? else {
        return Ok(Err(Refusal::Off));
    };
    if !answer.iss.is_empty() && answer.iss != provider.issuer {
        return Ok(Err(Refusal::Unverified));
    }
    // The attempt can be presented again until it is too old, and each time the provider is asked.
    let (origin, now) = (&visitor.context.origin, visitor.context.now);
    let address = origin.address.ok_or_else(|| Error::internal("a request without an address"))?;
    let reservation = sign_in_service
        .throttle
        .reserve(None, address, now)
        .map_err(|wait| Error::TooMany { seconds: wait.seconds, message: wait.message() })?;
    let (purpose, next) = (attempt.purpose.clone(), attempt.next.clone());
    let sso = single_sign_on.into_inner();
    let person = sso.finish(provider.clone(), redirect_uri(site), attempt, answer.code, now);
    Ok(person.await?.map(|person| {
        sign_in_service.throttle.succeeded(reservation);
        Identified { provider, person, purpose, next }
    }))
}

async fn conclude(
    visitor: &Public,
    site: &Site,
    identified: Identified,
    kept: &str,
) -> Result<Result<HttpResponse, Refusal>> {
    match &identified.purpose {
        Purpose::Link(id) => {
            let id = MemberId::stored(id.clone());
            link(visitor, site, identified, id).await
        }
        Purpose::Confirm(id) => {
            let id = MemberId::stored(id.clone());
            confirm(visitor, site, identified, id).await
        }
        Purpose::SignIn | Purpose::Invitation(_) => sign_in(visitor, site, identified, kept).await,
    }
}

async fn link(
    visitor: &Public,
    site: &Site,
    identified: Identified,
    id: MemberId,
) -> Result<Result<HttpResponse, Refusal>> {
    let Identified { provider, person, purpose, .. } = identified;
    if !is_of_viewer(visitor, &purpose) {
        return Ok(Err(Refusal::Outdated));
    }
    let context = visitor.context.clone();
    let linked = site.db.write(move |tx| match provider.current(tx, &context.keyring)? {
        Some(_) => sso::link(tx, &person, &id, &context),
        None => Ok(Some(Refusal::Outdated)),
    });
    if let Some(refusal) = linked.await? {
        return Ok(Err(refusal));
    }
    Notice::done("Your account was linked.").set(&visitor.session)?;
    Ok(Ok(page::see_other(LINK)))
}

/// Confirms who uses the session, and leads back to the form that asked for it.
async fn confirm(
    visitor: &Public,
    site: &Site,
    identified: Identified,
    id: MemberId,
) -> Result<Result<HttpResponse, Refusal>> {
    let Identified { provider, person, purpose, next } = identified;
    if !is_of_viewer(visitor, &purpose) {
        return Ok(Err(Refusal::Outdated));
    }
    let session: String =
        visitor.session.get(sessions::REFERENCE).ok().flatten().unwrap_or_default();
    let context = visitor.context.clone();
    let confirmed = site.db.write(move |tx| match provider.current(tx, &context.keyring)? {
        Some(_) => sso::confirm(tx, &person, (&id, &session), &context),
        None => Ok(Some(Refusal::Outdated)),
    });
    match confirmed.await? {
        Some(refusal) => Ok(Err(refusal)),
        None => Ok(Ok(page::see_other(&path::own(&next).unwrap_or_else(|| ACCOUNT.into())))),
    }
}

async fn sign_in(
    visitor: &Public,
    site: &Site,
    identified: Identified,
    kept: &str,
) -> Result<Result<HttpResponse, Refusal>> {
    let Identified { provider, person, purpose, next } = identified;
    let (context, expires_in) = (visitor.context.clone(), person.session_expires_in);
    let signed_in = site.db.write(move |tx| {
        let code = match &purpose {
            Purpose::Invitation(code) => Some(code.as_str()),
            Purpose::SignIn | Purpose::Link(_) | Purpose::Confirm(_) => None,
        };
        match provider.current(tx, &context.keyring)? {
            Some(provider) => sso::sign_in(tx, &provider, &person, code, &context),
            None => Ok(Outcome::Refused(Refusal::Outdated)),
        }
    });
    let member = match signed_in.await? {
        Outcome::SignedIn(member) => member,
        Outcome::Refused(refusal) => return Ok(Err(refusal)),
    };
    let response = welcome(visitor, site, &member, (&next, kept))?;
    let (session, now) = (&visitor.session, visitor.context.now);
    session.insert(sessions::PROVIDER_SIGN_IN_AT, now.millis()).map_err(Error::internal)?;
    if let Some(seconds) = expires_in {
        let ends_at = now.plus(i64::from(seconds) * SECOND).millis();
        session.insert(sessions::ENDS_AT, ends_at).map_err(Error::internal)?;
    }
    Ok(Ok(response))
}

/// Whether the attempt is one of the member who is signed in now.
fn is_of_viewer(visitor: &Public, purpose: &Purpose) -> bool {
    let signed_in: Option<String> = visitor.session.get(SESSION_KEY).ok().flatten();
    match (purpose, signed_in) {
        (Purpose::Link(id) | Purpose::Confirm(id), Some(member)) => *id == member,
        _ => false,
    }
}

/// Says why an attempt failed, on the page that a member who is signed in came from.
fn tell_viewer(
    visitor: &Public,
    purpose: &Purpose,
    next: &str,
    refusal: Refusal,
) -> Result<HttpResponse> {
    let message = format!("{}.", refusal.message());
    if !matches!(purpose, Purpose::Confirm(_)) {
        Notice::warning(message).set(&visitor.session)?;
        return Ok(page::see_other(LINK));
    }
    if KeptInput::is_left(&visitor.session) {
        visitor.session.insert(CONFIRM_PROBLEM, message).map_err(Error::internal)?;
    } else {
        Notice::warning(message).set(&visitor.session)?;
    }
    Ok(page::see_other(&path::own(next).unwrap_or_else(|| ACCOUNT.into())))
}
