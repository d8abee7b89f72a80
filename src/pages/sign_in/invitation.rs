//! `/invitation`: accepting an invitation through a one-time link.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::enter::enter;
use super::{Link, attempt, home, judge};
use crate::base::error::{Error, Invalid, Result};
use crate::base::text::TypedText;
use crate::domain::members::ways_in::Passwords;
use crate::domain::members::{self, Member, MemberId, MemberName};
use crate::domain::settings;
use crate::domain::sign_in::{Requester, SignInService, invitation};
use crate::domain::sso;
use crate::pages::{Public, SESSION_KEY};
use crate::web::flash::Notice;
use crate::web::form::{STRANGERS, SecretFields, SecretForm};
use crate::web::form_token::{self, FormToken};
use crate::web::query::Query;
use crate::web::theme::Theme;
use crate::web::{Site, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InvitationForm {
    code: String,
    /// The person's name; if missing, the name in the invitation is kept.
    name: Option<String>,
    password: Zeroizing<String>,
}

impl SecretFields for InvitationForm {
    const AS_TYPED: &'static [&'static str] = &["code", "password"];
}

#[derive(Template)]
#[template(path = "sign_in/invitation.html")]
struct InvitationPage {
    theme: Theme,
    form_token: String,
    organisation: String,
    code: String,
    name: String,
    /// The invited member; `None` if the link does not work.
    invited: Option<Member>,
    /// The member who is signed in and would have to sign out first.
    signed_in: Option<Member>,
    /// The text of the button that leads to the provider of single sign-on, if there is one.
    button: Option<String>,
    /// Whether a password can be chosen.
    has_password: bool,
    errors: Invalid,
    notice: Option<Notice>,
}

/// The people that a request with a code concerns.
struct People {
    invited: Option<Member>,
    signed_in: Option<Member>,
    organisation: String,
    provider: Option<(String, Passwords)>,
}

pub(super) async fn page(
    visitor: Public,
    link: Query<Link>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let code = link.0.code();
    let people = load_people(&visitor, &site, &code).await?;
    let status = if people.invited.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    draw(status, &visitor, &site, (code, None), people, Invalid::default())
}

pub(super) async fn accept(
    visitor: Public,
    form: SecretForm<InvitationForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let InvitationForm { code, name, password } = form.fields;
    attempt(&sign_in_service, &visitor)?;
    let before = load_people(&visitor, &site, &code).await?;
    if before.signed_in.is_some() && before.invited.is_some() {
        let status = StatusCode::CONFLICT;
        return draw(status, &visitor, &site, (code, name), before, Invalid::default());
    }
    let chosen = (name.clone(), password);
    match finish(&visitor, &site, &sign_in_service, &before, &code, chosen, form.token).await {
        Ok(member) => enter(&visitor, &site, &member, None),
        Err(Error::Invalid(errors)) => {
            let now = load_people(&visitor, &site, &code).await?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(status, &visitor, &site, (code, name), now, errors)
        }
        Err(error) => Err(error),
    }
}

async fn finish(
    visitor: &Public,
    site: &Site,
    sign_in_service: &SignInService,
    people: &People,
    code: &str,
    (name, password): (Option<String>, Zeroizing<String>),
    token: FormToken,
) -> Result<Member> {
    let Some(member) = &people.invited else {
        // The form may have been submitted twice, and the first one accepted. Otherwise the error
        // rolls the transaction back, so that wrong codes leave nothing in the database.
        let context = visitor.context.clone();
        let refused = site.db.write(move |tx| {
            token.check_unused(tx, &context.keyring)?;
            Err(Error::invalid("code", invitation::INVALID_LINK))
        });
        return refused.await;
    };
    let mut errors = Invalid::default();
    let name = name.map(|name| {
        let typed = TypedText::replacing(&name, member.name.as_str());
        errors.collect("name", MemberName::parse(typed))
    });
    let own_name = name.as_ref().map_or(Some(&member.name), Option::as_ref);
    let own_words =
        [own_name.map_or("", MemberName::as_str), member.email.as_str(), &people.organisation];
    let judged = judge(password, own_words.map(str::to_owned)).await?;
    let password = errors.collect("password", judged);
    let (Some(password), true) = (password, errors.is_empty()) else {
        return Err(Error::Invalid(errors));
    };
    let hash = sign_in_service.hasher.hash(Requester::Member(member.id.clone()), password).await?;
    let (context, code, name) = (visitor.context.clone(), code.to_owned(), name.flatten());
    let home = home(member);
    let accepted = site.db.write(move |tx| {
        token.spend(tx, &context.keyring, home)?;
        invitation::accept(tx, &code, name, &hash, &context)
    });
    accepted.await
}

async fn load_people(visitor: &Public, site: &Site, code: &str) -> Result<People> {
    let (code, context) = (code.to_owned(), visitor.context.clone());
    let id: Option<String> = visitor.session.get(SESSION_KEY).ok().flatten();
    let found = site.db.read(move |c| {
        let signed_in = id.map(|id| members::find(c, &MemberId::stored(id))).transpose()?;
        Ok(People {
            invited: invitation::member_for_code(c, &context.keyring, &code, context.now)?,
            signed_in: signed_in.flatten(),
            organisation: settings::get(c)?.organisation,
            provider: sso::button(c)?,
        })
    });
    found.await
}

fn draw(
    status: StatusCode,
    visitor: &Public,
    site: &Site,
    (code, name): (String, Option<String>),
    people: People,
    errors: Invalid,
) -> Result<HttpResponse> {
    let form_key = form_token::key_of(&visitor.session)?;
    let form_token = form_token::mint(&site.keyring, &form_key, &visitor.page, site.clock.now())?;
    let is_enforced =
        people.provider.as_ref().is_some_and(|(_, who)| *who == Passwords::BreakGlassOnly);
    let invited_as = people.invited.as_ref().map(|member| member.name.as_str().to_owned());
    page::page(
        status,
        &InvitationPage {
            theme: visitor.theme,
            form_token,
            organisation: people.organisation,
            code,
            name: name.or(invited_as).unwrap_or_default(),
            invited: people.invited,
            signed_in: people.signed_in,
            button: people.provider.map(|(button, _)| button),
            has_password: !is_enforced,
            errors,
            notice: visitor.take_notice(),
        },
    )
}
