//! `/reviews/{review_id}`: how far a review is, and the form with which keys are decided on.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::facts::Known;
use super::form::Sent;
use super::row::Row;
use super::words::{self, Badge, count, moment};
use crate::base::error::{Error, Invalid, Result};
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::members::Permission;
use crate::domain::members::permission::{UpdateKeys, ViewKeys};
use crate::domain::reviews::{self, Decision, Item, Progress, Review, ReviewId, Saved, View};
use crate::pages::{Allowed, Viewer, Visit};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};

/// The largest form that is taken, in bytes: 25 notes, percent-encoded, and what stands around them.
const LARGEST: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "reviews/show.html")]
struct Show<'a> {
    viewer: &'a Viewer,
    notice: Option<Notice>,
    id: String,
    name: String,
    badge: Badge,
    started: String,
    ended: Option<String>,
    review: Review,
    may_decide: bool,
    progress: Progress,
    decided: String,
    inactive: Option<String>,
    tabs: Vec<Tab>,
    is_undecided: bool,
    /// What the form was drawn for, so that it leads back.
    place: String,
    rows: Vec<Row>,
    pager: Pager,
    ask: Option<Ask>,
    errors: Invalid,
}

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// Which of a review's items are listed.
pub(super) type Items = ListQuery<Filters>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    pub view: View,
}

/// What is drawn of a review.
#[derive(Default)]
pub(super) struct Drawn {
    pub items: Items,
    /// What somebody typed; its keys are then the page's.
    pub sent: Option<Sent>,
    /// What somebody is asked to confirm.
    pub ask: Option<Ask>,
    pub errors: Invalid,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    review_id: web::Path<String>,
    items: Items,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let drawn = Drawn { items, ..Drawn::default() };
    draw(StatusCode::OK, &viewer, &site, &id, drawn).await
}

pub(super) async fn save(
    viewer: Allowed<UpdateKeys>,
    review_id: web::Path<String>,
    form: Form<Vec<(String, String)>, LARGEST>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = ReviewId::parse(&review_id).ok_or(Error::NotFound)?;
    let mut sent = Sent::read(&form.fields);
    let Some(wanted) = sent.check() else {
        let mut errors = Invalid::default();
        errors.add("", "Nothing was saved. Correct what is marked below, then save again");
        sent.rows.retain(|row| row.error.is_some() || !row.decision.is_empty());
        let drawn =
            Drawn { items: sent.place.clone(), sent: Some(sent), errors, ..Drawn::default() };
        return draw(StatusCode::UNPROCESSABLE_ENTITY, &viewer, &site, &id, drawn).await;
    };
    let (location, decided) = (sent.place.href(&path(&id)), id.clone());
    let saved = viewer.write(&site, form.token, &location, move |tx, author| {
        reviews::decide(tx, &decided, &wanted, author)
    });
    match saved.await {
        Ok(saved) if saved.overtaken.is_empty() => viewer.see_other(&location, said(&saved)),
        Ok(saved) => {
            let drawn = overtaken(&saved, sent);
            draw(StatusCode::CONFLICT, &viewer, &site, &id, drawn).await
        }
        Err(Error::Conflict) => {
            let notice = "This review has ended meanwhile. Nothing was saved.";
            viewer.see_other(&location, Notice::warning(notice))
        }
        Err(error) => Err(error),
    }
}

fn said(saved: &Saved) -> Notice {
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

/// The form again, with those keys alone that somebody else has decided on meanwhile.
fn overtaken(saved: &Saved, mut sent: Sent) -> Drawn {
    let mut errors = Invalid::default();
    for item in &saved.overtaken {
        let Some(theirs) = &item.decided else { continue };
        let decision = theirs.decision.label().to_lowercase();
        let message = format!(
            "{} has decided on “{}” meanwhile: {decision}. Your decision was not saved. Save again to replace theirs",
            theirs.by, item.name
        );
        errors.add("", message);
    }
    sent.rows.retain(|row| saved.overtaken.iter().any(|item| item.key_id == row.key_id));
    Drawn { items: sent.place.clone(), sent: Some(sent), errors, ..Drawn::default() }
}

/// What is read for the page.
struct Read {
    review: Review,
    progress: Progress,
    items: Page<Item>,
    known: Known,
}

fn read(
    c: &mut Connection,
    id: &ReviewId,
    list: &Items,
    typed: Option<&[String]>,
    now: crate::base::clock::Timestamp,
) -> Result<Read> {
    let review = reviews::find(c, id)?.ok_or(Error::NotFound)?;
    let items = match typed {
        Some(keys) => {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            Page::whole(reviews::items_of(c, id, &keys)?)
        }
        None => reviews::items(c, id, list.filters.view, list.cursor.as_ref(), now)?,
    };
    let known = Known::read(c, &items.rows)?;
    Ok(Read { progress: reviews::progress(c, &review, now)?, review, items, known })
}

pub(super) async fn draw(
    status: StatusCode,
    viewer: &Visit,
    site: &Site,
    id: &ReviewId,
    drawn: Drawn,
) -> Result<HttpResponse> {
    let (wanted, list, now) = (id.clone(), drawn.items.clone(), viewer.now);
    let keys = drawn
        .sent
        .as_ref()
        .map(|sent| sent.rows.iter().map(|row| row.key_id.as_str().to_owned()).collect::<Vec<_>>());
    let found = site.db.read(move |c| read(c, &wanted, &list, keys.as_deref(), now)).await?;
    page::page(status, &Show::new(viewer, found, drawn))
}

impl<'a> Show<'a> {
    fn new(viewer: &'a Visit, read: Read, drawn: Drawn) -> Self {
        let Read { review, progress, items, known } = read;
        let Drawn { items: list, sent, ask, errors } = drawn;
        let view = list.filters.view;
        let typed = |item: &Item| sent.as_ref()?.rows.iter().find(|row| row.key_id == item.key_id);
        let row = |item: &Item| Row::new(viewer, &review, item, &known, typed(item));
        let is_shown = viewer.may(Permission::ViewKeys);
        Self {
            viewer,
            notice: if ask.is_some() || !errors.is_empty() { None } else { viewer.take_notice() },
            id: review.id.as_str().into(),
            name: review.name(),
            badge: Badge::of(&review),
            started: started(&review),
            ended: ended(&review),
            may_decide: review.is_open() && viewer.may(Permission::UpdateKeys),
            progress,
            decided: words::decided(progress),
            inactive: words::inactive(progress),
            tabs: tabs(view, &review.id),
            is_undecided: view == View::Undecided,
            place: match view {
                // Decided keys leave this view, so that its start is where to go on.
                View::Undecided => String::new(),
                _ => list.text(),
            },
            pager: list.pager(&path(&review.id), &items),
            rows: items.rows.iter().filter(|_| is_shown).map(row).collect(),
            ask,
            errors,
            review,
        }
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

fn path(id: &ReviewId) -> String {
    format!("/reviews/{}", id.as_str())
}

fn tabs(shown: View, id: &ReviewId) -> Vec<Tab> {
    let tab = |(view, label): (View, &'static str)| Tab {
        label,
        href: Items::from(Filters { view }).href(&path(id)),
        is_current: shown == view,
    };
    let decided = Decision::ALL.map(|decision| (View::Decided(decision), decision.label()));
    [(View::Undecided, "Undecided"), (View::All, "All")]
        .into_iter()
        .chain(decided)
        .map(tab)
        .collect()
}
