//! `POST /webhooks/{webhook_id}/test`: sends a test message and says what came of it.

use actix_web::{HttpResponse, web};

use super::{id, location};
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, Policy};
use crate::pages::{Allowed, NoFields};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

pub(super) async fn send(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let (author, token, here) = (viewer.author(), form.token, location(&id));
    let back = here.clone();
    let claimed = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &back)?;
        webhooks::test(tx, &id, &author)
    });
    let (claimed, policy) = (claimed.await?, Policy::from(&**site));
    let attempt = webhooks::send_now(&site.db, &policy, claimed, viewer.now).await?;
    let notice = match attempt.status {
        Some(status) if attempt.error.is_empty() => {
            let took = attempt.duration;
            Notice::done(format!("The test message arrived: answered with {status} in {took} ms."))
        }
        _ => Notice::warning(format!("The test message did not arrive. {}.", attempt.error)),
    };
    notice.set(viewer.session())?;
    Ok(page::see_other(&here))
}
