//! `/reviews/{review_id}`: the progress of a review, and the form for deciding on keys.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::facts::KeyFacts;
use super::form::SubmittedForm;
use super::row::Row;
use super::words::{self, Badge, count, moment};
use crate::base::error::{Error, Invalid, Result};
use crate::base::text;
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::members::Permission;
use crate::domain::members::permission::{UpdateKeys, ViewKeys};
use crate::domain::reviews::{
    self, Decision, Item, Progress, Review, ReviewId, SavedDecisions, View,
};
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};

/// The maximum size of the form, in bytes: 25 notes, percent-encoded, and the other fields.
const MAX_SIZE: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "reviews/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    board: Board,
}

/// The progress of a review, and its items.
pub(super) struct Board {
    pub notice: Option<Notice>,
    pub errors: Invalid,
    pub id: String,
    pub name: String,
    pub badge: Badge,
    pub started: String,
    pub ended: Option<String>,
    pub review: Review,
    pub may_decide: bool,
    pub progress: Progress,
    pub decided: String,
    pub inactive: Option<String>,
    /// `Keep 17 Keys`: those that are in use and have no wide role.
    pub keep_action: Option<String>,
    /// `29 left`: the keys without which the review cannot be finished.
    pub left: Option<String>,
    pub tabs: Vec<Tab>,
    pub is_undecided: bool,
    /// The query of the page, so that the form leads back to it.
    pub place: String,
    pub rows: Vec<Row>,
    pub pager: Pager,
}

pub(super) struct Tab {
    pub label: &'static str,
    pub href: String,
    pub is_current: bool,
}

/// The query that selects a review's items.
pub(super) type Items = ListQuery<Filters>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    pub view: View,
}

/// The state of a review's page.
#[derive(Default)]
struct PageState {
    items: Items,
    /// The submitted values; the page then shows the keys in them.
    sent: Option<SubmittedForm>,
    errors: Invalid,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    review_id: web::Path<String>,
    items: Items,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let drawn = PageState { items, ..PageState::default() };
    draw(StatusCode::OK, &viewer, &site, &id, drawn).await
}

