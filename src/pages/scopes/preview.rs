//! The scopes in an OpenAPI document, to be confirmed. The form contains the proposed scopes, which
//! are checked again when it is submitted.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::SCOPES;
use super::table::Table;
use crate::base::error::{Error, FieldError, Invalid, Result};
use crate::base::text;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::openapi::{Proposal, UnusableName};
use crate::domain::scopes::{self, Draft, Scope};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::{Site, page, upload};

#[derive(Template)]
#[template(path = "scopes/preview.html")]
struct Preview<'a> {
    viewer: &'a Viewer,
    table: Table,
    errors: Invalid,
    offers: Vec<Offer>,
    /// Proposed scopes that already exist.
    known: Vec<String>,
    is_made_up: bool,
    unusable: &'a [UnusableName],
    skipped: usize,
    secrets_left_out: usize,
}

struct Offer {
    name: String,
    description: String,
    from: Option<String>,
    is_ticked: bool,
}

/// The form: each proposed scope, as `orders:read What it is for`, and the selected ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    proposed: Vec<String>,
    scopes: Vec<String>,
}

/// The preview of `proposal`, with all new scopes selected.
pub(super) async fn show(
    viewer: &Viewer,
    site: &Site,
    proposal: &Proposal,
) -> Result<HttpResponse> {
    let offers = proposal.offered.iter().map(|offered| Offer {
        name: offered.scope.name.clone(),
        description: offered.scope.description.clone(),
        from: offered.from.clone(),
        is_ticked: true,
    });
    draw(StatusCode::OK, viewer, site, offers.collect(), proposal, Invalid::default()).await
}

pub(super) async fn confirm(
    viewer: Allowed<ManageRoles>,
    form: Form<Fields, { upload::MAX_SIZE }>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let chosen = form.fields.chosen();
    let imported = viewer.submit(&site, form.token, SCOPES, move |tx, context| {
        Ok(match scopes::import(tx, chosen.map_err(Error::Invalid)?, context)? {
            0 => Notice::note("Every one of these scopes is there already."),
            1 => Notice::done("1 scope added."),
            count => Notice::done(format!("{count} scopes added.")),
        })
    });
    match imported.await {
        Err(Error::Invalid(errors)) => {
            let (offers, nothing) = (form.fields.offers(), Proposal::default());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(status, &viewer, &site, offers, &nothing, errors).await
        }
        response => response,
    }
}

impl Fields {
    /// The selected scopes, checked as if they had been typed.
    fn chosen(&self) -> Result<Vec<Scope>, Invalid> {
        let mut ticked: BTreeSet<&str> = self.scopes.iter().map(String::as_str).collect();
        let mut chosen = Vec::new();
        for text in self.proposed.iter().chain(&self.scopes) {
            text::without_secret(text).map_err(wrong)?;
        }
        for (name, description) in self.proposed.iter().map(|offer| parts(offer)) {
            if ticked.remove(name) {
                chosen.push(scope(name, description).ok_or_else(|| not_offered(name))?);
            }
        }
        match ticked.first() {
            Some(other) => Err(not_offered(other)),
            None => Ok(chosen),
        }
    }

    /// The proposed scopes that are valid to show.
    fn offers(&self) -> Vec<Offer> {
        let scopes = self.proposed.iter().take(scopes::MAX_SCOPES).filter_map(|offer| {
            let (name, description) = parts(offer);
            scope(name, description)
        });
        let offer = |scope: Scope| Offer {
            is_ticked: self.scopes.contains(&scope.name),
            name: scope.name,
            description: scope.description,
            from: None,
        };
        scopes.map(offer).collect()
    }
}

fn parts(offer: &str) -> (&str, &str) {
    offer.split_once(' ').unwrap_or((offer, ""))
}

fn scope(name: &str, description: &str) -> Option<Scope> {
    let (resource, operation) = name.split_once(':')?;
    let draft = Draft {
        resource: resource.into(),
        operation: operation.into(),
        description: description.into(),
    };
    draft.check().ok().filter(|scope| scope.name == name)
}

fn not_offered(name: &str) -> Invalid {
    let shown = text::visible(name, 80);
    wrong(format!("“{shown}” cannot be added. Choose from the list"))
}

fn wrong(message: String) -> Invalid {
    Invalid(vec![FieldError { field: "scopes", message }])
}

async fn draw(
    status: StatusCode,
    viewer: &Viewer,
    site: &Site,
    offers: Vec<Offer>,
    proposal: &Proposal,
    errors: Invalid,
) -> Result<HttpResponse> {
    let found = site.db.read(|c| Ok((scopes::all(c)?, Table::load(c, String::new())?)));
    let (existing, table) = found.await?;
    let exists = |offer: &Offer| existing.iter().any(|scope| scope.name == offer.name);
    let (known, offers): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(exists);
    let template = Preview {
        viewer,
        table,
        errors,
        offers,
        known: known.into_iter().map(|offer| offer.name).collect(),
        is_made_up: proposal.is_made_up,
        unusable: &proposal.unusable,
        skipped: proposal.skipped,
        secrets_left_out: proposal.secrets_left_out,
    };
    page::page(status, &template)
}
