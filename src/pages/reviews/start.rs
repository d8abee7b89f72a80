//! Starting a review: its keys are listed batch by batch, whatever becomes of who asked.

use actix_web::{HttpResponse, web};

use super::words::moment;
use crate::base::error::{Error, Result};
use crate::db::Db;
use crate::domain::members::permission::UpdateKeys;
use crate::domain::reviews::{self, ReviewId, Started};
use crate::pages::{Allowed, NoFields};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

/// The list, where a form that was sent twice leads.
const LIST: &str = "/reviews";

/// Starts a review; goes on listing the keys of one whose listing was broken off.
pub(super) async fn start(
    viewer: Allowed<UpdateKeys>,
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::random()?;
    let started =
        viewer.write(&site, form.token, LIST, move |tx, author| reviews::start(tx, id, author));
    let (review, notice) = match started.await {
        Ok(Started::New(review)) => {
            let notice = Notice::done("Review started. Decide on each key, and save as you go.");
            (review, notice)
        }
        Ok(Started::Open(review)) => {
            let (who, when) = (&review.starter, moment(review.started_at));
            let said = format!("{who} started this review on {when}. One is open at a time.");
            (review, Notice::note(said))
        }
        Err(Error::Invalid(errors)) => {
            let said: Vec<&str> = errors.of("").collect();
            return viewer.see_other(LIST, Notice::warning(format!("{}.", said.join(". "))));
        }
        Err(error) => return Err(error),
    };
    let location = format!("/reviews/{}", review.id.as_str());
    // A task of its own, since this one goes when the client does.
    let listed = actix_web::rt::spawn(gather(site.db.clone(), review.id));
    listed.await.map_err(Error::internal)??;
    viewer.see_other(&location, notice)
}

async fn gather(db: Db, id: ReviewId) -> Result<()> {
    loop {
        let id = id.clone();
        if !db.write(move |tx| reviews::gather(tx, &id)).await? {
            return Ok(());
        }
    }
}
