//! `/members/{member_id}/keys`: the keys that a member created or saw, to check them after the
//! member was contained or has left.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::origin::Origin;
use super::words::BadgeView;
use crate::base::error::{Error, Result};
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::containment::{self, MAX_READ, SeenKey};
use crate::domain::members::permission::ViewKeys;
use crate::domain::members::{self, MemberId, Permission};
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::time_view::TimeView;
use crate::web::{Site, page};

#[derive(Template)]
#[template(path = "api_keys/member_keys/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    page: MemberKeys,
}

/// The list for templates, on its own page and behind dialogs.
pub(super) struct MemberKeys {
    pub notice: Option<Notice>,
    /// The member's name.
    pub name: String,
    pub rows: Vec<Row>,
    pub may_edit: bool,
    pub may_revoke: bool,
    /// How many keys are read, if there may be more.
    pub most: Option<String>,
    pub pager: Pager,
    /// The page itself, to which dialogs return.
    pub origin: Origin,
}

pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub environment: &'static str,
    pub owner: String,
    /// How the member came to see a secret of the key, and when.
    pub why: Vec<(&'static str, TimeView)>,
    /// Whether every secret that the member saw has stopped working.
    pub is_replaced: bool,
    pub last_used: Option<TimeView>,
    pub badge: BadgeView,
}

/// The path of the page for a member.
pub(super) fn path_of(id: &MemberId) -> String {
    format!("/members/{}/keys", id.as_str())
}

/// The member whose page is at `path`.
pub(super) fn member_at(path: &str) -> Option<MemberId> {
    MemberId::parse(path.strip_prefix("/members/")?.strip_suffix("/keys")?)
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    member_id: web::Path<String>,
    list: ListQuery,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let id = MemberId::parse(&member_id).ok_or(Error::NotFound)?;
    let asking = viewer.viewer();
    let mut page = site.db.read(move |c| MemberKeys::load(c, &asking, &id, &list)).await?;
    page.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, page })
}

impl MemberKeys {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        id: &MemberId,
        list: &ListQuery,
    ) -> Result<Self> {
        let member = members::find(connection, id)?.ok_or(Error::NotFound)?;
        let keys = containment::seen_keys(connection, id, list.cursor.as_ref(), viewer.now)?;
        let is_cut = keys.total.is_some_and(|total| total >= MAX_READ);
        Ok(Self {
            notice: None,
            name: member.name.as_str().to_owned(),
            rows: keys.rows.iter().map(|seen| Row::new(seen, viewer)).collect(),
            may_edit: viewer.may(Permission::UpdateKeys),
            may_revoke: viewer.may(Permission::DeleteKeys),
            most: is_cut.then(|| thousands(MAX_READ.unsigned_abs())),
            pager: list.pager(&path_of(id), &keys),
            origin: Origin::Member(id.clone(), list.clone()),
        })
    }

    /// Whether keys can be selected for an action.
    pub(super) fn is_selectable(&self) -> bool {
        self.may_edit || self.may_revoke
    }
}

impl Row {
    fn new(SeenKey { key, seen, is_replaced }: &SeenKey, viewer: &Viewer) -> Self {
        let now = viewer.now;
        let why = [("Created", seen.created_at), ("Rotated", seen.rotated_at)].into_iter();
        Self {
            id: key.id.as_str().to_owned(),
            name: key.name.as_str().to_owned(),
            environment: key.environment.label(),
            owner: key.owner.as_str().to_owned(),
            why: why.filter_map(|(why, at)| Some((why, TimeView::ago(at?, now)))).collect(),
            is_replaced: *is_replaced,
            last_used: key.last_used_at.map(|at| TimeView::ago(at, now)),
            badge: BadgeView::new(key, &viewer.settings, now),
        }
    }
}
