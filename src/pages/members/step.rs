//! The dialogs that ask before something is done with a member, and do it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::asked::Asked;
use super::link::{LinkMaker, LinkPage, noted};
use super::table::Table;
use super::words::standing;
use crate::base::error::{Error, Invalid, Result};
use crate::db::Transaction;
use crate::domain::activity::Author;
use crate::domain::members::permission::ManageMembers;
use crate::domain::members::{self, Member, MemberId, Standing, State};
use crate::domain::sign_in::{self, invitation, reset};
use crate::pages::{Allowed, NoFields, Viewer, Visit, write_and_reveal};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page};

const MEMBERS: &str = "/members";

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

type Verb<T> = fn(&mut Transaction<'_>, &MemberId, &Author) -> Result<T>;

/// How a step is done.
enum Action {
    Change(Verb<Member>),
    /// Makes the code of a one-time link.
    MakeLink(Verb<(Member, String)>),
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

    const fn action(self) -> Action {
        match self {
            Self::Disable => Action::Change(sign_in::standing::disable),
            Self::Enable => Action::Change(members::standing::enable),
            Self::Remove => Action::Change(members::standing::remove),
            Self::InviteAgain => Action::MakeLink(invitation::invite_again),
            Self::Withdraw => Action::Change(members::invitation::withdraw),
            Self::ResetPassword => Action::MakeLink(reset::begin_for),
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
    form: Form<NoFields>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    let about = id.clone();
    let taken = match step.action() {
        Action::Change(change) => {
            let changed = viewer
                .write(&site, form.token, MEMBERS, move |tx, author| change(tx, &about, author));
            changed.await.and_then(|member| finish(step, &viewer, &member))
        }
        Action::MakeLink(make) => {
            let page = LinkPage::load(&viewer, &site).await?;
            let maker = LinkMaker::of(&viewer, &site.public_url);
            let form_token = (form.token, MEMBERS.to_owned());
            let shown = write_and_reveal(&viewer, &site, page, form_token, move |tx, author| {
                let (member, code) = make(tx, &about, author)?;
                maker.make(tx, member, &code, author).map(noted)
            });
            shown.await
        }
    };
    match taken {
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, step, &viewer, &site, id, errors).await
        }
        Err(Error::Conflict) => {
            draw(StatusCode::OK, step, &viewer, &site, id, Invalid::default()).await
        }
        Err(Error::AlreadySubmitted(location)) => Ok(page::see_other(&location)),
        answered => answered,
    }
}

fn finish(step: Step, viewer: &Visit, member: &Member) -> Result<HttpResponse> {
    let done = Asked::of(step, member, viewer.now).done;
    let is_gone = matches!(step, Step::Remove | Step::Withdraw);
    let location = if is_gone { MEMBERS.into() } else { super::row(&member.id) };
    viewer.see_other(&location, Notice::done(format!("“{}” {done}.", member.name.as_str())))
}

async fn draw(
    status: StatusCode,
    step: Step,
    viewer: &Visit,
    site: &Site,
    id: MemberId,
    errors: Invalid,
) -> Result<HttpResponse> {
    let found = site.db.read(move |c| members::find(c, &id)).await?;
    let member = found.ok_or(Error::NotFound)?;
    if !step.fits(member.state) {
        return viewer.see_other(&super::row(&member.id), Notice::note(standing(&member)));
    }
    page::page(
        status,
        &StepPage {
            viewer,
            table: Table::behind(site, viewer).await?,
            role: Standing::of(&member).role(),
            path: step.path(),
            asked: Asked::of(step, &member, viewer.now),
            member: &member,
            errors,
        },
    )
}
