//! `/mail`: the latest messages with their status, and sending one again.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::base::clock::{Timestamp, day_and_time};
use crate::base::error::{Error, Result};
use crate::domain::mail::outbox::{self, Email, EmailId, Status};
use crate::domain::members::permission::ManageSettings;
use crate::pages::{Allowed, NoFields, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

const MAIL: &str = "/mail";

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
    /// Why it was not sent, or when it is retried.
    why: String,
    may_send: bool,
    when: TimeView,
}

/// A badge for templates.
struct Badge {
    class: &'static str,
    icon: &'static str,
    text: &'static str,
}

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
        pager: list.pager(MAIL, &emails),
    })
}

pub(super) async fn send_again(
    viewer: Allowed<ManageSettings>,
    email_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = EmailId::parse(&email_id).ok_or(Error::NotFound)?;
    let sent = viewer.submit(&site, form.token, MAIL, move |tx, context| {
        outbox::send_again(tx, &id, context)?;
        Ok(Notice::done("It is sent again within seconds."))
    });
    match sent.await {
        Err(error @ Error::Invalid(_)) => {
            viewer.see_other(MAIL, Notice::warning(format!("{error}.")))
        }
        response => response,
    }
}

fn row(email: &Email, now: Timestamp) -> Row {
    let (class, icon, text) = match email.status() {
        Status::Queued => ("badge-never", "circle-dashed", "Queued"),
        Status::Retrying(_) => ("badge-soon", "clock", "Retrying"),
        Status::Sent(_) => ("badge-active", "check", "Sent"),
        Status::GivenUp(_) => ("badge-expired", "circle-alert", "Refused"),
    };
    let why = match email.status() {
        Status::Retrying(next) => {
            format!("{}. Next attempt {}", email.last_error, day_and_time(next, now))
        }
        Status::GivenUp(_) => email.last_error.clone(),
        Status::Queued | Status::Sent(_) => String::new(),
    };
    Row {
        id: email.id.as_str().into(),
        recipient: email.recipient.clone(),
        subject: email.subject.clone(),
        badge: Badge { class, icon, text },
        why,
        may_send: matches!(email.status(), Status::GivenUp(_) | Status::Retrying(_))
            && email.may_be_sent_again(),
        when: TimeView::day_and_time(email.created_at, now),
    }
}
