//! The one look at a secret or a one-time link. Between the commit that made it and the response
//! nothing happens that can fail: no read, no session write, no email.

use actix_session::SessionStatus;
use actix_web::HttpResponse;

use super::Visit;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::Author;
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
    let (author, member) = (viewer.author(), viewer.member.id.clone());
    let reference = viewer.session().get(REFERENCE).ok().flatten().unwrap_or_default();
    let made = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, &location)?;
        let (made, notice) = work(tx, &author)?;
        let (name, reference): (_, String) = (flash::KEY, reference);
        let kept =
            tx.attempt(|tx| sessions::put(tx, &member, &reference, name, &notice, author.now));
        if let Err(error) = kept {
            tracing::warn!(%error, "a notice could not be kept");
        }
        Ok((made, notice))
    });
    match made.await {
        Ok((made, notice)) => {
            // The session will be written once more, from what this request knows of it.
            if viewer.session().status() != SessionStatus::Unchanged {
                let _ = notice.set(viewer.session());
            }
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
