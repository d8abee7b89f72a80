//! The member who views a page, and the data that pages need about them.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;

use super::navigation::{Navigation, ToDo};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::base::secret_scan::without_secrets;
use crate::base::text;
use crate::config::PublicUrl;
use crate::domain::activity::{Actor, Context, Origin};
use crate::domain::members::{Member, Permission};
use crate::domain::settings::Settings;
use crate::web::form_token::FormPage;
use crate::web::theme::Theme;
use crate::web::{Site, client_address, form_token, headers};

/// The maximum length of a stored `User-Agent`, in characters.
const MAX_USER_AGENT_LENGTH: usize = 200;

/// A member with a session, on a page. It is passed to all code that reads or renders the page;
/// data that only the request has is in its [`super::Visit`].
pub struct Viewer {
    pub member: Member,
    /// The organisation's current settings.
    pub settings: Settings,
    /// The token for the forms on this page.
    pub form_token: String,
    pub theme: Theme,
    /// When the request arrived.
    pub now: Timestamp,
    /// The URL at which the server is reached.
    pub public_url: PublicUrl,
    pub navigation: Navigation,
    /// A warning that the server's clock was set back; only for super managers.
    pub clock_warning: Option<String>,
    context: Context,
}

impl Viewer {
    pub(super) fn new(
        site: &Site,
        request: &HttpRequest,
        form_key: &str,
        member: Member,
        settings: Settings,
        to_do: &ToDo,
    ) -> Result<Self> {
        let now = site.clock.now();
        Ok(Self {
            context: context(site, request).as_member(member.id.as_str(), member.name.as_str()),
            form_token: form_token::mint(&site.keyring, form_key, &FormPage::of(request), now)?,
            theme: Theme::of(request),
            public_url: site.public_url.clone(),
            navigation: Navigation::new(&member, request.path(), to_do),
            clock_warning: site
                .clock_steps
                .last(now)
                .filter(|_| member.super_manager)
                .map(|step| step.warning()),
            now,
            member,
            settings,
        })
    }

    /// Whether the viewer has `permission`; templates show no control otherwise.
    pub fn may(&self, permission: Permission) -> bool {
        self.member.may(permission)
    }

    /// The viewer as the author of a write.
    pub fn context(&self) -> Context {
        self.context.clone()
    }
}

/// The author of the actions of `request`, before the member is known.
pub(super) fn context(site: &Site, request: &HttpRequest) -> Context {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Context {
        actor: Actor::Anonymous,
        origin: Origin {
            address: client_address::of(request.head(), &site.trusted_proxies).or(peer),
            user_agent: user_agent
                .map(|agent| text::visible(&without_secrets(agent), MAX_USER_AGENT_LENGTH)),
            request_id: headers::request_id(request),
        },
        now: site.clock.now(),
        keyring: site.keyring.clone(),
    }
}
