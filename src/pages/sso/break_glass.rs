//! `/settings/sso/break-glass`: chooses the break-glass members.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::page::draw;
use super::{PATH, notify};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::MemberId;
use crate::domain::sign_in::confirmation;
use crate::domain::sso::break_glass;
use crate::pages::AllowedAll;
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    break_glass: Vec<String>,
}

pub(super) async fn save(
    viewer: AllowedAll,
    request: HttpRequest,
    form: Form<Fields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let ask = async |status, errors| draw(status, &viewer, &site, None, on_this_form(errors)).await;
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let ids: Option<Vec<MemberId>> =
        form.fields.break_glass.iter().map(|id| MemberId::parse(id)).collect();
    let saved = viewer.submit(&site, form.token, PATH, move |tx, context| {
        let unknown = || Error::invalid("break_glass", "Choose members from the list");
        let notification = break_glass::choose(tx, &ids.ok_or_else(unknown)?, context)?;
        notify(tx, notification.as_ref())?;
        Ok(Notice::done("Break-glass members saved."))
    });
    match saved.await {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, None, errors).await
        }
        response => response,
    }
}

/// The errors of a proof, at the fields of this form: the page's other form has such fields too.
fn on_this_form(mut errors: Invalid) -> Invalid {
    for error in &mut errors.0 {
        error.field = match error.field {
            confirmation::PASSWORD => "break_glass_confirm_password",
            confirmation::CODE => "break_glass_confirm_code",
            confirmation::PASSKEY => "break_glass_confirm_assertion",
            other => other,
        };
    }
    errors
}
