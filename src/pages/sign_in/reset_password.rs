//! `/reset-password`: sets a new password through a one-time link.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::code;
use super::enter::enter;
use super::{Link, attempt, judge};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::Member;
use crate::domain::settings;
use crate::domain::sign_in::{Requester, SignInService, reset};
use crate::pages::Public;
use crate::web::flash::Notice;
use crate::web::form::{STRANGERS, SecretFields, SecretForm};
use crate::web::form_token;
use crate::web::query::Query;
use crate::web::theme::Theme;
use crate::web::{Site, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ResetForm {
    code: String,
    password: Zeroizing<String>,
}

impl SecretFields for ResetForm {
    const AS_TYPED: &'static [&'static str] = &["code", "password"];
}

#[derive(Template)]
#[template(path = "sign_in/reset_password.html")]
struct ResetPage {
    theme: Theme,
    form_token: String,
    code: String,
    /// The email address of the member; `None` if the link does not work.
    email: Option<String>,
    errors: Invalid,
    notice: Option<Notice>,
}

pub(super) async fn page(
    visitor: Public,
    link: Query<Link>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let code = link.0.code();
    let member = find_member(&visitor, &site, &code).await?;
    let status = if member.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    draw(status, &visitor, &site, code, member, Invalid::default())
}

pub(super) async fn reset(
    visitor: Public,
    form: SecretForm<ResetForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    let ResetForm { code, password } = form.fields;
    match finish(&visitor, &site, &sign_in_service, code.clone(), password).await {
        Ok((member, None)) => enter(&visitor, &site, &member, None),
        Ok((member, Some(step))) => {
            code::ask(&visitor, &site, &member, &step, ("", String::new())).await
        }
        Err(Error::Invalid(errors)) => {
            let member = find_member(&visitor, &site, &code).await?;
            draw(StatusCode::UNPROCESSABLE_ENTITY, &visitor, &site, code, member, errors)
        }
        Err(error) => Err(error),
    }
}

async fn finish(
    visitor: &Public,
    site: &Site,
    sign_in_service: &SignInService,
    code: String,
    password: Zeroizing<String>,
) -> Result<(Member, Option<String>)> {
    attempt(sign_in_service, visitor)?;
    let member = find_member(visitor, site, &code).await?;
    let member = member.ok_or_else(|| {
        Error::invalid("code", "This link is wrong or has expired. Ask for a new one")
    })?;
    let organisation = site.db.read(settings::get).await?.organisation;
    let own_words = [member.name.as_str(), member.email.as_str(), &organisation];
    let judged = judge(password, own_words.map(str::to_owned)).await?;
    let password = judged.map_err(|message| Error::invalid("password", message))?;
    let hash = sign_in_service.hasher.hash(Requester::Member(member.id), password).await?;
    let context = visitor.context.clone();
    site.db.write(move |tx| reset::finish(tx, &code, &hash, &context)).await
}

async fn find_member(visitor: &Public, site: &Site, code: &str) -> Result<Option<Member>> {
    let (code, context) = (code.to_owned(), visitor.context.clone());
    site.db.read(move |c| reset::member_for_code(c, &context.keyring, &code, context.now)).await
}

fn draw(
    status: StatusCode,
    visitor: &Public,
    site: &Site,
    code: String,
    member: Option<Member>,
    errors: Invalid,
) -> Result<HttpResponse> {
    let form_key = form_token::key_of(&visitor.session)?;
    let form_token = form_token::mint(&site.keyring, &form_key, &visitor.page, site.clock.now())?;
    page::page(
        status,
        &ResetPage {
            theme: visitor.theme,
            form_token,
            code,
            email: member.map(|member| member.email.as_str().to_owned()),
            errors,
            notice: visitor.take_notice(),
        },
    )
}
