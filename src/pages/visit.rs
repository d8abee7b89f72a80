//! A member's request for a page: the viewer, and the session with its notices.

use std::ops::Deref;
use std::sync::Arc;

use actix_session::{Session, SessionExt as _};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};

use super::kept_input::KeptInput;
use super::navigation::ToDo;
use super::viewer::Viewer;
use crate::base::error::{Error, Result};
use crate::db::Transaction;
use crate::domain::activity::Context;
use crate::domain::members::Member;
use crate::domain::settings::Settings;
use crate::domain::sign_in::confirmation::Proofs;
use crate::domain::sign_in::sessions;
use crate::web::flash::Notice;
use crate::web::form_token::FormToken;
use crate::web::{Site, page};

/// The key in the session of why the provider did not confirm who the member is.
pub(super) const CONFIRM_PROBLEM: &str = "confirm_problem";

/// The result of a gate that lets a request pass. The session cannot leave the request's thread;
/// the viewer can.
pub struct Visit {
    viewer: Arc<Viewer>,
    session: Session,
    /// Whether only the head of the page is requested.
    is_head: bool,
}

impl Visit {
    pub(super) fn new(
        site: &Site,
        request: &HttpRequest,
        who: (Member, Settings, Option<Proofs>),
        to_do: &ToDo,
    ) -> Result<Self> {
        let session = request.get_session();
        note_privileges(&session, &who.0)?;
        let viewer = Viewer::new(site, request, &session, who, to_do)?;
        let is_head = request.method() == Method::HEAD;
        Ok(Self { viewer: Arc::new(viewer), session, is_head })
    }

    /// The viewer, for work off this thread.
    pub fn viewer(&self) -> Arc<Viewer> {
        self.viewer.clone()
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Spends the token of a form and does `work`, in one transaction. A second submit of the form
    /// leads to `location`.
    pub async fn write<T: Send + 'static>(
        &self,
        site: &Site,
        token: FormToken,
        location: &str,
        work: impl FnOnce(&mut Transaction<'_>, &Context) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (context, location) = (self.context(), location.to_owned());
        let written = site.db.write(move |tx| {
            token.spend(tx, &context.keyring, &location)?;
            work(tx, &context)
        });
        written.await
    }

    /// [`Self::write`], for work that returns a notice, which the page at `location` then shows.
    pub async fn submit(
        &self,
        site: &Site,
        token: FormToken,
        location: &str,
        work: impl FnOnce(&mut Transaction<'_>, &Context) -> Result<Notice> + Send + 'static,
    ) -> Result<HttpResponse> {
        let notice = self.write(site, token, location, work).await?;
        self.see_other(location, notice)
    }

    /// Redirects to the page at `location`, which shows `notice`.
    pub fn see_other(&self, location: &str, notice: Notice) -> Result<HttpResponse> {
        notice.set(&self.session)?;
        Ok(page::see_other(location))
    }

    /// The input that was left for the page at `location` when its member signed in again.
    pub(super) fn take_kept_input(&self, location: &str) -> Option<KeptInput> {
        let (context, id) = (self.context(), self.member.id.as_str());
        let take = || KeptInput::take(&self.session, &context.keyring, id, location, self.now);
        if self.is_head { None } else { take() }
    }

    /// What a dialog that shows kept input says about it.
    pub(super) fn notice_of_kept_input(&self, kept: &KeptInput) -> Notice {
        if !kept.is_for_provider {
            return Notice::warning("Your session ended. Check your changes, then save again.");
        }
        if self.is_confirmed || self.is_confirmed_once {
            let text = "Your provider has confirmed that it is you. Press the button once more.";
            return Notice::done(text);
        }
        let problem: Option<String> = self.session.get(CONFIRM_PROBLEM).ok().flatten();
        self.session.remove(CONFIRM_PROBLEM);
        let unknown = || "Your provider has not confirmed that it is you.".into();
        Notice::warning(problem.unwrap_or_else(unknown))
    }

    /// The notice for this page; if only its head is requested, the notice is kept for later.
    pub fn take_notice(&self) -> Option<Notice> {
        if self.is_head { None } else { Notice::take(&self.session) }
    }
}

impl Deref for Visit {
    type Target = Viewer;

    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

/// Makes the session get a new key if the member's permissions have changed since its last request.
fn note_privileges(session: &Session, member: &Member) -> Result<()> {
    if session.get(sessions::PRIVILEGES).ok().flatten() == Some(member.version) {
        return Ok(());
    }
    session.insert(sessions::PRIVILEGES, member.version).map_err(Error::internal)?;
    session.insert(sessions::RENEW, true).map_err(Error::internal)
}
