//! The gates of routes: for anyone, anyone signed in, or a super manager with a permission.
//!
//! The member is read again for every request, so that a removed permission, a disabled member or
//! an ended session takes effect at the next request. ASVS 8.2.1, 8.3.1.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, web};

use super::denials::Requester;
use super::navigation::ToDo;
use super::return_to::sign_in_location;
use super::sign_in::TWO_STEP;
use super::viewer::{self, Viewer};
use super::visit::Visit;
use super::{access_denied, error_frame};
use crate::base::error::{Error, Result};
use crate::domain::activity::Context;
use crate::domain::members::{self, Member, MemberId, Permissions, Permit, mail_server};
use crate::domain::settings;
use crate::domain::sign_in::confirmation::{Confirmation, Proofs};
use crate::domain::sign_in::sessions;
use crate::domain::sign_in::two_step::Requirement;
use crate::web::Site;
use crate::web::connections::Connection;
use crate::web::error_page::Denial;
use crate::web::flash::Notice;
use crate::web::form_token::FormPage;
use crate::web::page::see_other;
use crate::web::routes::{Access, Gate};
use crate::web::theme::Theme;

pub struct Public {
    /// The visitor's session, which may be empty.
    pub session: Session,
    pub theme: Theme,
    /// The visitor as the author of a write.
    pub context: Context,
    /// The requested page.
    pub page: FormPage,
}

/// Lets anyone with a session pass.
pub struct SignedIn(Visit);

/// Lets super managers with the permission of `P` pass.
pub struct Allowed<P>(Visit, PhantomData<P>);

/// Lets super managers with every permission pass: the action gives power over every account.
pub struct AllowedAll(Visit);

impl Public {
    /// The visitor who sent `request`, on `page`.
    pub(super) fn at(page: FormPage, request: &HttpRequest, site: &Site) -> Self {
        let context = viewer::context(site, request);
        Self { session: request.get_session(), theme: Theme::of(request), context, page }
    }

    /// The notice for this page.
    pub fn take_notice(&self) -> Option<Notice> {
        Notice::take(&self.session)
    }
}

impl Gate for Public {
    const ACCESS: Access = Access::Public;
}

impl Gate for SignedIn {
    const ACCESS: Access = Access::SignedIn;
}

impl<P: Permit> Gate for Allowed<P> {
    const ACCESS: Access = Access::Permission(P::PERMISSION.as_str());
}

impl Gate for AllowedAll {
    const ACCESS: Access = Access::EveryPermission;
}

impl Deref for SignedIn {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl<P> Deref for Allowed<P> {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl Deref for AllowedAll {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl FromRequest for Public {
    type Error = Denied;
    type Future = std::future::Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = site(request).map_err(Denied::Failed);
        std::future::ready(site.map(|site| Self::at(FormPage::of(request), request, &site)))
    }
}

impl FromRequest for SignedIn {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(visit_of(&request).await?)) })
    }
}

impl<P: Permit> FromRequest for Allowed<P> {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visit = visit_of(&request).await?;
            if visit.may(P::PERMISSION) {
                return Ok(Self(visit, PhantomData));
            }
            let permission = P::PERMISSION.as_str();
            let needs = (P::PERMISSION.needed(), Some(permission));
            Err(deny(&request, &visit, needs, permission).await)
        })
    }
}

impl FromRequest for AllowedAll {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visit = visit_of(&request).await?;
            let missing = Permissions::all().without(visit.member.held());
            if missing.is_empty() {
                return Ok(Self(visit));
            }
            let needs = (mail_server::needs_every_permission(missing), None);
            Err(deny(&request, &visit, needs, EVERY_PERMISSION).await)
        })
    }
}

/// The missing permission in the log if every permission is needed.
const EVERY_PERMISSION: &str = "every permission";

async fn deny(
    request: &HttpRequest,
    viewer: &Viewer,
    needs: (String, Option<&'static str>),
    permission: &'static str,
) -> Denied {
    let page = async { access_denied::draw(viewer, needs, &*site(request)?).await };
    page.await.map_or_else(Denied::Failed, |page| Denied::Forbidden { page, permission })
}

/// The visit of the member who is signed in. From then on, they keep the links at the top of the page
/// even if the request fails.
pub(super) async fn visit_of(request: &HttpRequest) -> Result<Visit, Denied> {
    let site = site(request)?;
    let Some(id) = request.get_session().get::<String>(super::SESSION_KEY).ok().flatten() else {
        return Err(Denied::Anonymous(sign_in_location(request)));
    };
    let last: Option<Confirmation> = request.get_session().get(sessions::CONFIRMED).ok().flatten();
    let context = viewer::context(&site, request);
    let (id, now) = (MemberId::stored(id), context.now);
    let found = site.db.read(move |connection| {
        let member = members::find(connection, &id)?.filter(Member::is_active);
        let Some(member) = member else { return Ok(None) };
        let settings = settings::get(connection)?;
        let is_confirmed = last.is_some_and(|last| last.holds(&settings, &context));
        let proofs = (!is_confirmed).then(|| Proofs::of(connection, &member)).transpose()?;
        // A page that can be shown without these numbers is.
        let to_do = ToDo::read(connection, &member, now).unwrap_or_else(|error| {
            tracing::warn!(%error, "what needs attention could not be counted");
            ToDo::default()
        });
        Ok(Some(((member, settings, proofs), to_do)))
    });
    match found.await? {
        Some((who, to_do)) => {
            if let Some(connection) = Connection::of(request) {
                connection.mark_genuine();
            }
            let visit = Visit::new(&site, request, who, &to_do)?;
            request.extensions_mut().insert(Requester(visit.context()));
            request.extensions_mut().insert(error_frame::renderer(visit.viewer()));
            if visit.two_step == Requirement::Missing && !is_open_without_two_step(request.path()) {
                return Err(Denied::Elsewhere(TWO_STEP.into()));
            }
            Ok(visit)
        }
        None => Err(Denied::Anonymous(sign_in_location(request))),
    }
}

/// Whether a member who lacks a required second factor may use a path: to set one up, and to leave.
fn is_open_without_two_step(path: &str) -> bool {
    path.strip_prefix(TWO_STEP).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || ["/sign-out", "/preferences/theme"].contains(&path)
}

fn site(request: &HttpRequest) -> Result<web::Data<Site>> {
    request.app_data().cloned().ok_or_else(|| Error::internal("the site is not set up"))
}

/// Why a gate denies a request.
#[derive(Debug)]
pub enum Denied {
    /// There is no session; contains the location of the sign-in page.
    Anonymous(String),
    /// The member must do something else first, at this location.
    Elsewhere(String),
    /// The member lacks a permission.
    Forbidden {
        /// The page that says what is missing and whom to ask.
        page: String,
        permission: &'static str,
    },
    /// The check failed.
    Failed(Error),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl ResponseError for Denied {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Anonymous(_) | Self::Elsewhere(_) => StatusCode::SEE_OTHER,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Failed(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Anonymous(location) | Self::Elsewhere(location) => see_other(location),
            Self::Forbidden { page, permission } => {
                let mut response = HttpResponse::build(self.status_code())
                    .content_type(ContentType::html())
                    .body(page.clone());
                response.extensions_mut().insert(Denial((*permission).to_owned()));
                response
            }
            Self::Failed(error) => error.error_response(),
        }
    }
}
