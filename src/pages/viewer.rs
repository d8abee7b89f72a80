//! The member who views a page, and the data that pages need about them.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use url::Url;

use super::navigation::{Navigation, ToDo};
use crate::base::clock::{Timestamp, long_date};
use crate::base::error::Result;
use crate::base::secret_scan::without_secrets;
use crate::base::text;
use crate::config::PublicUrl;
use crate::domain::activity::{Actor, Context, Origin};
use crate::domain::members::{Member, Permission};
use crate::domain::settings::Settings;
use crate::domain::sign_in::confirmation::{self, Proofs};
use crate::domain::sign_in::sessions::{self, REFERENCE};
use crate::domain::sign_in::two_step::Requirement;
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
    /// The reference of the viewer's session.
    pub session_reference: String,
    /// Whether the viewer proved who they are a short time ago, so that they need not do so again.
    pub is_confirmed: bool,
    /// How the viewer can prove it, if they must.
    pub proofs: Proofs,
    /// Whether the provider has just confirmed who they are, for one form.
    pub is_confirmed_once: bool,
    /// What the settings require of the viewer.
    pub two_step: Requirement,
    context: Context,
}

impl Viewer {
    pub(super) fn new(
        site: &Site,
        request: &HttpRequest,
        session: &Session,
        (member, settings, proofs): (Member, Settings, Option<Proofs>),
        to_do: &ToDo,
    ) -> Result<Self> {
        let now = site.clock.now();
        let form_key = form_token::key_of(session)?;
        let context = context(site, request).as_member(member.id.as_str(), member.name.as_str());
        // Who signed in at the provider has proved there as much as the organisation wants.
        let two_step = if session.contains_key(sessions::PROVIDER_SIGN_IN_AT) {
            Requirement::Met
        } else {
            Requirement::of(&member, &settings, now)
        };
        let once: Option<i64> = session.get(sessions::CONFIRMED_BY_PROVIDER_AT).ok().flatten();
        let once = once.map(Timestamp::from_millis);
        let needed = proofs.clone().unwrap_or_default();
        Ok(Self {
            session_reference: session.get(REFERENCE).ok().flatten().unwrap_or_default(),
            is_confirmed: proofs.is_none(),
            is_confirmed_once: needed.provider.is_some()
                && once.is_some_and(|at| confirmation::holds_for_one_form(at, now)),
            proofs: needed,
            context,
            form_token: form_token::mint(&site.keyring, &form_key, &FormPage::of(request), now)?,
            theme: Theme::of(request),
            public_url: site.public_url.clone(),
            navigation: match two_step {
                // Every link would lead back.
                Requirement::Missing => Navigation::default(),
                _ => Navigation::new(&member, request.path(), to_do),
            },
            two_step,
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

    /// Whether the viewer can open pages about keys now. Nobody can who has yet to set up the required
    /// second factor.
    pub fn can_view_keys(&self) -> bool {
        self.may(Permission::ViewKeys) && self.two_step != Requirement::Missing
    }

    /// The day from which on the viewer must have a second factor, which they do not have yet.
    pub fn two_step_deadline(&self) -> Option<String> {
        match self.two_step {
            Requirement::From(at) => Some(long_date(at.date())),
            Requirement::Met | Requirement::Missing => None,
        }
    }

    /// The host of the provider at which the viewer confirms who they are, if they have nothing else.
    pub fn provider_host(&self) -> Option<String> {
        let url = Url::parse(self.proofs.provider.as_deref()?).ok()?;
        url.host_str().map(str::to_owned)
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
