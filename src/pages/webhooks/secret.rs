//! `/webhooks/{webhook_id}/secret`: the dialog for a new signing secret, and the page that shows it
//! once.

use std::sync::Arc;

use askama::Template;

use super::details::EndpointPage;
use super::location;
use crate::base::error::Result;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageSettings;
use crate::domain::webhooks::{self, Endpoint, EndpointId, SigningSecret};
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult, Viewer};
use crate::web::flash::Notice;
use crate::web::page;

/// The message after a second submit of the form.
pub(super) const ALREADY_SHOWN: &str =
    "This signing secret has already been shown. If you did not save it, make a new one.";

#[derive(Template)]
#[template(path = "webhooks/replace.html")]
pub(super) struct Replace {
    frame: Frame<Self>,
}

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct SecretPage {
    viewer: Arc<Viewer>,
    page: Arc<EndpointPage>,
    secret: SigningSecret,
}

impl Dialog for Replace {
    type Gate = Allowed<ManageSettings>;
    type Target = EndpointId;
    type Fields = NoFields;
    type Backdrop = EndpointPage;

    const NEEDS_CONFIRMATION: bool = true;

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_SHOWN)
    }

    fn close(input: &Input<Self>) -> String {
        format!("{}#replace", location(&input.target))
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<EndpointPage> {
        EndpointPage::as_backdrop(connection, input)
    }

    fn load(_: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        Ok(LoadResult::Show(Self { frame }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let replaced = webhooks::replace_secret(tx, &input.target, context)?;
        let notice = Notice::done("The signing secret was replaced.");
        Ok(reveal(&input.viewer, input.backdrop_of_secret.clone(), replaced, notice))
    }
}

/// Shows the signing secret that a dialog has created, over the webhook's page; the page of a new
/// webhook is not loaded, since it has no deliveries yet.
pub(super) fn reveal(
    viewer: &Arc<Viewer>,
    backdrop: Option<Arc<EndpointPage>>,
    (endpoint, secret): (Endpoint, SigningSecret),
    notice: Notice,
) -> SubmitResult {
    let new = || Arc::new(EndpointPage::without_deliveries(&endpoint, viewer.now));
    let page = backdrop.unwrap_or_else(new);
    let shown = SecretPage { viewer: viewer.clone(), page, secret };
    SubmitResult::at(location(&endpoint.id), notice).reveal(move || {
        let plain = [("Webhook", endpoint.url.as_str()), ("Signing Secret", shown.secret.expose())];
        page::reveal(&shown, &plain)
    })
}
