//! The one look at a secret or a one-time link. Between the commit that made it and the response
//! nothing happens that can fail: no read, no session write, no email.

use actix_session::SessionStatus;
use actix_web::HttpResponse;

use super::Visit;
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::members::MemberId;
use crate::domain::sign_in::sessions::{self, REFERENCE};
use crate::web::flash::{self, Notice};
use crate::web::form_token::FormToken;
use crate::web::{Site, page};

/// A page that shows a secret, with everything loaded that it needs but the secret. It holds no
/// database, and drawing it neither waits nor fails.
pub trait Reveal {
    /// What the write gives.
    type Made: Send + 'static;

    /// The response to the write.
    fn show(&self, made: &Self::Made) -> HttpResponse;

    /// What a second submit of the form is told; nothing where it shows no secret.
    fn already_shown(&self) -> Option<&'static str>;
}

/// The viewer's session as the database has it. A write leaves its notice there, so that nothing has
/// to be written after it.
pub(super) struct StoredSession {
    member: MemberId,
    reference: String,
}

impl StoredSession {
    pub(super) fn of(visit: &Visit) -> Self {
        let reference = visit.session().get(REFERENCE).ok().flatten().unwrap_or_default();
        Self { member: visit.member.id.clone(), reference }
    }

    /// Leaves `notice` for the next page, if that is possible.
    pub(super) fn leave(&self, tx: &mut Transaction<'_>, notice: &Notice, now: Timestamp) {
        let Self { member, reference } = self;
        let left = tx.attempt(|tx| sessions::put(tx, member, reference, flash::KEY, notice, now));
        if let Err(error) = left {
            tracing::warn!(%error, "a notice could not be kept");
        }
    }
}

/// Keeps a notice that a write has left in the session when that is written once more, from what this
/// request knows of it.
pub(super) fn keep(notice: Notice, visit: &Visit) {
    if visit.session().status() != SessionStatus::Unchanged {
        let _ = notice.set(visit.session());
    }
}

/// Does `work`, and shows what it made on `page`, which was loaded before. `work` also gives the
/// notice of the next page. A second submit of the form leads to `location`.
///
/// # Errors
/// What `work` returns: nothing was made then, unless it is [`Error::Unconfirmed`].
pub async fn write_and_reveal<R: Reveal>(
    viewer: &Visit,
    site: &Site,
    page: R,
    (token, location): (FormToken, String),
    work: impl FnOnce(&mut Transaction<'_>, &Author) -> Result<(R::Made, Notice)> + Send + 'static,
) -> Result<HttpResponse> {
    let (author, session) = (viewer.author(), StoredSession::of(viewer));
    let made = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &location)?;
        let (made, notice) = work(tx, &author)?;
        session.leave(tx, &notice, author.now);
        Ok((made, notice))
    });
    match made.await {
        Ok((made, notice)) => {
            keep(notice, viewer);
            Ok(page.show(&made))
        }
        Err(Error::AlreadySubmitted(location)) => {
            if let Some(text) = page.already_shown() {
                Notice::warning(text).set(viewer.session())?;
            }
            Ok(page::see_other(&location))
        }
        Err(error) => Err(error),
    }
}
