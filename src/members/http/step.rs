//! The dialogs that ask before something is done with a member, and do it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::asked::Asked;
use super::link::{self, LinkMaker, NewLink, hand_over};
use super::table::Table;
use super::words::standing;
use super::{Allowed, Viewer};
use crate::activity::Author;
use crate::db::Transaction;
use crate::error::{Error, Invalid, Result};
use crate::members::permission::ManageMembers;
use crate::members::{self, Member, MemberId, Standing, State};
use crate::sign_in::{self, invitation, reset};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

/// Something that is done with a member, once it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Disable,
    Enable,
    Remove,
    InviteAgain,
    Withdraw,
    ResetPassword,
}

#[derive(Deserialize)]
pub(super) struct StepForm {}

#[derive(Template)]
#[template(path = "members/step.html")]
struct StepPage<'a> {
    viewer: &'a Viewer,
    table: Table,
    member: &'a Member,
    role: &'static str,
    path: &'static str,
    asked: Asked,
    errors: Invalid,
}

/// What a step led to.
enum StepOutcome {
    Done(Member),
    Linked(NewLink),
}

impl Step {
    /// The last part of its address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Remove => "delete",
            Self::InviteAgain => "invite",
            Self::Withdraw => "withdraw",
            Self::ResetPassword => "reset-password",
        }
    }

    /// Whether it can be done with a member in that state.
    fn fits(self, state: State) -> bool {
        match self {
            Self::Disable | Self::ResetPassword => state == State::Active,
            Self::Enable => matches!(state, State::Disabled(_)),
            Self::Remove => !matches!(state, State::Invited(_)),
            Self::InviteAgain | Self::Withdraw => matches!(state, State::Invited(_)),
        }
    }

    /// Does it; some steps make a one-time link.
    fn take(
        self,
        tx: &mut Transaction<'_>,
        id: &MemberId,
        maker: &LinkMaker,
        author: &Author,
    ) -> Result<StepOutcome> {
        let plain = StepOutcome::Done;
        match self {
            Self::Disable => sign_in::standing::disable(tx, id, author).map(plain),
            Self::Enable => members::standing::enable(tx, id, author).map(plain),
            Self::Remove => members::standing::remove(tx, id, author).map(plain),
            Self::InviteAgain => {
                let (member, code) = invitation::invite_again(tx, id, author)?;
                maker.make(tx, member, &code, author).map(StepOutcome::Linked)
            }
            Self::Withdraw => members::invitation::withdraw(tx, id, author).map(plain),
            Self::ResetPassword => {
                let (member, code) = reset::begin_for(tx, id, author)?;
                maker.make(tx, member, &code, author).map(StepOutcome::Linked)
            }
        }
    }
}

pub(super) async fn page(
    step: Step,
    viewer: Allowed<ManageMembers>,
    member_id: web::Path<String>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    draw(StatusCode::OK, step, &viewer, &site, id, Invalid::default()).await
}

pub(super) async fn take(
    step: Step,
    viewer: Allowed<ManageMembers>,
    member_id: web::Path<String>,
    form: Form<StepForm>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    let (author, token, about) = (viewer.author(), form.token, id.clone());
    let table = Table::load(&site.db, &viewer).await?;
    let maker = LinkMaker::of(&viewer, &site.public_url);
    let outcome = site.db.write(move |tx| {
        token.spend(tx, &author.keyring, "/members")?;
        step.take(tx, &about, &maker, &author)
    });
    match outcome.await {
        Ok(StepOutcome::Linked(made)) => hand_over(&viewer, table, &made),
        Ok(StepOutcome::Done(member)) => {
            let done = Asked::of(step, &member, viewer.now).done;
            Notice::done(format!("“{}” {done}.", member.name.as_str())).set(viewer.session())?;
            let is_gone = matches!(step, Step::Remove | Step::Withdraw);
            Ok(page::see_other(&if is_gone { "/members".into() } else { super::row(&id) }))
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, step, &viewer, &site, id, errors).await
        }
        Err(Error::Conflict) => {
            draw(StatusCode::OK, step, &viewer, &site, id, Invalid::default()).await
        }
        Err(Error::AlreadySubmitted(location)) => {
            if matches!(step, Step::InviteAgain | Step::ResetPassword) {
                Notice::warning(link::ALREADY_SHOWN).set(viewer.session())?;
            }
            Ok(page::see_other(&location))
        }
        Err(error) => Err(error),
    }
}

async fn draw(
    status: StatusCode,
    step: Step,
    viewer: &Viewer,
    site: &Site,
    id: MemberId,
    errors: Invalid,
) -> Result<HttpResponse> {
    let found = site.db.read(move |c| members::find(c, &id)).await?;
    let member = found.ok_or(Error::NotFound)?;
    if !step.fits(member.state) {
        Notice::note(standing(&member)).set(viewer.session())?;
        return Ok(page::see_other(&super::row(&member.id)));
    }
    page::page(
        status,
        &StepPage {
            viewer,
            table: Table::load(&site.db, viewer).await?,
            role: Standing::of(&member).role(),
            path: step.path(),
            asked: Asked::of(step, &member, viewer.now),
            member: &member,
            errors,
        },
    )
}
