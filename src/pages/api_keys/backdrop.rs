//! The page behind a dialog: the table, the key's page if the dialog was opened there, or nothing
//! for members who may not view keys.

use serde::Deserialize;

use super::query::Filters;
use super::show::KeyPage;
use super::table::Table;
use crate::base::error::Result;
use crate::db::Connection;
use crate::domain::api_keys::{KeyId, View};
use crate::domain::members::Permission;
use crate::domain::usage::Period;
use crate::pages::Viewer;
use crate::web::list::ListQuery;
use crate::web::query;

/// The word for the key's page, in `?behind=` and in the forms.
pub(super) const KEY: &str = "key";

pub(super) enum Backdrop {
    Nothing,
    Table(Box<Table>),
    Key(Box<KeyPage>),
}

impl Backdrop {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        name: &str,
        id: &KeyId,
    ) -> Result<Self> {
        if name == KEY && viewer.may(Permission::ViewKeys) {
            let page = KeyPage::load(connection, viewer, id, Period::default())?;
            return Ok(Self::Key(Box::new(page)));
        }
        Self::table(connection, viewer)
    }

    /// The table with default filters.
    pub(super) fn table(connection: &mut Connection, viewer: &Viewer) -> Result<Self> {
        Self::filtered(connection, viewer, Filters::default())
    }

    /// The keys that need attention.
    pub(super) fn attention(connection: &mut Connection, viewer: &Viewer) -> Result<Self> {
        let filters = Filters { view: View::Attention, ..Filters::default() };
        Self::filtered(connection, viewer, filters)
    }

    fn filtered(connection: &mut Connection, viewer: &Viewer, filters: Filters) -> Result<Self> {
        if !viewer.may(Permission::ViewKeys) {
            return Ok(Self::Nothing);
        }
        let table = Table::load(connection, viewer, &ListQuery::from(filters))?;
        Ok(Self::Table(Box::new(table)))
    }

    /// The backdrop that the URL of a dialog requests.
    pub(super) fn from_query(query: &str) -> String {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Parameters {
            behind: String,
        }
        query::read::<Parameters>(query).behind
    }

    /// Where closing the dialog leads: to the key's row, or to its page.
    pub(super) fn location(name: &str, id: &KeyId) -> String {
        if name == KEY { page_of(id) } else { format!("/api-keys#{}", id.as_str()) }
    }
}

/// The path of a key's page.
pub(super) fn page_of(id: &KeyId) -> String {
    format!("/api-keys/{}", id.as_str())
}
