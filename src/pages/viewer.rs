//! The member who looks at a page, and what a page needs to know of them.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::USER_AGENT;

use super::navigation::{self, Link};
use crate::base::clock::Timestamp;
use crate::base::error::{Error, Result};
use crate::base::secret_scan::without_secrets;
use crate::base::text;
use crate::domain::activity::{Actor, Author, Origin};
use crate::domain::members::{Member, Permission};
use crate::domain::settings::Settings;
use crate::domain::sign_in::sessions;
use crate::web::flash::Notice;
use crate::web::form_token::FormPage;
use crate::web::theme::Theme;
use crate::web::{Site, client_address, form_token, headers};

/// The longest `User-Agent` that is kept, in characters.
const LONGEST_USER_AGENT: usize = 200;

/// A member with a session, on a page.
pub struct Viewer {
    pub member: Member,
    /// The organisation's settings as they stand.
    pub settings: Settings,
    /// The token for the forms on this page.
    pub form_token: String,
    pub theme: Theme,
    /// When the request came.
    pub now: Timestamp,
    /// What the page links to at its top.
    pub links: Vec<Link>,
    /// That the server's clock was set back; for super managers.
    pub clock_warning: Option<String>,
    /// Whether only the head of the page is asked for.
    is_head: bool,
    author: Author,
    session: Session,
}

impl Viewer {
    pub(super) fn new(
        site: &Site,
        request: &HttpRequest,
        session: Session,
        member: Member,
        settings: Settings,
    ) -> Result<Self> {
        let now = site.clock.now();
        note_privileges(&session, &member)?;
        let form_key = form_token::key_of(&session)?;
        Ok(Self {
            author: author(site, request).as_member(member.id.as_str(), member.name.as_str()),
            form_token: form_token::mint(&site.keyring, &form_key, &FormPage::of(request), now)?,
            theme: Theme::of(request),
            links: navigation::links(&member, request.path()),
            clock_warning: site
                .clock_steps
                .last(now)
                .filter(|_| member.super_manager)
                .map(|step| step.warning()),
            is_head: request.method() == Method::HEAD,
            now,
            member,
            settings,
            session,
        })
    }

    /// Whether the viewer may do what `permission` names; templates draw no control otherwise.
    pub fn may(&self, permission: Permission) -> bool {
        self.member.may(permission)
    }

    /// The viewer as the author of a write.
    pub fn author(&self) -> Author {
        self.author.clone()
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The notice for this page; where only its head is asked for, it stays for later.
    pub fn take_notice(&self) -> Option<Notice> {
        if self.is_head { None } else { Notice::take(&self.session) }
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

/// The author of what `request` does, before it is known who that is.
pub(super) fn author(site: &Site, request: &HttpRequest) -> Author {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Author {
        actor: Actor::Anonymous,
        origin: Origin {
            address: client_address::of(request.head(), &site.trusted_proxies).or(peer),
            user_agent: user_agent
                .map(|agent| text::visible(&without_secrets(agent), LONGEST_USER_AGENT)),
            request_id: headers::request_id(request),
        },
        now: site.clock.now(),
        keyring: site.keyring.clone(),
    }
}
