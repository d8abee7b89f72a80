//! The mail server's form, and its test message.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::fields::MailFields;
use super::show::{State, draw};
use crate::base::error::{Error, Result};
use crate::domain::mail::{self, Connector, Message};
use crate::domain::members::mail_server;
use crate::domain::members::permission::ManageSettings;
use crate::letters;
use crate::pages::{Allowed, AllowedAll};
use crate::web::flash::Notice;
use crate::web::form::{Form, SecretForm};
use crate::web::{Site, page};

const HERE: &str = "/settings#mail";

pub(super) async fn save(
    viewer: AllowedAll,
    form: SecretForm<MailFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (draft, author, token) = (form.fields.draft(), viewer.author(), form.token);
    let saved = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, HERE)?;
        mail_server::change(tx, &draft, &author)
    });
    match saved.await {
        Ok((server, notification)) => {
            if let Some(notification) = notification {
                let connector = Connector::from(&**site);
                // The page does not wait for a mail server.
                actix_web::rt::spawn(
                    async move { letters::notify(&notification, &connector).await },
                );
            }
            let said = server.map_or("No email is sent from now on.", |_| "Mail server saved.");
            Notice::done(said).set(viewer.session())?;
            Ok(page::see_other(HERE))
        }
        Err(Error::Invalid(mail_errors)) => {
            let state = State { mail: Some(form.fields), mail_errors, ..State::default() };
            draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, state).await
        }
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Sends a message to whoever asks for it, through the server as it is saved.
pub(super) async fn test(
    viewer: Allowed<ManageSettings>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (author, token) = (viewer.author(), form.token);
    let to = viewer.member.email.as_str().to_owned();
    let recipient = to.clone();
    let server = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, HERE)?;
        mail::test(tx, &recipient, &author)
    });
    let server = match server.await {
        Ok(server) => server,
        Err(Error::Invalid(mail_errors)) => {
            let state = State { mail_errors, ..State::default() };
            return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, state).await;
        }
        Err(error) => return Err(error),
    };
    let text = format!(
        "This is the test message that {} asked for in Latchkey at {}.\n\nIf you can read it, email works.\n",
        viewer.member.name.as_str(),
        site.public_url
    );
    let message =
        Message { to: to.clone(), subject: "Latchkey: test message".into(), text, html: None };
    let notice = match mail::send(&server, &Connector::from(&**site), &message).await {
        Ok(()) => Notice::done(format!("A test message was sent to {to}.")),
        Err(why) => Notice::warning(format!("No test message was sent. {why}")),
    };
    notice.set(viewer.session())?;
    Ok(page::see_other(HERE))
}
