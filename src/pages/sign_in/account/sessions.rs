//! `/account/sessions/…`: ends the member's own sessions.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::ACCOUNT;
use crate::base::error::Result;
use crate::domain::sign_in::own_sessions;
use crate::pages::{NoFields, SignedIn};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct EndForm {
    session: String,
}

pub(super) async fn end(
    viewer: SignedIn,
    form: Form<EndForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let member = viewer.member.clone();
    let ended = viewer.submit(&site, form.token, ACCOUNT, move |tx, context| {
        let notice = if own_sessions::end(tx, &member, &form.fields.session, context)? {
            Notice::done("The session has ended.")
        } else {
            Notice::note("You have no such session. It may have ended already.")
        };
        Ok(notice)
    });
    ended.await
}

pub(super) async fn end_others(
    viewer: SignedIn,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (member, this) = (viewer.member.clone(), viewer.session_reference.clone());
    let ended = viewer.submit(&site, form.token, ACCOUNT, move |tx, context| {
        Ok(match own_sessions::end_others(tx, &member, &this, context)? {
            0 => Notice::note("You have no other session."),
            1 => Notice::done("Your other session has ended."),
            count => Notice::done(format!("Your {count} other sessions have ended.")),
        })
    });
    ended.await
}
