//! `/account/two-step/app`: sets up an authenticator app, and removes it.

use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::recovery_codes::{ALREADY_SHOWN, CodesPage};
use super::{FactorsView, TWO_STEP, renew_session};
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::sign_in::two_step;
use crate::letters;
use crate::pages::{Dialog, Frame, Input, LoadResult, NoFields, SignedIn, SubmitResult};
use crate::web::flash::Notice;
use crate::web::qr::QrPath;

/// The name of the app's entry if the organisation has no name.
const ISSUER: &str = "Latchkey";

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    code: String,
}

#[derive(Template)]
#[template(path = "account/app.html")]
pub(super) struct SetUp {
    frame: Frame<Self>,
    /// The secret in groups of four characters.
    secret: String,
    qr: QrPath,
    /// The URL in the QR code, for an app on the same device.
    url: Zeroizing<String>,
    has_app: bool,
}

impl Dialog for SetUp {
    type Gate = SignedIn;
    type Target = ();
    type Fields = Fields;
    type Backdrop = FactorsView;

    const NEEDS_CONFIRMATION: bool = true;

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(_: &Input<Self>) -> String {
        format!("{TWO_STEP}#set-up")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let Input { viewer, site, .. } = &frame.input;
        let (member, session) = (&viewer.member, viewer.session_reference.as_str());
        let secret = two_step::new_secret(connection, &site.keyring, &member.id, session)?;
        let issuer = match viewer.settings.organisation.as_str() {
            "" => ISSUER.to_owned(),
            organisation => format!("{ISSUER} {organisation}"),
        };
        let url = secret.url(&issuer, member.email.as_str())?;
        Ok(LoadResult::Show(Self {
            secret: secret.groups()?,
            qr: QrPath::new(&url)?,
            url,
            has_app: frame.backdrop.app.is_some(),
            frame,
        }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Input { viewer, fields, .. } = input;
        let (id, session) = (&viewer.member.id, viewer.session_reference.as_str());
        let (change, codes) = two_step::add_app(tx, id, session, &fields.code, context)?;
        letters::two_step_changed(tx, &change, context)?;
        renew_session(tx, input)?;
        let done = SubmitResult::at(TWO_STEP, Notice::done("Your authenticator app is set up."));
        Ok(if codes.is_empty() { done } else { CodesPage::reveal(done, input, codes) })
    }
}

#[derive(Template)]
#[template(path = "account/remove_app.html")]
pub(super) struct Remove {
    frame: Frame<Self>,
}

impl Dialog for Remove {
    type Gate = SignedIn;
    type Target = ();
    type Fields = NoFields;
    type Backdrop = FactorsView;

    const NEEDS_CONFIRMATION: bool = true;
    const CHANGED: &'static str = "The app has been removed already";

    fn close(_: &Input<Self>) -> String {
        format!("{TWO_STEP}#remove")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        if frame.backdrop.app.is_none() {
            let notice = Notice::note("You have no authenticator app.");
            return Ok(LoadResult::Redirect(TWO_STEP.into(), notice));
        }
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let change = two_step::remove_app(tx, &input.viewer.member.id, context)?;
        letters::two_step_changed(tx, &change, context)?;
        renew_session(tx, input)?;
        let notice =
            Notice::done("Your authenticator app was removed. Your password alone signs you in.");
        Ok(SubmitResult::at(TWO_STEP, notice))
    }
}
