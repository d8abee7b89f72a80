//! The scopes in an OpenAPI document, to be confirmed. The form contains the proposed scopes, which
//! are checked again when it is submitted.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::SCOPES;
use super::gains::{GainsView, gained, listed};
use super::table::Table;
use crate::base::error::{Error, FieldError, Invalid, Result};
use crate::base::text;
use crate::domain::api_keys::gains::{self, Gains};
use crate::domain::api_keys::holders::CONFIRMED;
use crate::domain::members::permission::ManageRoles;
use crate::domain::scopes::openapi::{Proposal, Source};
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
    groups: Vec<Group>,
    /// Proposed scopes that already exist.
    known: Vec<String>,
    /// The sources of the suggested scopes, as `tags and paths`; empty if there are none.
    suggested_from: String,
    /// How many more scopes can be added; `None` if there is room for all.
    room: Option<usize>,
    proposal: &'a Proposal,
    gains: Option<GainsView>,
    /// The fingerprint of the numbers of keys that are shown.
    confirmed: String,
}

impl Preview<'_> {
    fn has_own(&self) -> bool {
        has_own(self.proposal)
    }

    fn is_asking(&self) -> bool {
        self.gains.as_ref().is_some_and(|gains| gains.is_asking)
    }
}

/// Scopes of one source.
struct Group {
    legend: &'static str,
    offers: Vec<Offer>,
}

#[derive(Clone)]
struct Offer {
    scope: Scope,
    from: Option<String>,
    /// `None` if the form was submitted.
    source: Option<Source>,
    is_ticked: bool,
}

/// The form: each proposed scope, as `orders:read What it is for`, and the selected ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    proposed: Vec<String>,
    scopes: Vec<String>,
    /// The fingerprint of the numbers of keys that were shown.
    confirmed: String,
}

/// The preview of `proposal`.
pub(super) async fn show(
    viewer: &Viewer,
    site: &Site,
    proposal: &Proposal,
) -> Result<HttpResponse> {
    let offers = proposal.offered.iter().map(|offered| Offer {
        scope: offered.scope.clone(),
        from: offered.from.clone(),
        source: Some(offered.source),
        is_ticked: false,
    });
    draw(StatusCode::OK, viewer, site, offers.collect(), proposal, Invalid::default()).await
}

pub(super) async fn confirm(
    viewer: Allowed<ManageRoles>,
    form: Form<Fields, { upload::MAX_SIZE }>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let (chosen, confirmed) = (form.fields.chosen(), form.fields.confirmed.clone());
    let imported = viewer.submit(&site, form.token, SCOPES, move |tx, context| {
        let chosen = chosen.map_err(Error::Invalid)?;
        let (added, gains) = gains::import_scopes(tx, chosen, &confirmed, context)?;
        let gained = gained(&added, &gains);
        Ok(match added.len() {
            0 => Notice::note("Every one of these scopes is there already."),
            1 => Notice::done(format!("1 scope added.{gained}")),
            count => Notice::done(format!("{count} scopes added.{gained}")),
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
        let ticked: BTreeSet<&str> = self.scopes.iter().map(String::as_str).collect();
        let offer = |scope: Scope| Offer {
            is_ticked: ticked.contains(scope.name.as_str()),
            scope,
            from: None,
            source: None,
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
    mut errors: Invalid,
) -> Result<HttpResponse> {
    let now = viewer.now;
    let found = site
        .db
        .read(move |c| Ok((scopes::all(c)?, Table::load(c, String::new())?, Gains::load(c, now)?)));
    let (existing, table, gains) = found.await?;
    let names: BTreeSet<&str> = existing.iter().map(|scope| scope.name.as_str()).collect();
    let exists = |offer: &Offer| names.contains(offer.scope.name.as_str());
    let (known, mut offers): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(exists);
    let addable: Vec<Scope> = offers.iter().map(|offer| offer.scope.clone()).collect();
    let room = scopes::MAX_SCOPES.saturating_sub(existing.len());
    let mut view = GainsView::new(&gains, &addable, errors.remove(CONFIRMED), viewer);
    let is_cautious = preselect(&mut offers, has_own(proposal), &gains, room);
    if let Some(view) = &mut view {
        view.is_cautious = is_cautious;
    }
    let template = Preview {
        viewer,
        table,
        errors,
        suggested_from: suggested_from(&offers),
        room: (offers.len() + proposal.more_offered > room).then_some(room),
        groups: groups(offers, has_own(proposal)),
        known: known.into_iter().map(|offer| offer.scope.name).collect(),
        proposal,
        gains: view,
        confirmed: gains.fingerprint(),
    };
    page::page(status, &template)
}

/// Whether the document has scopes of its own. They come first.
fn has_own(proposal: &Proposal) -> bool {
    proposal.offered.first().is_some_and(|offered| offered.source == Source::Schemes)
}

/// Selects the scopes that a document offers, as many as can be added, without those that keys
/// would gain to do more than read. Suggested scopes are not selected if the document has its own.
/// Returns whether only read scopes are selected because of that.
fn preselect(offers: &mut [Offer], has_own: bool, gains: &Gains, room: usize) -> bool {
    let is_main =
        |offer: &Offer| offer.source.is_some_and(|source| !has_own || source == Source::Schemes);
    let mut is_cautious = false;
    let mut only_reads = true;
    for offer in offers.iter_mut().filter(|offer| is_main(offer)).take(room) {
        let is_read = offer.scope.operation == "read";
        offer.is_ticked = is_read || gains.count(&offer.scope) == 0;
        is_cautious |= !offer.is_ticked;
        only_reads &= is_read || !offer.is_ticked;
    }
    is_cautious && only_reads
}

/// The offers by source: the document's own scopes first.
fn groups(offers: Vec<Offer>, has_own: bool) -> Vec<Group> {
    let is_own = |offer: &Offer| offer.source == Some(Source::Schemes);
    let (own, other): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(is_own);
    let legend = if has_own { "Suggested scopes" } else { "New scopes" };
    let groups = [Group { legend: "New scopes", offers: own }, Group { legend, offers: other }];
    groups.into_iter().filter(|group| !group.offers.is_empty()).collect()
}

/// `tags`, `tags and paths` or `tags, paths and operation ids`.
fn suggested_from(offers: &[Offer]) -> String {
    let sources: BTreeSet<Source> = offers.iter().filter_map(|offer| offer.source).collect();
    let name = |source: &Source| match source {
        Source::Schemes => None,
        Source::Tags => Some("tags".to_owned()),
        Source::Paths => Some("paths".to_owned()),
        Source::OperationIds => Some("operation ids".to_owned()),
    };
    listed(&sources.iter().filter_map(name).collect::<Vec<_>>())
}
