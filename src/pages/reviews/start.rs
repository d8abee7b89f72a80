//! Starts a review: its keys are listed in batches, even if the client disconnects.

use actix_web::{HttpResponse, web};

use super::words::moment;
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::members::permission::UpdateKeys;
use crate::domain::reviews::{self, ReviewId, StartOutcome};
use crate::pages::{Allowed, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

/// The list of reviews, to which a second submit leads.
const LIST: &str = "/reviews";

/// Starts a review; continues to list the keys of an open review whose listing was interrupted.
pub(super) async fn start(
    viewer: Allowed<UpdateKeys>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::random()?;
    let started =
        viewer.write(&site, form.token, LIST, move |tx, context| reviews::start(tx, id, context));
    let (review, notice) = match started.await {
        Ok(StartOutcome::New(review)) => {
            let notice = Notice::done("Review started. Decide on each key, and save as you go.");
            (review, notice)
        }
        Ok(StartOutcome::Open(review)) => {
            let (who, when) = (&review.starter, moment(review.started_at));
            let message = format!("{who} started this review on {when}. One is open at a time.");
            (review, Notice::note(message))
        }
        Err(Error::Invalid(errors)) => {
            let message: Vec<&str> = errors.messages("").collect();
            return viewer.see_other(LIST, Notice::warning(format!("{}.", message.join(". "))));
        }
        Err(error) => return Err(error),
    };
    let location = format!("/reviews/{}", review.id.as_str());
    // A separate task, since this one is cancelled when the client disconnects.
    let listed = actix_web::rt::spawn(list_keys(site.db.clone(), review.id));
    listed.await.map_err(Error::internal)??;
    viewer.see_other(&location, notice)
}

async fn list_keys(db: Db, id: ReviewId) -> Result<()> {
    loop {
        let id = id.clone();
        if !db.write(move |tx| reviews::list_keys(tx, &id)).await? {
            return Ok(());
        }
    }
}
