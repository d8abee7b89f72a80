//! `/set-up`: creates the organisation and its first super manager; 404 once there is a member.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::enter::enter;
use super::{Link, attempt};
use crate::base::error::{Error, Invalid, Result};
use crate::domain::members::{Email, Member, MemberName};
use crate::domain::roles;
use crate::domain::scopes::{self, Resource};
use crate::domain::settings::OrganisationName;
use crate::domain::sign_in::set_up::{self, SetUp};
use crate::domain::sign_in::{Password, Requester, SignInService};
use crate::pages::Public;
use crate::web::flash::Notice;
use crate::web::form::{STRANGERS, SecretFields, SecretForm};
use crate::web::form_token;
use crate::web::query::Query;
use crate::web::theme::Theme;
use crate::web::{Site, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SetUpForm {
    code: String,
    organisation: String,
    resources: String,
    name: String,
    email: String,
    password: Zeroizing<String>,
}

impl SecretFields for SetUpForm {
    const AS_TYPED: &'static [&'static str] = &["code", "password"];
}

#[derive(Template)]
#[template(path = "sign_in/set_up.html")]
struct SetUpPage {
    theme: Theme,
    form_token: String,
    /// The submitted values, without the password.
    typed: SetUpForm,
    errors: Invalid,
    notice: Option<Notice>,
}

/// The validated values of the form.
struct ValidSetUp {
    organisation: OrganisationName,
    resources: Vec<Resource>,
    name: MemberName,
    email: Email,
    password: Password,
}

pub(super) async fn page(
    visitor: Public,
    link: Query<Link>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    must_be_open(&site).await?;
    let typed = SetUpForm { code: link.0.code(), ..SetUpForm::default() };
    let errors = if typed.code.is_empty() {
        Invalid::default()
    } else {
        wrong_code(&site, &visitor, typed.code.clone()).await?
    };
    draw(StatusCode::OK, &visitor, &site, typed, errors)
}

pub(super) async fn set_up(
    visitor: Public,
    form: SecretForm<SetUpForm, STRANGERS>,
    site: web::Data<Site>,
    sign_in_service: web::Data<SignInService>,
) -> Result<HttpResponse> {
    must_be_open(&site).await?;
    attempt(&sign_in_service, &visitor)?;
    let mut typed = form.fields;
    // Checking a password takes a while.
    let checking = web::block(move || {
        let checked = check(&mut typed);
        (typed, checked)
    });
    let (typed, checked) = checking.await.map_err(Error::internal)?;
    let attempted = match checked {
        Ok(checked) => finish(&visitor, &site, &sign_in_service, typed.code.clone(), checked).await,
        Err(errors) => add_code_errors(&site, &visitor, typed.code.clone(), errors).await,
    };
    match attempted {
        Ok(member) => {
            let response = enter(&visitor, &site, &member, None)?;
            welcome(&member).set(&visitor.session)?;
            Ok(response)
        }
        Err(Error::Invalid(errors)) => {
            draw(StatusCode::UNPROCESSABLE_ENTITY, &visitor, &site, typed, errors)
        }
        Err(error) => Err(error),
    }
}

fn welcome(member: &Member) -> Notice {
    let (name, email) = (member.name.as_str(), member.email.as_str());
    Notice::done(format!(
        "Welcome to Latchkey, {name}. You are signed in as {email}, the first super manager."
    ))
}

async fn must_be_open(site: &Site) -> Result<()> {
    if site.db.read(set_up::is_open).await? { Ok(()) } else { Err(Error::NotFound) }
}

async fn finish(
    visitor: &Public,
    site: &Site,
    sign_in_service: &SignInService,
    code: String,
    checked: ValidSetUp,
) -> Result<Member> {
    let ValidSetUp { organisation, resources, name, email, password } = checked;
    let (asking, presented) = (visitor.context.clone(), code.clone());
    site.db.read(move |c| set_up::check_code(c, &presented, &asking)).await?;
    let password_hash = sign_in_service.hasher.hash(Requester::SetUp, password).await?;
    let context = visitor.context.clone();
    let new = SetUp { code: code.trim().to_owned(), organisation, name, email, password_hash };
    site.db
        .write(move |tx| {
            let member = set_up::finish(tx, &new, &context)?;
            scopes::add_resources(tx, &resources, &context)?;
            roles::add_built_in(tx, context.now)?;
            Ok(member)
        })
        .await
}

/// Adds the errors of the code to those of the fields.
async fn add_code_errors<T>(
    site: &Site,
    visitor: &Public,
    code: String,
    errors: Invalid,
) -> Result<T> {
    let wrong = wrong_code(site, visitor, code).await?;
    if errors.has("code") || wrong.is_empty() {
        return Err(Error::Invalid(errors));
    }
    wrong.and(Err(errors))
}

/// The errors of the code; none if it is valid.
async fn wrong_code(site: &Site, visitor: &Public, code: String) -> Result<Invalid> {
    let context = visitor.context.clone();
    match site.db.read(move |c| set_up::check_code(c, &code, &context)).await {
        Ok(()) => Ok(Invalid::default()),
        Err(Error::Invalid(wrong)) => Ok(wrong),
        Err(error) => Err(error),
    }
}

/// Removes the password from `typed`, so that no page shows it.
fn check(typed: &mut SetUpForm) -> Result<ValidSetUp, Invalid> {
    let mut invalid = Invalid::default();
    if typed.code.trim().is_empty() {
        invalid.add("code", "Enter the set-up code");
    }
    let organisation =
        invalid.collect("organisation", OrganisationName::parse(&typed.organisation));
    let resources = invalid.collect("resources", Resource::parse_lines(&typed.resources));
    let name = invalid.collect("name", MemberName::parse(&typed.name));
    let email = invalid.collect("email", Email::parse(&typed.email));
    let own_words = [typed.name.as_str(), typed.email.as_str(), typed.organisation.as_str()];
    let password = std::mem::take(&mut typed.password);
    let password = invalid.collect("password", Password::new_for(password, &own_words));
    match (organisation, resources, name, email, password) {
        (Some(organisation), Some(resources), Some(name), Some(email), Some(password))
            if invalid.is_empty() =>
        {
            Ok(ValidSetUp { organisation, resources, name, email, password })
        }
        _ => Err(invalid),
    }
}

fn draw(
    status: StatusCode,
    visitor: &Public,
    site: &Site,
    typed: SetUpForm,
    errors: Invalid,
) -> Result<HttpResponse> {
    let form_key = form_token::key_of(&visitor.session)?;
    let form_token = form_token::mint(&site.keyring, &form_key, &visitor.page, site.clock.now())?;
    let (theme, notice) = (visitor.theme, visitor.take_notice());
    page::page(status, &SetUpPage { theme, form_token, typed, errors, notice })
}
