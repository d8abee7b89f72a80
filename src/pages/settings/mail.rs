//! The form of the mail server, and its test message.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::fields::MailFields;
use super::show::{State, draw};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::mail::{self, Connector, Message};
use crate::domain::members::mail_server;
use crate::domain::members::permission::ManageSettings;
use crate::domain::sign_in::confirmation;
use crate::letters;
use crate::pages::{Allowed, AllowedAll, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::{Form, SecretForm};

const PATH: &str = "/settings#mail";

pub(super) async fn save(
    viewer: AllowedAll,
    request: HttpRequest,
    form: SecretForm<MailFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let draft = form.fields.draft();
    let ask = async |status, errors| {
        let (mail, mail_errors) = (Some(form.fields.clone()), on_this_form(errors));
        draw(status, &viewer, &site, State { mail, mail_errors, ..State::default() }).await
    };
    let asked = viewer.must_confirm(&request, &site, &form.token, form.proof, ask).await?;
    if let Some(response) = asked {
        return Ok(response);
    }
    let saved = viewer.write(&site, form.token, PATH, move |tx, context| {
        mail_server::change(tx, &draft, context)
    });
    match saved.await {
        Ok((server, notification)) => {
            if let Some(notification) = notification {
                let connector = Connector::from(&**site);
                // The page does not wait for the mail server.
                actix_web::rt::spawn(
                    async move { letters::notify(&notification, &connector).await },
                );
            }
            let message = server.map_or("No email is sent from now on.", |_| "Mail server saved.");
            viewer.see_other(PATH, Notice::done(message))
        }
        Err(Error::Invalid(mail_errors)) => {
            let is_confirmed = viewer.settings.confirm_minutes > 0;
            let mail = Some(form.fields);
            let state = State { mail, mail_errors, is_confirmed, ..State::default() };
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, state).await
        }
        Err(error) => Err(error),
    }
}

/// The errors of a proof, at the fields of this form: the page's other form has such fields too.
fn on_this_form(mut errors: Invalid) -> Invalid {
    for error in &mut errors.0 {
        error.field = match error.field {
            confirmation::PASSWORD => "mail_confirm_password",
            confirmation::CODE => "mail_confirm_code",
            confirmation::PASSKEY => "mail_confirm_assertion",
            other => other,
        };
    }
    errors
}

/// Sends a message to the viewer through the saved mail server.
pub(super) async fn test(
    viewer: Allowed<ManageSettings>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let to = viewer.member.email.as_str().to_owned();
    let recipient = to.clone();
    let server = viewer
        .write(&site, form.token, PATH, move |tx, context| mail::test(tx, &recipient, context));
    let server = match server.await {
        Ok(server) => server,
        Err(Error::Invalid(mail_errors)) => {
            let state = State { mail_errors, ..State::default() };
            return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, state).await;
        }
        Err(error) => return Err(error),
    };
    let message = letters::test(viewer.member.name.as_str(), &site.public_url.to_string());
    let message = Message { to: to.clone(), ..message };
    let notice = match mail::send(&server, &Connector::from(&**site), &message).await {
        Ok(()) => Notice::done(format!("A test message was sent to {to}.")),
        Err(why) => Notice::warning(format!("No test message was sent. {why}")),
    };
    viewer.see_other(PATH, notice)
}
