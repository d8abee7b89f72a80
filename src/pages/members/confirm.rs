//! The dialogs that ask for confirmation of an action on a member, and perform it.

use askama::Template;

use super::link::{self, ALREADY_SHOWN};
use super::row;
use super::step::{STEPS, Step, Verb};
use super::table::Table;
use super::words::{describe_state, done, moment};
use crate::base::clock::DAY;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Context;
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Access, Member, MemberId};
use crate::domain::sign_in::invitation;
use crate::pages::{Allowed, Dialog, Frame, Input, LoadResult, NoFields, SubmitResult, Target};
use crate::web::flash::Notice;

#[derive(Template)]
#[template(path = "members/step.html")]
pub(super) struct Confirm {
    frame: Frame<Self>,
    member: Member,
}

impl Confirm {
    /// A text of the step, filled in for this member.
    fn text(&self, text: &str) -> String {
        let until = moment(self.frame.input.viewer.now.plus(invitation::DAYS * DAY));
        text.replace("UNTIL", &until).replace("NAME", self.member.name.as_str())
    }
}

/// The path contains the member and ends in the step.
impl Target for (MemberId, &'static Step) {
    fn parse(parameter: &str, path: &str) -> Option<Self> {
        let step = STEPS.iter().find(|step| path.ends_with(step.id))?;
        Some((MemberId::parse(parameter)?, step))
    }
}

impl Dialog for Confirm {
    type Gate = Allowed<ManageMembers>;
    type Target = (MemberId, &'static Step);
    type Fields = NoFields;
    type Backdrop = Table;

    const NEEDS_CONFIRMATION: bool = true;

    fn already_shown(input: &Input<Self>) -> Option<&'static str> {
        matches!(input.target.1.verb, Verb::MakeLink(_)).then_some(ALREADY_SHOWN)
    }

    fn close(input: &Input<Self>) -> String {
        row(&input.target.0)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<LoadResult<Self>> {
        let (id, step) = &frame.input.target;
        let member = members::find(connection, id)?.ok_or(Error::NotFound)?;
        if !(step.fits)(&member) {
            return Ok(LoadResult::Redirect(row(id), Notice::note(describe_state(&member))));
        }
        Ok(LoadResult::Show(Self { frame, member }))
    }

    fn submit(
        tx: &mut Transaction<'_>,
        input: &Input<Self>,
        context: &Context,
    ) -> Result<SubmitResult> {
        let (id, step) = &input.target;
        match step.verb {
            Verb::Change(verb) => {
                let notice = done(&verb(tx, id, context)?, step.done);
                Ok(SubmitResult::at("/members", notice).with_fragment(id.as_str()))
            }
            Verb::Remove(verb) => {
                Ok(SubmitResult::at("/members", done(&verb(tx, id, context)?, step.done)))
            }
            Verb::MakeLink(verb) => {
                let made = verb(tx, id, context)?;
                link::reveal(tx, input, made, step.done, context)
            }
        }
    }
}
