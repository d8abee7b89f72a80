//! The checklist of first steps on the page of API keys, and the form that dismisses it.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::checklist::{self, Step};
use crate::domain::members::Permission;
use crate::domain::members::permission::ManageSettings;
use crate::domain::settings;
use crate::pages::{Allowed, Viewer};
use crate::web::Site;
use crate::web::flash::Notice;
use crate::web::form::Form;

const DISMISSED: &str =
    "Checklist dismissed. “Help” in the account menu shows how to protect your API.";
/// The permissions that the steps need.
const NEEDED: [Permission; 4] = [
    Permission::ViewKeys,
    Permission::CreateKeys,
    Permission::ManageMembers,
    Permission::ManageSettings,
];

/// The checklist for templates.
pub struct Checklist {
    pub steps: Vec<StepView>,
    /// The public URL, if passwords and secret keys travel to it in the clear.
    pub insecure_url: Option<String>,
}

/// A step for templates.
pub struct StepView {
    pub label: &'static str,
    pub href: &'static str,
    /// What to do, or why it matters.
    pub advice: &'static str,
    pub is_done: bool,
}

impl Checklist {
    /// The checklist for `viewer`; `None` if it is closed, all steps are done or the viewer may not
    /// do them.
    pub fn load(connection: &mut Connection, viewer: &Viewer) -> Result<Option<Self>> {
        if viewer.settings.checklist_closed || !NEEDED.iter().all(|needed| viewer.may(*needed)) {
            return Ok(None);
        }
        let done = checklist::done(connection)?;
        if done.len() == Step::ALL.len() {
            return Ok(None);
        }
        let url = &viewer.public_url;
        let is_insecure = !url.is_https() && !url.is_loopback();
        Ok(Some(Self {
            steps: Step::ALL.map(|step| view(step, done.contains(&step))).into(),
            insecure_url: is_insecure.then(|| url.to_string()),
        }))
    }
}

fn view(step: Step, is_done: bool) -> StepView {
    let (label, href, advice) = match step {
        Step::CreateKey => (
            "Create a key",
            "/api-keys/new",
            "Give each application its own key, with only the access it needs.",
        ),
        Step::ProtectApi => (
            "Protect your API",
            "/get-started",
            "Keys protect nothing until your gateway asks Latchkey about every request.",
        ),
        Step::AllowRequest => (
            "See the first allowed request",
            "/usage",
            "Send a request with a key through your gateway. It appears within seconds.",
        ),
        Step::InviteSuperManager => (
            "Invite a second super manager",
            "/members/new",
            "You are the only one. If you lose access, nobody can manage keys or members here.",
        ),
        Step::SetUpEmail => (
            "Set up email and alerts",
            "/settings#mail",
            "Email is not set up, so nobody is notified of alerts and keys that expire.",
        ),
    };
    StepView { label, href, advice, is_done }
}

#[derive(Deserialize)]
pub(super) struct DismissForm {}

pub(super) async fn dismiss(
    viewer: Allowed<ManageSettings>,
    form: Form<DismissForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let dismissed = viewer.submit(&site, form.token, "/api-keys", |tx, context| {
        settings::dismiss_checklist(tx, context)?;
        Ok(Notice::done(DISMISSED))
    });
    dismissed.await
}
