//! `/account/two-step/passkeys`: adds, renames and removes the member's own passkeys.

use askama::Template;
use serde::Deserialize;

use super::recovery_codes::CodesPage;
use super::{FactorsView, TWO_STEP, renew_session};
use crate::base::error::{Error, Result};
use crate::base::text;
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::sign_in::passkeys::{
    self, Answer, Ceremony, MAX_PASSKEYS, Passkey, PasskeyId, RelyingParty,
};
use crate::domain::sign_in::{device, two_step};
use crate::letters;
use crate::pages::{Dialog, Frame, Input, LoadResult, NoFields, SignedIn, SubmitResult, Target};
use crate::web::flash::Notice;

const NOT_HERE: &str = "Passkeys can be added only where Latchkey is opened over https and at a host \
                        name, not at an IP address.";
/// The first passkey comes with recovery codes.
const ALREADY_ADDED: &str =
    "This passkey has already been added. If you did not save your recovery codes, make new ones.";

impl Target for PasskeyId {
    fn parse(parameter: &str, _: &str) -> Option<Self> {
        Self::parse(parameter)
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AddFields {
    attestation: String,
    /// The sealed state of the ceremony.
    attestation_state: String,
    name: String,
}

#[derive(Template)]
#[template(path = "account/add_passkey.html")]
pub(super) struct Add {
    frame: Frame<Self>,
    ceremony: Ceremony,
    /// The name of a new passkey without one.
    usual_name: String,
}

impl Dialog for Add {
    type Gate = SignedIn;
    type Target = ();
    type Fields = AddFields;
    type Backdrop = FactorsView;

    const NEEDS_CONFIRMATION: bool = true;

    /// A form without a new passkey comes from the button that confirms with another one.
    fn is_preview(fields: &AddFields) -> bool {
        fields.attestation.is_empty()
    }

    fn already_shown(_: &Input<Self>) -> Option<&'static str> {
        Some(ALREADY_ADDED)
    }

    fn close(_: &Input<Self>) -> String {
        format!("{TWO_STEP}#add-passkey")
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let Input { viewer, site, .. } = &frame.input;
        let Some(relying_party) = RelyingParty::of(&site.public_url)? else {
            return Ok(LoadResult::Redirect(TWO_STEP.into(), Notice::note(NOT_HERE)));
        };
        let (member, token, context) = (&viewer.member, &viewer.form_token, viewer.context());
        let begun =
            passkeys::begin_registration(connection, &relying_party, member, token, &context)?;
        let Some(ceremony) = begun else {
            let maximum =
                format!("You have {MAX_PASSKEYS} passkeys, the maximum. Remove one first.");
            return Ok(LoadResult::Redirect(TWO_STEP.into(), Notice::note(maximum)));
        };
        let usual_name = device::words(context.origin.user_agent.as_deref().unwrap_or_default());
        Ok(LoadResult::Show(Self { frame, ceremony, usual_name }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Some(relying_party) = RelyingParty::of(&input.site.public_url)? else {
            return Err(Error::invalid("", NOT_HERE));
        };
        let AddFields { attestation, attestation_state, name } = input.fields.clone();
        let form_token = input.form_token.clone();
        let answer = Answer { credential: attestation, state: attestation_state, form_token };
        let id = &input.viewer.member.id;
        let added = two_step::add_passkey(tx, &relying_party, id, &name, &answer, context)?;
        letters::two_step_changed(tx, &added.change, context)?;
        renew_session(tx, input)?;
        let name = text::quoted(&added.name);
        let notice = Notice::done(format!("The passkey {name} was added."));
        let done = SubmitResult::at(TWO_STEP, notice);
        let codes = added.recovery_codes;
        Ok(if codes.is_empty() { done } else { CodesPage::reveal(done, input, codes) })
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RenameFields {
    name: String,
}

#[derive(Template)]
#[template(path = "account/rename_passkey.html")]
pub(super) struct Rename {
    frame: Frame<Self>,
    name: String,
}

impl Dialog for Rename {
    type Gate = SignedIn;
    type Target = PasskeyId;
    type Fields = RenameFields;
    type Backdrop = FactorsView;

    fn close(input: &Input<Self>) -> String {
        format!("{TWO_STEP}#{}", input.target.as_str())
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let Some(passkey) = own(connection, &frame.input)? else {
            return Ok(LoadResult::Redirect(TWO_STEP.into(), unknown()));
        };
        let typed = &frame.input.fields.name;
        let name = if frame.is_opened { passkey.name } else { typed.clone() };
        Ok(LoadResult::Show(Self { frame, name }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let Input { viewer, target, fields, .. } = input;
        let renamed = passkeys::rename(tx, &viewer.member, target, &fields.name, context)?;
        let notice = renamed.map_or_else(unknown, |name| {
            Notice::done(format!("The passkey is now named {}.", text::quoted(&name)))
        });
        Ok(SubmitResult::at(TWO_STEP, notice).with_fragment(target.as_str()))
    }
}

#[derive(Template)]
#[template(path = "account/remove_passkey.html")]
pub(super) struct Remove {
    frame: Frame<Self>,
    name: String,
}

impl Dialog for Remove {
    type Gate = SignedIn;
    type Target = PasskeyId;
    type Fields = NoFields;
    type Backdrop = FactorsView;

    const NEEDS_CONFIRMATION: bool = true;

    fn close(input: &Input<Self>) -> String {
        format!("{TWO_STEP}#{}", input.target.as_str())
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<FactorsView> {
        FactorsView::load(connection, &input.viewer, &input.site)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        Ok(match own(connection, &frame.input)? {
            Some(Passkey { name, .. }) => LoadResult::Show(Self { frame, name }),
            None => LoadResult::Redirect(TWO_STEP.into(), unknown()),
        })
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let removed =
            two_step::remove_passkey(tx, &input.viewer.member.id, &input.target, context)?;
        let Some((change, name)) = removed else {
            return Ok(SubmitResult::at(TWO_STEP, unknown()));
        };
        letters::two_step_changed(tx, &change, context)?;
        renew_session(tx, input)?;
        let name = text::quoted(&name);
        let notice =
            Notice::done(format!("The passkey {name} was removed. It no longer signs you in."));
        Ok(SubmitResult::at(TWO_STEP, notice))
    }
}

/// The passkey that the dialog is about, if it is the viewer's.
fn own<D: Dialog<Target = PasskeyId>>(
    connection: &mut Connection,
    input: &Input<D>,
) -> Result<Option<Passkey>> {
    let listed = passkeys::list(connection, &input.viewer.member.id)?;
    Ok(listed.into_iter().find(|passkey| passkey.id == input.target))
}

fn unknown() -> Notice {
    Notice::note("You have no such passkey. It may have been removed already.")
}
