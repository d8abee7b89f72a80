//! The form of the mail server, and its test message.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::fields::MailFields;
use super::show::{State, draw};
use crate::base::error::{Error, Result};
use crate::domain::mail::{self, Connector, Message};
use crate::domain::members::mail_server;
use crate::domain::members::permission::ManageSettings;
use crate::letters;
use crate::pages::{Allowed, AllowedAll, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::{Form, SecretForm};

const PATH: &str = "/settings#mail";

pub(super) async fn save(
    viewer: AllowedAll,
    form: SecretForm<MailFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let draft = form.fields.draft();
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
            let state = State { mail: Some(form.fields), mail_errors, ..State::default() };
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, state).await
        }
        Err(error) => Err(error),
    }
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
