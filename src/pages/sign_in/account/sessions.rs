//! `/account/sessions/…`: ending one's own sessions.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{ACCOUNT, this_session};
use crate::base::error::Result;
use crate::domain::sign_in::own_sessions;
use crate::pages::SignedIn;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct EndForm {
    session: String,
}

#[derive(Deserialize)]
pub(super) struct EndOthersForm {}

pub(super) async fn end(
    viewer: SignedIn,
    form: Form<EndForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (member, author, token) = (viewer.member.clone(), viewer.author(), form.token);
    let ended = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, ACCOUNT)?;
        own_sessions::end(tx, &member, &form.fields.session, &author)
    });
    let notice = if ended.await? {
        Notice::done("The session has ended.")
    } else {
        Notice::note("You have no such session. It may have ended already.")
    };
    notice.set(viewer.session())?;
    Ok(page::see_other(ACCOUNT))
}

pub(super) async fn end_others(
    viewer: SignedIn,
    form: Form<EndOthersForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (member, author, token) = (viewer.member.clone(), viewer.author(), form.token);
    let this = this_session(&viewer);
    let ended = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, ACCOUNT)?;
        own_sessions::end_others(tx, &member, &this, &author)
    });
    let notice = match ended.await? {
        0 => Notice::note("You have no other session."),
        1 => Notice::done("Your other session has ended."),
        count => Notice::done(format!("Your {count} other sessions have ended.")),
    };
    notice.set(viewer.session())?;
    Ok(page::see_other(ACCOUNT))
}
