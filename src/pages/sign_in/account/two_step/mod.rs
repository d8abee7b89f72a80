//! `/account/two-step`: the member's passkeys, authenticator app and recovery codes.

mod app;
mod passkeys;
mod recovery_codes;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::sign_in;
use crate::domain::sign_in::passkeys::{Passkey, RelyingParty};
use crate::domain::sign_in::sessions::{self, PRIVILEGES};
use crate::domain::sign_in::two_step::{self, Factors, Requirement};
use crate::pages::{Dialog, Input, SignedIn, Viewer};
use crate::web::flash::Notice;
use crate::web::routes::Routes;
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

/// The page to which every form of the page returns.
pub(in crate::pages) const TWO_STEP: &str = "/account/two-step";
/// How few codes are few enough to suggest new ones.
const FEW_CODES: i64 = 3;

/// The routes of the page.
pub(super) fn routes(routes: &mut Routes) {
    routes.get(TWO_STEP, show);
    routes.dialog::<passkeys::Add>("/account/two-step/passkeys");
    routes.dialog::<passkeys::Rename>("/account/two-step/passkeys/{passkey_id}/rename");
    routes.dialog::<passkeys::Remove>("/account/two-step/passkeys/{passkey_id}/remove");
    routes.dialog::<app::SetUp>("/account/two-step/app");
    routes.dialog::<app::Remove>("/account/two-step/app/remove");
    routes.dialog::<recovery_codes::Make>("/account/two-step/recovery-codes");
}

#[derive(Template)]
#[template(path = "account/two_step.html")]
struct Page<'a> {
    viewer: &'a Viewer,
    factors: FactorsView,
}

/// The member's second factors, as the page and the page behind its dialogs show them.
pub(super) struct FactorsView {
    /// Only on the page itself: behind a dialog, the notice is kept for later.
    notice: Option<Notice>,
    passkeys: Vec<PasskeyRow>,
    /// Whether this address allows passkeys.
    has_passkeys: bool,
    app: Option<AppView>,
    codes_left: i64,
    has_few_codes: bool,
    /// Whether the organisation requires a second factor, and the member has none yet.
    is_missing: bool,
}

struct AppView {
    added: TimeView,
    last_used: TimeView,
}

struct PasskeyRow {
    id: String,
    name: String,
    backed_up: bool,
    /// The host at which it works, if that is another one.
    made_for: String,
    added: TimeView,
    last_used: Option<TimeView>,
}

impl FactorsView {
    pub(super) fn load(connection: &mut Connection, viewer: &Viewer, site: &Site) -> Result<Self> {
        let Factors { app, codes_left } = two_step::factors(connection, &viewer.member.id)?;
        let app = app.map(|app| AppView {
            added: TimeView::date(app.added_at),
            last_used: TimeView::ago(app.last_used_at, viewer.now),
        });
        let host = site.public_url.host().to_string();
        let listed = sign_in::passkeys::list(connection, &viewer.member.id)?;
        let row = |passkey| PasskeyRow::new(passkey, &host, viewer.now);
        Ok(Self {
            notice: None,
            passkeys: listed.into_iter().map(row).collect(),
            has_passkeys: RelyingParty::of(&site.public_url)?.is_some(),
            app,
            codes_left,
            has_few_codes: codes_left < FEW_CODES,
            is_missing: viewer.two_step == Requirement::Missing,
        })
    }
}

impl PasskeyRow {
    fn new(passkey: Passkey, host: &str, now: Timestamp) -> Self {
        Self {
            id: passkey.id.as_str().to_owned(),
            name: passkey.name,
            backed_up: passkey.backed_up,
            made_for: if passkey.host == host { String::new() } else { passkey.host },
            added: TimeView::date(passkey.created_at),
            last_used: passkey.last_used_at.map(|at| TimeView::ago(at, now)),
        }
    }
}

async fn show(viewer: SignedIn, site: web::Data<Site>) -> Result<HttpResponse> {
    let (reader, read_site) = (viewer.viewer(), site.clone());
    let mut factors = site.db.read(move |c| FactorsView::load(c, &reader, &read_site)).await?;
    factors.notice = viewer.take_notice();
    page::page(StatusCode::OK, &Page { viewer: &viewer, factors })
}

/// Makes the session get a new key with the next request, because what the member needs to sign in has
/// changed (ASVS 7.2.4).
pub(super) fn renew_session<D: Dialog>(tx: &mut Transaction<'_>, input: &Input<D>) -> Result<()> {
    let Viewer { member, session_reference, now, .. } = &*input.viewer;
    sessions::put(tx, &member.id, session_reference, PRIVILEGES, &0, *now)
}
