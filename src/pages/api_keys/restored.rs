//! `/attention/restored`: the keys to check after a backup was restored, and an upload that tells which of
//! them were revoked, disabled or rotated since the backup.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::origin::Origin;
use super::words::BadgeView;
use crate::base::error::{Error, Invalid, Result};
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::activity::Event;
use crate::domain::api_keys::{self, ApiKey, Filter, Sort, Status};
use crate::domain::backups::export::{self, Finding, Findings};
use crate::domain::backups::{self, Restore};
use crate::domain::members::Permission;
use crate::domain::members::permission::ViewKeys;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::upload::Upload;
use crate::web::{Site, page};

pub(super) const PATH: &str = "/attention/restored";
/// How many keys can be selected for one action.
const MAX_FOUND: usize = 100;

#[derive(Template)]
#[template(path = "api_keys/restored/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    page: RestoredKeys,
}

/// The list for templates, on its own page and behind dialogs.
pub(super) struct RestoredKeys {
    pub notice: Option<Notice>,
    pub errors: Invalid,
    /// Whether a dialog is in front of it.
    pub is_behind: bool,
    /// The check that is open; `None` if there is nothing to check.
    pub check: Option<Check>,
    /// What an export says: the heading and how many more keys it names than are listed.
    pub found: Option<(String, usize)>,
    pub rows: Vec<Row>,
    pub may_edit: bool,
    pub may_revoke: bool,
    pub pager: Option<Pager>,
    /// The page itself, to which dialogs return.
    pub origin: Origin,
}

pub(super) struct Check {
    pub backup_made: TimeView,
    pub restored: TimeView,
    pub newest_number: i64,
}

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub owner: String,
    /// What happened to the key after the backup.
    pub found: Option<(&'static str, TimeView)>,
    pub last_used: Option<TimeView>,
    pub badge: BadgeView,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let asking = viewer.viewer();
    let mut page = site.db.read(move |c| RestoredKeys::load(c, &asking, &list)).await?;
    page.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, page })
}

/// Reads an export and lists the keys that it names. Nothing is stored, so the token is not spent.
pub(super) async fn compare(
    viewer: Allowed<ViewKeys>,
    upload: Upload,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let Upload { document, file, too_large } = upload;
    let mut errors = Invalid::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let findings = match (site.db.read(backups::open_restore).await?, too_large) {
        (None, _) => Ok(Findings::new()),
        (_, Some((_, message))) => {
            status = StatusCode::PAYLOAD_TOO_LARGE;
            Err(message.to_owned())
        }
        (Some(restore), None) => {
            let bytes = if file.is_empty() { document.into_bytes() } else { file };
            // A large file takes a while, so the work runs off this thread.
            let read = move || export::read(&bytes, &restore);
            web::block(read).await.map_err(Error::internal)?
        }
    };
    let asking = viewer.viewer();
    let findings = errors.collect("upload", findings);
    let page = site.db.read(move |c| match findings {
        Some(findings) => RestoredKeys::found(c, &asking, &findings),
        None => RestoredKeys::load(c, &asking, &ListQuery::default()),
    });
    let page = RestoredKeys { errors, ..page.await? };
    let status = if page.errors.is_empty() { StatusCode::OK } else { status };
    page::page(status, &Index { viewer: &viewer, page })
}

impl RestoredKeys {
    /// Every key that is not revoked, those used last first.
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        list: &ListQuery,
    ) -> Result<Self> {
        let Some(restore) = backups::open_restore(connection)? else {
            return Ok(Self::new(None, Vec::new(), viewer));
        };
        let totals = api_keys::totals(connection, viewer.now)?;
        let filter = Filter { sort: Sort::LastUsed, ..Filter::default() };
        let keys = api_keys::list(connection, &filter, list.cursor.as_ref(), &totals, viewer.now)?;
        let rows = keys.rows.iter().map(|key| Row::new(key, None, viewer)).collect();
        let page = Self::new(Some(&restore), rows, viewer);
        let origin = Origin::Restored(list.clone());
        Ok(Self { pager: Some(list.pager(PATH, &keys)), origin, ..page })
    }

    /// The keys that an export names and that may do again what they must not, those used last first.
    fn found(connection: &mut Connection, viewer: &Viewer, findings: &Findings) -> Result<Self> {
        let restore = backups::open_restore(connection)?;
        let ids: Vec<&str> = findings.keys().map(api_keys::KeyId::as_str).collect();
        let mut keys = Vec::new();
        for ids in ids.chunks(MAX_FOUND) {
            keys.extend(api_keys::by_ids(connection, ids)?);
        }
        keys.retain(|key| match key.status(viewer.now) {
            Status::Revoked => false,
            Status::Disabled => findings.get(&key.id).is_none_or(|f| f.event != Event::KeyDisabled),
            _ => true,
        });
        keys.sort_by_key(|key| (std::cmp::Reverse(key.last_used_at), key.id));
        let heading = match keys.len() {
            0 => "No key that the export names passes any more".into(),
            1 => "1 key to revoke, disable or rotate again".to_owned(),
            n => format!("{} keys to revoke, disable or rotate again", thousands(n as u64)),
        };
        let more = keys.len().saturating_sub(MAX_FOUND);
        let rows = keys.iter().take(MAX_FOUND);
        let rows = rows.map(|key| Row::new(key, findings.get(&key.id), viewer)).collect();
        Ok(Self { found: Some((heading, more)), ..Self::new(restore.as_ref(), rows, viewer) })
    }

    fn new(restore: Option<&Restore>, rows: Vec<Row>, viewer: &Viewer) -> Self {
        let check = |restore: &Restore| Check {
            backup_made: TimeView::ago(restore.backup_made_at, viewer.now),
            restored: TimeView::ago(restore.restored_at, viewer.now),
            newest_number: restore.newest_number,
        };
        Self {
            notice: None,
            errors: Invalid::default(),
            is_behind: false,
            check: restore.map(check),
            found: None,
            rows,
            may_edit: viewer.may(Permission::UpdateKeys),
            may_revoke: viewer.may(Permission::DeleteKeys),
            pager: None,
            origin: Origin::Restored(ListQuery::default()),
        }
    }

    /// Whether keys can be selected for an action.
    pub(super) fn is_selectable(&self) -> bool {
        self.may_edit || self.may_revoke
    }
}

impl Row {
    fn new(key: &ApiKey, finding: Option<&Finding>, viewer: &Viewer) -> Self {
        let now = viewer.now;
        Self {
            id: key.id.as_str().to_owned(),
            name: key.name.as_str().to_owned(),
            environment: key.environment.label(),
            owner: key.owner.as_str().to_owned(),
            found: finding.map(|found| (what(found.event), TimeView::ago(found.at, now))),
            last_used: key.last_used_at.map(|at| TimeView::ago(at, now)),
            badge: BadgeView::new(key, &viewer.settings, now),
        }
    }
}

fn what(event: Event) -> &'static str {
    match event {
        Event::KeyRevoked => "Revoked",
        Event::KeyDisabled => "Disabled",
        Event::SecretStopped => "Old secret stopped",
        Event::KeyLeaked => "Leak reported",
        _ => "Rotated",
    }
}
