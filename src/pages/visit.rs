//! A member's request for a page: the viewer, and the session with its notices.

use std::ops::Deref;
use std::sync::Arc;

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use actix_web::http::Method;

use super::viewer::Viewer;
use crate::base::error::{Error, Result};
use crate::domain::members::Member;
use crate::domain::settings::Settings;
use crate::domain::sign_in::sessions;
use crate::web::flash::Notice;
use crate::web::{Site, form_token};

/// What a gate lets pass. The session cannot leave the request's thread; the viewer can.
pub struct Visit {
    viewer: Arc<Viewer>,
    session: Session,
    /// Whether only the head of the page is asked for.
    is_head: bool,
}

impl Visit {
    pub(super) fn new(
        site: &Site,
        request: &HttpRequest,
        member: Member,
        settings: Settings,
    ) -> Result<Self> {
        let session = request.get_session();
        note_privileges(&session, &member)?;
        let form_key = form_token::key_of(&session)?;
        let viewer = Viewer::new(site, request, &form_key, member, settings)?;
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

    /// The notice for this page; where only its head is asked for, it stays for later.
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

/// Has the session get a new key when what the member may do was changed since its last request.
fn note_privileges(session: &Session, member: &Member) -> Result<()> {
    if session.get(sessions::PRIVILEGES).ok().flatten() == Some(member.version) {
        return Ok(());
    }
    session.insert(sessions::PRIVILEGES, member.version).map_err(Error::internal)?;
    session.insert(sessions::RENEW, true).map_err(Error::internal)
}
