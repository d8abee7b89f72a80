//! The dialogs that ask for confirmation of an action on a member, and perform it.

use askama::Template;

use super::link::{self, ALREADY_SHOWN};
use super::row;
use super::step::{STEPS, Step, Verb};
use super::table::Table;
use super::words::{done, moment, standing};
use crate::base::clock::DAY;
use crate::base::error::{Error, Result};
use crate::db::{Connection, Transaction};
use crate::domain::activity::Author;
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Member, MemberId, Standing};
use crate::domain::sign_in::invitation;
use crate::pages::{Allowed, Dialog, Done, Frame, Input, Loaded, NoFields, Target};
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

    fn already_shown(input: &Input<Self>) -> Option<&'static str> {
        matches!(input.target.1.verb, Verb::MakeLink(_)).then_some(ALREADY_SHOWN)
    }

    fn close(input: &Input<Self>) -> String {
        row(&input.target.0)
    }

    fn backdrop(connection: &mut Connection, input: &Input<Self>) -> Result<Table> {
        Table::load(connection, &input.viewer)
    }

    fn load(connection: &mut Connection, frame: Frame<Self>) -> Result<Loaded<Self>> {
        let (id, step) = &frame.input.target;
        let member = members::find(connection, id)?.ok_or(Error::NotFound)?;
        if !(step.fits)(member.state) {
            return Ok(Loaded::Elsewhere(row(id), Notice::note(standing(&member))));
        }
        Ok(Loaded::Show(Self { frame, member }))
    }

    fn submit(tx: &mut Transaction<'_>, input: &Input<Self>, author: &Author) -> Result<Done> {
        let (id, step) = &input.target;
        match step.verb {
            Verb::Change(verb) => {
                let notice = done(&verb(tx, id, author)?, step.done);
                Ok(Done::at("/members", notice).with_fragment(id.as_str()))
            }
            Verb::Remove(verb) => Ok(Done::at("/members", done(&verb(tx, id, author)?, step.done))),
            Verb::MakeLink(verb) => {
                let made = verb(tx, id, author)?;
                link::reveal(tx, input, made, step.done, author)
            }
        }
    }
}
