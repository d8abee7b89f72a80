//! `POST /webhooks/{webhook_id}/test`: sends a test message and reports the result.

use actix_web::{HttpResponse, web};

use super::{id, location};
use crate::base::error::Result;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, Policy};
use crate::pages::{Allowed, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

pub(super) async fn send(
    viewer: Allowed<ManageSettings>,
    webhook_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = id(&webhook_id)?;
    let here = location(&id);
    let claimed =
        viewer.write(&site, form.token, &here, move |tx, context| webhooks::test(tx, &id, context));
    let (claimed, policy) = (claimed.await?, Policy::from(&**site));
    let attempt = webhooks::send_now(&site.db, &policy, claimed, viewer.now).await?;
    let notice = match attempt.status {
        Some(status) if attempt.error.is_empty() => {
            let took = attempt.duration;
            Notice::done(format!("The test message arrived: answered with {status} in {took} ms."))
        }
        _ => Notice::warning(format!("The test message did not arrive. {}.", attempt.error)),
    };
    viewer.see_other(&here, notice)
}
