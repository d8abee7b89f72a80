//! `/sign-in/sso/logout`: the provider ends the sessions of a member (OpenID Connect Back-Channel
//! Logout 1.0).
//!
//! The provider sends the request, not a browser: it has no session, no form token, and no origin.
//! The token in it is all the proof.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::base::error::{Error, Result};
use crate::domain::sso::{self, SingleSignOn};
use crate::pages::Public;
use crate::web::Site;
use crate::web::form::{ForeignForm, STRANGERS};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::sign_in) struct LogoutForm {
    logout_token: String,
}

pub(super) async fn end_sessions(
    visitor: Public,
    form: ForeignForm<LogoutForm, STRANGERS>,
    site: web::Data<Site>,
    single_sign_on: web::Data<SingleSignOn>,
) -> Result<HttpResponse> {
    let context = visitor.context;
    let address = context.origin.address;
    let address = address.ok_or_else(|| Error::internal("a request without an address"))?;
    let keyring = site.keyring.clone();
    let Some(provider) = site.db.read(move |c| sso::provider(c, &keyring)).await? else {
        return Ok(answer(StatusCode::BAD_REQUEST));
    };
    let (sso, token) = (single_sign_on.into_inner(), form.fields.logout_token);
    let checked = sso.check_logout(provider.clone(), token, address.into(), context.now);
    let token = match checked.await? {
        Ok(token) => token,
        // The provider may try again later.
        Err(refusal) if refusal.is_temporary() => {
            return Ok(answer(StatusCode::SERVICE_UNAVAILABLE));
        }
        Err(_) => return Ok(answer(StatusCode::BAD_REQUEST)),
    };
    let ended = site.db.write(move |tx| sso::end_sessions(tx, &provider, &token, &context));
    Ok(answer(if ended.await? { StatusCode::OK } else { StatusCode::BAD_REQUEST }))
}

/// The answer that the standard asks for (2.8).
fn answer(status: StatusCode) -> HttpResponse {
    match status {
        StatusCode::OK => HttpResponse::Ok().finish(),
        status => {
            HttpResponse::build(status).json(serde_json::json!({ "error": "invalid_request" }))
        }
    }
}
