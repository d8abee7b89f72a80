//! `/attention`: the keys that need attention, with what to do about each.

mod groups;
mod list;
mod other_concerns;
mod words;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::empty::{self, EmptyState};
use super::filter_bar::FilterBar;
use super::origin::Origin;
use super::query::Filters;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{self, View};
use crate::domain::backups;
use crate::domain::members::permission::ViewKeys;
use crate::domain::roles;
use crate::pages::{Allowed, Viewer};
use crate::web::flash::Notice;
use crate::web::list::{ListQuery, Pager};
use crate::web::{Site, page};
use list::{AttentionData, AttentionList};

#[derive(Template)]
#[template(path = "api_keys/attention/index.html")]
struct Index<'a> {
    viewer: &'a Viewer,
    page: AttentionPage,
}

/// The list for templates, on its own page and behind dialogs.
pub(super) struct AttentionPage {
    pub notice: Option<Notice>,
    /// Whether a backup was restored and nobody has checked the keys since.
    pub is_restored: bool,
    pub bar: FilterBar,
    pub list: AttentionList,
    pub nothing: Option<EmptyState>,
    pub clear_href: String,
    pub pager: Pager,
    /// The page itself, to which dialogs return.
    pub origin: Origin,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    mut query: ListQuery<Filters>,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    query.filters.view = View::Attention;
    let asking = viewer.viewer();
    let mut page = site.db.read(move |c| AttentionPage::load(c, &asking, &query)).await?;
    page.notice = viewer.take_notice();
    page::ok(&Index { viewer: &viewer, page })
}

impl AttentionPage {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        query: &ListQuery<Filters>,
    ) -> Result<Self> {
        let (filters, now) = (&query.filters, viewer.now);
        let roles = roles::all(connection)?;
        let totals = api_keys::totals(connection, now)?;
        let filter = filters.filter(&roles);
        let keys = api_keys::list(connection, &filter, query.cursor.as_ref(), &totals, now)?;
        let data = AttentionData::read(connection, &filter, &keys, &viewer.settings, now)?;
        let origin = Origin::List(query.clone());
        let list = AttentionList::new(viewer, &data, &keys.rows, &origin);
        let is_narrowed = filter.is_narrowed() || query.cursor.is_some();
        Ok(Self {
            notice: None,
            is_restored: backups::open_restore(connection)?.is_some(),
            bar: FilterBar::new(filters, &roles),
            nothing: list.is_empty().then(|| empty::state(filters, is_narrowed)),
            list,
            clear_href: filters.cleared().href(),
            pager: query.pager(filters.path(), &keys),
            origin,
        })
    }
}
