//! `/account`: the members' own data and settings.

mod name;
mod password;
mod sessions;
mod sso;
mod two_step;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::base::clock::{Timestamp, ago};
use crate::base::error::{Invalid, Result};
use crate::domain::members::{self, Access};
use crate::domain::sign_in::device;
use crate::domain::sign_in::own_sessions::{self, OwnSession};
use crate::pages::{SignedIn, Viewer, Visit, someone_to_ask};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::routes::Routes;
use crate::web::{Site, page};

pub(in crate::pages) use two_step::TWO_STEP;

/// The page to which every form of the page returns.
pub(super) const ACCOUNT: &str = "/account";

/// The routes of the account page.
pub(super) fn routes(routes: &mut Routes) {
    routes.get(ACCOUNT, page);
    routes.post("/account/edit", name::save);
    routes.post("/account/password", password::change);
    two_step::routes(routes);
    routes.get("/account/sso", sso::page);
    routes.post("/account/sso", sso::link);
    routes.post("/account/sso/unlink", sso::unlink);
    routes.post("/account/sessions/end", sessions::end);
    routes.post("/account/sessions/end-others", sessions::end_others);
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct Account<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    name: String,
    role: &'static str,
    /// The other people who can invite another address and remove this one, if there are any.
    ask: Option<String>,
    sessions: Vec<SessionRow>,
    has_others: bool,
    pager: Pager,
    errors: Invalid,
}

struct SessionRow {
    reference: String,
    device: String,
    address: String,
    signed_in_at: String,
    signed_in: String,
    last_seen_at: String,
    last_seen: String,
    is_this: bool,
}

impl SessionRow {
    fn new(session: OwnSession, this: &str, now: Timestamp) -> Self {
        Self {
            is_this: !this.is_empty() && session.reference == this,
            device: device::words(&session.user_agent.unwrap_or_default()),
            address: session.address.unwrap_or_else(|| "Unknown".into()),
            signed_in_at: session.signed_in_at.rfc_3339(),
            signed_in: ago(session.signed_in_at, now),
            last_seen_at: session.last_seen_at.rfc_3339(),
            last_seen: ago(session.last_seen_at, now),
            reference: session.reference,
        }
    }
}

async fn page(viewer: SignedIn, list: ListQuery, site: web::Data<Site>) -> Result<HttpResponse> {
    let name = viewer.member.name.as_str().to_owned();
    draw_list(StatusCode::OK, &viewer, &site, &list, name, Invalid::default()).await
}

/// The page, with `name` in its form.
async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    name: String,
    errors: Invalid,
) -> Result<HttpResponse> {
    draw_list(status, viewer, site, &ListQuery::default(), name, errors).await
}

async fn draw_list(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    list: &ListQuery,
    name: String,
    errors: Invalid,
) -> Result<HttpResponse> {
    let (member, cursor, now) = (viewer.member.clone(), list.cursor.clone(), viewer.now);
    let found = site.db.read(move |c| {
        let managers = members::managers_except(c, &member.id)?;
        Ok((own_sessions::list(c, &member, cursor.as_ref(), now)?, managers))
    });
    let (sessions, managers) = found.await?;
    let this = &viewer.session_reference;
    let ask = someone_to_ask(&managers);
    page::page(
        status,
        &Account {
            viewer,
            notice: viewer.take_notice().or_else(|| no_access(viewer, ask.as_deref())),
            name,
            role: Access::of(&viewer.member).role(),
            ask,
            has_others: sessions.total > Some(1),
            pager: list.pager(ACCOUNT, &sessions),
            sessions: sessions
                .rows
                .into_iter()
                .map(|session| SessionRow::new(session, this, now))
                .collect(),
            errors,
        },
    )
}

/// What a member sees who may open no other page.
fn no_access(viewer: &Viewer, ask: Option<&str>) -> Option<Notice> {
    viewer.navigation.sections.is_empty().then(|| {
        let ask = ask.map(|ask| format!(" Ask {ask}.")).unwrap_or_default();
        Notice::note(format!("You can sign in, but have no access to API keys yet.{ask}"))
    })
}
