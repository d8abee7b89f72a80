//! `/webhooks/{webhook_id}/deliveries/{delivery_id}`: a sent message and its result; and sending it
//! again.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::details::next;
use super::json::indented;
use super::words::Badge;
use super::{id, location};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::text::thousands;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::delivery::{self, Status};
use crate::domain::webhooks::{self, Attempt, DeliveryId, Details, Endpoint};
use crate::pages::{Allowed, NoFields, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct DeliveryPage<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    back: String,
    here: String,
    endpoint: String,
    event: String,
    message_id: String,
    badge: Badge,
    result: String,
    next: Option<String>,
    may_send: bool,
    body: String,
    attempts: Vec<AttemptView>,
}

struct AttemptView {
    number: i64,
    when: TimeView,
    took: String,
    /// `200`, or why it failed.
    result: String,
    answer: String,
}

type Ids = web::Path<(String, String)>;

pub(super) async fn page(
    viewer: Allowed<ManageSettings>,
    ids: Ids,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (endpoint, delivery) = (id(&ids.0)?, delivery_id(&ids)?);
    let found = site.db.read(move |c| {
        Ok((webhooks::find(c, &endpoint)?, delivery::details(c, &endpoint, &delivery)?))
    });
    let (endpoint, details) = found.await?;
    page::ok(&DeliveryPage::new(&viewer, &endpoint, &details))
}

pub(super) async fn send_again(
    viewer: Allowed<ManageSettings>,
    ids: Ids,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (endpoint, delivery) = (id(&ids.0)?, delivery_id(&ids)?);
    let here = format!("{}/deliveries/{}", location(&endpoint), delivery.as_str());
    let sent = viewer.submit(&site, form.token, &here, move |tx, context| {
        webhooks::send_again(tx, &endpoint, &delivery, context)?;
        Ok(Notice::done("It is sent again within seconds."))
    });
    match sent.await {
        Err(error @ Error::Invalid(_)) => {
            viewer.see_other(&here, Notice::warning(format!("{error}.")))
        }
        response => response,
    }
}

fn delivery_id(ids: &Ids) -> Result<DeliveryId> {
    DeliveryId::parse(&ids.1).ok_or(Error::NotFound)
}

impl<'a> DeliveryPage<'a> {
    fn new(viewer: &'a Visit, endpoint: &Endpoint, details: &Details) -> Self {
        let delivery = &details.delivery;
        let back = location(&endpoint.id);
        Self {
            notice: viewer.take_notice(),
            here: format!("{back}/deliveries/{}", delivery.id.as_str()),
            back,
            endpoint: endpoint.name(),
            event: delivery.event.clone(),
            message_id: delivery.message_id.as_str().into(),
            badge: Badge::of_delivery(delivery.status()),
            result: delivery.last_result.clone(),
            next: next(delivery.status()),
            may_send: delivery.status() != Status::Queued,
            body: indented(&details.body),
            attempts: details.attempts.iter().map(|one| attempt(one, viewer.now)).collect(),
            viewer,
        }
    }
}

fn attempt(attempt: &Attempt, now: Timestamp) -> AttemptView {
    let status = attempt.status.map(|status| format!("Answered with {status}"));
    let is_good = attempt.error.is_empty();
    AttemptView {
        number: attempt.number,
        when: TimeView::day_and_time(attempt.at, now),
        took: format!("{} ms", thousands(attempt.duration.unsigned_abs())),
        result: status.filter(|_| is_good).unwrap_or_else(|| attempt.error.clone()),
        answer: attempt.answer.clone(),
    }
}
