//! `/sign-out`.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use url::Url;

use super::sso as sso_pages;
use crate::base::error::Result;
use crate::domain::sign_in::{self, sessions};
use crate::domain::sso::{self, SingleSignOn};
use crate::pages::{SignedIn, Visit};
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Deserialize)]
pub(super) struct SignOutForm {}

/// Ends the session immediately, and makes the browser delete its cached data.
pub(super) async fn sign_out(
    viewer: SignedIn,
    _form: Form<SignOutForm>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
) -> Result<HttpResponse> {
    let (member, context) = (viewer.member.clone(), viewer.context());
    let session = viewer.session_reference.clone();
    site.db.write(move |tx| sign_in::sign_out(tx, &member, &session, &context)).await?;
    let at_provider = provider_url(&viewer, &site, single_sign_on).await;
    viewer.session().purge();
    let mut response = match at_provider {
        Some(url) => sso_pages::leave_to_sign_out(viewer.theme, url)?,
        None => page::see_other("/sign-in"),
    };
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
    Ok(response)
}

/// Where the member signs out at the provider, if they signed in there and the settings say so. The
/// session here has ended, whatever the provider does.
async fn provider_url(
    viewer: &Visit,
    site: &Site,
    single_sign_on: web::Data<SingleSignOn>,
) -> Option<Url> {
    let at: Option<i64> = viewer.session().get(sessions::PROVIDER_SIGN_IN_AT).ok().flatten();
    at?;
    let keyring = site.keyring.clone();
    let provider = site.db.read(move |c| sso::provider(c, &keyring)).await.ok()??;
    if !provider.sign_out_at_provider {
        return None;
    }
    let return_to = format!("{}/sign-in", site.public_url.origin());
    single_sign_on.into_inner().end_session_url(provider, return_to, site.clock.now()).await
}
