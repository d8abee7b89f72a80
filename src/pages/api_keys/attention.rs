//! The keys that need attention as a list: why, since when, and what to do.

use super::attention_words as words;
use super::other_concerns;
use crate::base::clock::{Timestamp, short_date};
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::alerts::{self, MAX_COUNTED};
use crate::domain::api_keys::{self, ApiKey, Filter};
use crate::domain::attention::{self, Concern, OtherConcern};
use crate::domain::members::Permission;
use crate::domain::reviews::{self, Due};
use crate::domain::settings::Settings;
use crate::domain::usage::{self, InvalidQuestion};
use crate::pages::Viewer;

/// The maximum number of listed keys that no longer work but are still used.
const MAX_INACTIVE: i64 = 50;

/// The data for the page.
pub(super) struct AttentionData {
    inactive: Vec<(ApiKey, Vec<Concern>)>,
    concerns: Vec<Vec<Concern>>,
    /// The number of open alerts.
    alerts: i64,
    review: Option<Due>,
    other_concerns: Vec<OtherConcern>,
    /// What gateways asked that was not understood.
    invalid_questions: Vec<InvalidQuestion>,
}

impl AttentionData {
    /// The reasons why the keys of `page` need attention; the first page without filters also
    /// includes keys that no longer work.
    pub(super) fn read(
        connection: &mut Connection,
        filter: &Filter,
        page: &Page<ApiKey>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self> {
        let is_first = page.position == 0 && !filter.is_narrowed();
        let inactive = if is_first {
            api_keys::inactive_but_flagged(connection, now, MAX_INACTIVE)?
        } else {
            Vec::new()
        };
        let why = attention::concerns(connection, &inactive, settings, now)?;
        let inactive = inactive.into_iter().zip(why).filter(|(_, why)| !why.is_empty()).collect();
        let concerns = attention::concerns(connection, &page.rows, settings, now)?;
        let review = if is_first { reviews::due(connection, now)? } else { None };
        let other_concerns =
            if is_first { attention::other_concerns(connection)? } else { Vec::new() };
        Ok(Self {
            inactive,
            concerns,
            alerts: alerts::count_open(connection)?,
            review,
            other_concerns,
            invalid_questions: if is_first {
                usage::invalid_questions(connection, now)?
            } else {
                Vec::new()
            },
        })
    }
}

/// The list of keys that need attention.
pub(super) struct AttentionList {
    /// Keys that no longer work but are still used.
    pub inactive: Vec<ConcernedKey>,
    pub live: Vec<ConcernedKey>,
    pub may_keep: bool,
    pub may_revoke: bool,
    /// `No open alerts`, `2 open alerts`.
    pub alerts: String,
    /// A due or open review: what it is, since when, and where to continue.
    pub review: Option<Task>,
    /// A mistake in the questions of a gateway.
    pub question: Option<Task>,
    /// Items other than keys that contain a secret key.
    pub other_concerns: Vec<Task>,
}

/// A key with its tasks.
pub(super) struct ConcernedKey {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub tasks: Vec<Task>,
    pub may_keep: bool,
}

/// Why, since when, and what to do.
pub(super) struct Task {
    pub icon: &'static str,
    pub class: &'static str,
    pub why: String,
    pub detail: String,
    pub since: String,
    pub since_at: String,
    pub action: Option<Action>,
    /// The name of the key that the action applies to.
    pub subject: String,
}

/// A link to the solution.
pub(super) struct Action {
    pub label: &'static str,
    pub href: String,
    pub is_danger: bool,
}

impl AttentionList {
    pub(super) fn new(viewer: &Viewer, found: &AttentionData, keys: &[ApiKey]) -> Self {
        let item = |key: &ApiKey, concerns: &[Concern]| ConcernedKey {
            id: key.id.as_str().into(),
            name: key.name.as_str().into(),
            environment: key.environment.label(),
            tasks: tasks(viewer, key, concerns),
            may_keep: viewer.may(Permission::UpdateKeys),
        };
        let live = keys.iter().zip(&found.concerns).filter(|(_, concerns)| !concerns.is_empty());
        Self {
            inactive: found.inactive.iter().map(|(key, concerns)| item(key, concerns)).collect(),
            live: live.map(|(key, concerns)| item(key, concerns)).collect(),
            may_keep: viewer.may(Permission::UpdateKeys),
            may_revoke: viewer.may(Permission::DeleteKeys),
            alerts: match found.alerts {
                0 => "No open alerts".into(),
                1 => "1 open alert".into(),
                MAX_COUNTED.. => format!("{MAX_COUNTED}+ open alerts"),
                count => format!("{count} open alerts"),
            },
            review: found.review.as_ref().map(|due| other_concerns::review(viewer, due)),
            question: other_concerns::question(&found.invalid_questions),
            other_concerns: found
                .other_concerns
                .iter()
                .map(|it| other_concerns::concern(viewer, it))
                .collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inactive.is_empty()
            && self.live.is_empty()
            && self.review.is_none()
            && self.question.is_none()
            && self.other_concerns.is_empty()
    }

    /// Whether keys can be selected for an action.
    pub(super) fn is_selectable(&self) -> bool {
        let has_keys = !self.inactive.is_empty() || !self.live.is_empty();
        has_keys && (self.may_keep || self.may_revoke)
    }
}

/// An action that solves several concerns is shown only at the first of them.
fn tasks(viewer: &Viewer, key: &ApiKey, concerns: &[Concern]) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for concern in concerns {
        let mut task = task(viewer, key, concern);
        let href = |task: &Task| task.action.as_ref().map(|action| action.href.clone());
        if tasks.iter().any(|before| href(before) == href(&task)) {
            task.action = None;
        }
        tasks.push(task);
    }
    tasks
}

fn task(viewer: &Viewer, key: &ApiKey, concern: &Concern) -> Task {
    let (icon, class) = words::icon_and_class(&concern.reason);
    Task {
        icon,
        class,
        why: words::why(&concern.reason),
        detail: words::detail(key, &concern.reason, viewer.now),
        since: short_date(concern.since.date()),
        since_at: concern.since.rfc_3339(),
        action: words::action(viewer, key, &concern.reason),
        subject: key.name.as_str().into(),
    }
}
