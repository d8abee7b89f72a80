//! Begins the session of a member who has signed in, and leads to where they wanted to go.

use actix_session::Session;
use actix_web::{HttpResponse, ResponseError as _};

use super::{home, known_browser};
use crate::base::error::{Error, Result};
use crate::domain::activity::Context;
use crate::domain::members::Member;
use crate::domain::sign_in::sessions;
use crate::pages::kept_input::KeptInput;
use crate::pages::{Public, SESSION_KEY};
use crate::web::rejection::Rejection;
use crate::web::{Site, form_token, page, path};

/// The page that visitors ask for by asking for none.
pub(super) const HOME: &str = "/api-keys";

/// Signs the member in, and leads to the form whose input was kept, otherwise to `next`.
pub(super) fn welcome(
    visitor: &Public,
    site: &Site,
    member: &Member,
    (next, kept): (&str, &str),
) -> Result<HttpResponse> {
    lead_on(visitor, site, member.id.as_str(), (next, kept), |location| {
        enter(visitor, site, member, location)
    })
}

/// Answers a form whose token is not valid: the visitor has signed in on another tab, and continues
/// where this form would lead to.
pub(super) fn answer_late(
    visitor: &Public,
    site: &Site,
    next: &str,
    kept: &str,
) -> Result<HttpResponse> {
    let member: Option<String> = visitor.session.get(SESSION_KEY).ok().flatten();
    let Some(member) = member else { return Ok(Rejection::StaleForm.error_response()) };
    lead_on(visitor, site, &member, (next, kept), |location| {
        Ok(page::see_other(location.unwrap_or(HOME)))
    })
}

/// Responds with `redirect` to the form whose input was kept for the member with `id`, otherwise to
/// `next`.
fn lead_on(
    visitor: &Public,
    site: &Site,
    id: &str,
    (next, sealed): (&str, &str),
    redirect: impl FnOnce(Option<&str>) -> Result<HttpResponse>,
) -> Result<HttpResponse> {
    let kept = KeptInput::open(&site.keyring, id, sealed, visitor.context.now);
    let form = kept.and_then(|kept| path::own(&kept.location));
    let Some(form) = form else {
        return redirect(path::own(next).as_deref());
    };
    let response = redirect(Some(&form))?;
    KeptInput::leave(&visitor.session, sealed)?;
    Ok(response)
}

/// Signs the member in, marks the browser as known, and redirects to `location` or to the first page
/// that the member may see.
pub(super) fn enter(
    visitor: &Public,
    site: &Site,
    member: &Member,
    location: Option<&str>,
) -> Result<HttpResponse> {
    begin(&visitor.session, member, &visitor.context)?;
    let location = location.filter(|next| *next != HOME);
    let mut response = page::see_other(location.unwrap_or_else(|| home(member)));
    response.add_cookie(&known_browser::for_browser(site)?).map_err(Error::internal)?;
    Ok(response)
}

/// Gives the member a new session with a new id and a new form key, and with nothing from the
/// visitor's session.
fn begin(session: &Session, member: &Member, context: &Context) -> Result<()> {
    session.renew();
    session.clear();
    let origin = &context.origin;
    session.insert(SESSION_KEY, member.id.as_str()).map_err(Error::internal)?;
    session.insert(form_token::SESSION_KEY, form_token::new_key()?).map_err(Error::internal)?;
    session.insert(sessions::PRIVILEGES, member.version).map_err(Error::internal)?;
    session.insert(sessions::ADDRESS, origin.address).map_err(Error::internal)?;
    session.insert("user_agent", &origin.user_agent).map_err(Error::internal)
}
