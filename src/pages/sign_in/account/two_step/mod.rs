//! `/account/two-step`: the member's authenticator app and recovery codes.

mod app;
mod recovery_codes;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::passkeys::{self, PasskeySection};
use crate::base::error::{Invalid, Result};
use crate::db::{Connection, Transaction};
use crate::domain::sign_in::sessions::{self, PRIVILEGES};
use crate::domain::sign_in::two_step::{self, Factors, Requirement};
use crate::pages::{Dialog, Input, SignedIn, Viewer, Visit};
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
    routes.dialog::<app::SetUp>("/account/two-step/app");
    routes.dialog::<app::Remove>("/account/two-step/app/remove");
    routes.dialog::<recovery_codes::Make>("/account/two-step/recovery-codes");
}

#[derive(Template)]
#[template(path = "account/two_step.html")]
struct Page<'a> {
    viewer: &'a Viewer,
    factors: FactorsView,
    passkeys: PasskeySection,
    errors: Invalid,
}

/// The member's second factors, as the page and the page behind its dialogs show them.
pub(super) struct FactorsView {
    /// Only on the page itself: behind a dialog, the notice is kept for later.
    notice: Option<Notice>,
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

impl FactorsView {
    fn load(connection: &mut Connection, viewer: &Viewer) -> Result<Self> {
        let Factors { app, codes_left } = two_step::factors(connection, &viewer.member.id)?;
        let app = app.map(|app| AppView {
            added: TimeView::date(app.added_at),
            last_used: TimeView::ago(app.last_used_at, viewer.now),
        });
        Ok(Self {
            notice: None,
            app,
            codes_left,
            has_few_codes: codes_left < FEW_CODES,
            is_missing: viewer.two_step == Requirement::Missing,
        })
    }
}

async fn show(viewer: SignedIn, site: web::Data<Site>) -> Result<HttpResponse> {
    draw(StatusCode::OK, &viewer, &site, passkeys::Input::default(), Invalid::default()).await
}

/// The page, with `input` in the forms of its passkeys.
pub(super) async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    input: passkeys::Input,
    errors: Invalid,
) -> Result<HttpResponse> {
    let reader = viewer.viewer();
    let mut factors = site.db.read(move |c| FactorsView::load(c, &reader)).await?;
    factors.notice = viewer.take_notice();
    let passkeys = PasskeySection::load(viewer, site, input).await?;
    page::page(status, &Page { viewer, factors, passkeys, errors })
}

/// Makes the session get a new key with the next request, because what the member needs to sign in has
/// changed (ASVS 7.2.4).
fn renew_session<D: Dialog>(tx: &mut Transaction<'_>, input: &Input<D>) -> Result<()> {
    let Viewer { member, session_reference, now, .. } = &*input.viewer;
    sessions::put(tx, &member.id, session_reference, PRIVILEGES, &0, *now)
}