pub(super) async fn save(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    form: Form<Vec<(String, String)>, MAX_SIZE>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let mut sent = SubmittedForm::read(&form.fields);
    let Some(requested) = sent.check() else {
        let mut errors = Invalid::default();
        errors.add("", "Nothing was saved. Correct what is marked below, then save again");
        sent.rows.retain(|row| row.error.is_some() || !row.decision.is_empty());
        let drawn = PageState { items: sent.place.clone(), sent: Some(sent), errors };
        return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, drawn).await;
    };
    let (location, decided) = (sent.place.href(&path(&id)), id.clone());
    let saved = viewer.write(&site, form.token, &location, move |tx, context| {
        reviews::decide(tx, &decided, &requested, context)
    });
    match saved.await {
        Ok(saved) if saved.conflicts.is_empty() => {
            viewer.see_other(&location, saved_notice(&saved))
        }
        Ok(saved) => {
            let drawn = conflict_state(&saved, sent);
            draw(StatusCode::CONFLICT, &viewer, &site, &id, drawn).await
        }
        Err(Error::Conflict) => {
            let notice = "This review has ended. Nothing was saved.";
            viewer.see_other(&location, Notice::warning(notice))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn saved_notice(saved: &SavedDecisions) -> Notice {
    let to_carry_out = match saved.to_carry_out {
        0 => String::new(),
        1 => " 1 of them is still to be carried out.".into(),
        more => format!(" {more} of them are still to be carried out."),
    };
    match saved.count {
        0 => Notice::note("Nothing was filled in, so nothing was saved."),
        1 if saved.to_carry_out == 1 => Notice::done("1 decision saved, still to be carried out."),
        1 => Notice::done("1 decision saved."),
        count => Notice::done(format!("{count} decisions saved.{to_carry_out}")),
    }
}

/// The form with only those keys on which somebody else has decided in the meantime.
fn conflict_state(saved: &SavedDecisions, mut sent: SubmittedForm) -> PageState {
    let mut errors = Invalid::default();
    for item in &saved.conflicts {
        let Some(theirs) = &item.decided else { continue };
        let decision = theirs.decision.label().to_lowercase();
        let message = format!(
            "{} has already decided on {}: {decision}. Your decision was not saved. Save again to replace theirs",
            theirs.by,
            text::quoted(&item.name)
        );
        errors.add("", message);
    }
    sent.rows.retain(|row| saved.conflicts.iter().any(|item| item.key_id == row.key_id));
    PageState { items: sent.place.clone(), sent: Some(sent), errors }
}

async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &ReviewId,
    drawn: PageState,
) -> Result<HttpResponse> {
    let (loader, requested) = (viewer.viewer(), id.clone());
    let PageState { items, sent, errors } = drawn;
    let load = move |c: &mut Connection| Board::load(c, &loader, &requested, &items, sent.as_ref());
    let board = site.db.read(load).await?;
    let notice = if errors.is_empty() { viewer.take_notice() } else { None };
    page::page(status, &Show { viewer, board: Board { notice, errors, ..board } })
}

impl Board {
    pub(super) fn load(
        c: &mut Connection,
        viewer: &Viewer,
        id: &ReviewId,
        list: &Items,
        sent: Option<&SubmittedForm>,
    ) -> Result<Self> {
        let (now, view) = (viewer.now, list.filters.view);
        let review = reviews::find(c, id)?.ok_or(Error::NotFound)?;
        let items = match sent {
            Some(sent) => Page::single(reviews::items_of(c, id, &sent.keys())?),
            None => reviews::items(c, id, view, list.cursor.as_ref(), now)?,
        };
        let known = KeyFacts::read(c, &items.rows, now)?;
        let progress = reviews::progress(c, &review, now)?;
        let typed = |item: &Item| sent?.rows.iter().find(|row| row.key_id == item.key_id);
        let row = |item: &Item| Row::new(viewer, &review, item, &known, typed(item));
        let is_shown = viewer.may(Permission::ViewKeys);
        let may_decide = review.is_open() && viewer.may(Permission::UpdateKeys);
        let may_keep = may_decide && view == View::Undecided && sent.is_none();
        let keepable = if may_keep { reviews::keepable(c, id, now)?.len() } else { 0 };
        Ok(Self {
            notice: None,
            errors: Invalid::default(),
            id: review.id.as_str().into(),
            name: review.name(),
            badge: Badge::of(&review),
            started: started(&review),
            ended: ended(&review),
            may_decide,
            keep_action: words::keep_action(keepable),
            left: words::left(progress, &review),
            progress,
            decided: words::decided(progress),
            inactive: words::inactive(progress),
            tabs: tabs(view, &review.id),
            is_undecided: view == View::Undecided,
            place: match view {
                // Decided keys leave this view, so the next ones are at its start.
                View::Undecided => String::new(),
                _ => list.text(),
            },
            pager: list.pager(&path(&review.id), &items),
            rows: items.rows.iter().filter(|_| is_shown).map(row).collect(),
            review,
        })
    }
}

/// `Started by Ines Okafor on 23 November 2026, 12:00 UTC, with 38 keys that were active then.`
fn started(review: &Review) -> String {
    let keys = if review.total == 1 { "key that was" } else { "keys that were" };
    format!(
        "Started by {} on {}, with {} {keys} active then.",
        review.starter,
        moment(review.started_at),
        count(review.total)
    )
}

fn ended(review: &Review) -> Option<String> {
    let ended = review.ended.as_ref()?;
    let verb = if ended.is_cancelled { "Cancelled" } else { "Finished" };
    Some(format!("{verb} by {} on {}.", ended.by, moment(ended.at)))
}

pub(super) fn path(id: &ReviewId) -> String {
    format!("/reviews/{}", id.as_str())
}

fn tabs(shown: View, id: &ReviewId) -> Vec<Tab> {
    let tab = |(view, label): (View, &'static str)| Tab {
        label,
        href: Items::from(Filters { view }).href(&path(id)),
        is_current: shown == view,
    };
    let decided = Decision::ALL.map(|decision| (View::DecisionRecord(decision), decision.label()));
    [(View::Undecided, "Undecided"), (View::All, "All")]
        .into_iter()
        .chain(decided)
        .map(tab)
        .collect()
}
