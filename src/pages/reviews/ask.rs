//! `/reviews/{review_id}/finish` and `/cancel`: what it means is said, and asked.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::show::{self, Drawn};
use super::words::count;
use crate::base::error::{Error, Invalid, Result};
use crate::domain::api_keys::count_text;
use crate::domain::members::permission::UpdateKeys;
use crate::domain::reviews::{self, Progress, ReviewId};
use crate::pages::{Allowed, NoFields, Visit};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

/// What somebody is asked to confirm.
pub(super) struct Ask {
    pub path: &'static str,
    pub title: &'static str,
    pub text: String,
    pub button: &'static str,
    pub is_danger: bool,
    pub errors: Invalid,
}

pub(super) async fn finish_page(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    ask_to_finish(StatusCode::OK, &viewer, &site, &id, Invalid::default()).await
}

async fn ask_to_finish(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &ReviewId,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (wanted, now) = (id.clone(), viewer.now);
    let found = site.db.read(move |c| {
        let review = reviews::find(c, &wanted)?.ok_or(Error::NotFound)?;
        let open = reviews::still_open(c, &wanted, now)?;
        Ok((reviews::progress(c, &review, now)?, review, open))
    });
    let (progress, review, open) = found.await?;
    if !review.is_open() {
        return has_ended(viewer, id);
    }
    let ask = Ask {
        path: "finish",
        title: "Finish the Review?",
        text: what_is_left(progress, open),
        button: "Finish Review",
        is_danger: false,
        errors,
    };
    show::draw(status, viewer, site, id, Drawn { ask: Some(ask), ..Drawn::default() }).await
}

/// What still needs a decision, or is still to be carried out.
fn what_is_left(progress: Progress, open: i64) -> String {
    match (progress.needed - progress.decided, open) {
        (0, 0) => "Every decision was carried out. The report stays as it is.".into(),
        (0, 1) => {
            "1 decision is still to be carried out. The report lists it as open until it is.".into()
        }
        (0, open) => format!(
            "{} decisions are still to be carried out. The report lists them as open until they are.",
            count_text(open)
        ),
        (1, _) => "1 key still needs a decision before the review can be finished.".into(),
        (undecided, _) => format!(
            "{} keys still need a decision before the review can be finished.",
            count(undecided)
        ),
    }
}

pub(super) async fn finish(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let (location, finished) = (format!("/reviews/{}/report", id.as_str()), id.clone());
    let done = viewer.submit(&site, form.token, &location, move |tx, author| {
        reviews::finish(tx, &finished, author)?;
        Ok(Notice::done("Review finished."))
    });
    match done.await {
        Err(Error::Invalid(errors)) => {
            ask_to_finish(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, errors).await
        }
        Err(Error::Conflict) => has_ended(&viewer, &id),
        answered => answered,
    }
}

pub(super) async fn cancel_page(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let wanted = id.clone();
    let review = site.db.read(move |c| reviews::find(c, &wanted)).await?.ok_or(Error::NotFound)?;
    if !review.is_open() {
        return has_ended(&viewer, &id);
    }
    let ask = Ask {
        path: "cancel",
        title: "Cancel the Review?",
        text: "It ends without having been finished, and does not count as done. What was decided stays on record."
            .into(),
        button: "Cancel Review",
        is_danger: true,
        errors: Invalid::default(),
    };
    let drawn = Drawn { ask: Some(ask), ..Drawn::default() };
    show::draw(StatusCode::OK, &viewer, &site, &id, drawn).await
}

pub(super) async fn cancel(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let cancelled = id.clone();
    let done = viewer.submit(&site, form.token, "/reviews", move |tx, author| {
        let review = reviews::cancel(tx, &cancelled, author)?;
        Ok(Notice::done(format!("{} cancelled.", review.name())))
    });
    match done.await {
        Err(Error::Conflict) => has_ended(&viewer, &id),
        answered => answered,
    }
}

fn has_ended(viewer: &Visit, id: &ReviewId) -> Result<HttpResponse> {
    let notice = Notice::note("This review has ended already.");
    viewer.see_other(&format!("/reviews/{}", id.as_str()), notice)
}
