//! The keys that need attention as a list: why, since when, and what to do.

use super::groups::{Group, groups};
use super::{other_concerns, words};
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::Connection;
use crate::db::keyset::Page;
use crate::domain::api_keys::{self, ApiKey, Filter};
use crate::domain::attention::{self, Concern, OtherConcern};
use crate::domain::members::Permission;
use crate::domain::settings::Settings;
use crate::domain::usage::{self, InvalidQuestion};
use crate::pages::Viewer;
use crate::pages::api_keys::origin::Origin;
use crate::web::time_view::TimeView;

/// The maximum number of listed keys that no longer work but are still used.
const MAX_INACTIVE: i64 = 50;

/// The data for the page.
pub(super) struct AttentionData {
    inactive: Vec<(ApiKey, Vec<Concern>)>,
    concerns: Vec<Vec<Concern>>,
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
        let other_concerns =
            if is_first { attention::other_concerns(connection)? } else { Vec::new() };
        Ok(Self {
            inactive,
            concerns,
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
pub(in crate::pages::api_keys) struct AttentionList {
    pub groups: Vec<Group>,
    pub may_edit: bool,
    pub may_revoke: bool,
    /// A mistake in the questions of a gateway.
    pub question: Option<Task>,
    /// Items other than keys that contain a secret key.
    pub other_concerns: Vec<Task>,
}

/// A key with its tasks.
pub(in crate::pages::api_keys) struct ConcernedKey {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub tasks: Vec<Task>,
}

/// Why, since when, and what to do.
pub(in crate::pages::api_keys) struct Task {
    pub icon: &'static str,
    pub class: &'static str,
    pub why: String,
    pub detail: String,
    pub since: Option<TimeView>,
    pub action: Option<Action>,
    /// The name of the key that the action applies to.
    pub subject: String,
}

/// A link to the solution.
pub(in crate::pages::api_keys) struct Action {
    pub label: &'static str,
    pub href: String,
    pub is_danger: bool,
}

impl AttentionList {
    pub(super) fn new(
        viewer: &Viewer,
        found: &AttentionData,
        keys: &[ApiKey],
        origin: &Origin,
    ) -> Self {
        let inactive = found.inactive.iter().map(|(key, concerns)| (key, concerns));
        let concerned = inactive.chain(keys.iter().zip(&found.concerns));
        let with_reason = concerned.filter_map(|(key, concerns)| {
            let tasks = tasks(viewer, key, concerns, origin);
            Some((&concerns.first()?.reason, ConcernedKey::new(key, tasks)))
        });
        Self {
            groups: groups(with_reason),
            may_edit: viewer.may(Permission::UpdateKeys),
            may_revoke: viewer.may(Permission::DeleteKeys),
            question: other_concerns::question(&found.invalid_questions),
            other_concerns: found
                .other_concerns
                .iter()
                .map(|it| other_concerns::concern(viewer, it))
                .collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.question.is_none() && self.other_concerns.is_empty()
    }

    /// Whether keys can be selected for an action.
    pub(in crate::pages::api_keys) fn is_selectable(&self) -> bool {
        !self.groups.is_empty() && (self.may_edit || self.may_revoke)
    }
}

impl ConcernedKey {
    fn new(key: &ApiKey, tasks: Vec<Task>) -> Self {
        Self {
            id: key.id.as_str().into(),
            name: key.name.as_str().into(),
            environment: key.environment.label(),
            tasks,
        }
    }
}

/// An action that solves several concerns is shown only at the first of them.
fn tasks(viewer: &Viewer, key: &ApiKey, concerns: &[Concern], origin: &Origin) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for concern in concerns {
        let mut task = task(viewer, key, concern, origin);
        let href = |task: &Task| task.action.as_ref().map(|action| action.href.clone());
        if tasks.iter().any(|before| href(before) == href(&task)) {
            task.action = None;
        }
        tasks.push(task);
    }
    tasks
}

fn task(viewer: &Viewer, key: &ApiKey, concern: &Concern, origin: &Origin) -> Task {
    let (icon, class) = words::icon_and_class(&concern.reason);
    Task {
        icon,
        class,
        why: words::why(&concern.reason),
        detail: words::detail(key, &concern.reason, viewer.now),
        since: Some(TimeView::date(concern.since)),
        action: words::action(viewer, key, &concern.reason, origin),
        subject: key.name.as_str().into(),
    }
}
