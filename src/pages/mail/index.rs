//! `/mail`: the last messages, what became of them, and sending one again.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::base::clock::{Timestamp, day_and_time};
use crate::base::error::{Error, Result};
use crate::domain::mail::outbox::{self, Email, EmailId, Status};
use crate::domain::members::permission::ManageSettings;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "mail/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: String,
    recipient: String,
    subject: String,
    badge: Badge,
    /// Why it was not sent, or when it is tried again.
    why: String,
    may_send: bool,
    when: String,
    at: String,
}

/// A badge as templates draw it.
struct Badge {
    class: &'static str,
    icon: &'static str,
    text: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let cursor = list.cursor.clone();
    let emails = site.db.read(move |c| outbox::list(c, cursor.as_ref())).await?;
    page::ok(&Index {
        viewer: &viewer,
        notice: viewer.take_notice(),
        rows: emails.rows.iter().map(|email| row(email, viewer.now)).collect(),
        pager: list.pager("/mail", &emails),
    })
}

pub(super) async fn send_again(
    viewer: Allowed<ManageSettings>,
    email_id: web::Path<String>,
    form: Form<Nothing>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = EmailId::parse(&email_id).ok_or(Error::NotFound)?;
    let (author, token) = (viewer.author(), form.token);
    let sent = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/mail")?;
        outbox::send_again(tx, &id, &author)
    });
    let notice = match sent.await {
        Ok(()) => Notice::done("It is sent again within seconds."),
        Err(error @ Error::Invalid(_)) => Notice::warning(format!("{error}.")),
        Err(error) => return Err(error),
    };
    notice.set(viewer.session())?;
    Ok(page::see_other("/mail"))
}

fn row(email: &Email, now: Timestamp) -> Row {
    let (class, icon, text) = match email.status() {
        Status::Queued => ("badge-never", "circle-dashed", "Queued"),
        Status::Retrying(_) => ("badge-soon", "clock", "Retrying"),
        Status::Sent(_) => ("badge-active", "check", "Sent"),
        Status::Refused(_) => ("badge-expired", "circle-alert", "Refused"),
    };
    let why = match email.status() {
        Status::Retrying(next) => {
            format!("{}. Next attempt {}", email.last_error, day_and_time(next, now))
        }
        Status::Refused(_) => email.last_error.clone(),
        Status::Queued | Status::Sent(_) => String::new(),
    };
    Row {
        id: email.id.as_str().into(),
        recipient: email.recipient.clone(),
        subject: email.subject.clone(),
        badge: Badge { class, icon, text },
        why,
        may_send: matches!(email.status(), Status::Refused(_) | Status::Retrying(_))
            && email.may_be_sent_again(),
        when: day_and_time(email.created_at, now),
        at: email.created_at.rfc_3339(),
    }
}
