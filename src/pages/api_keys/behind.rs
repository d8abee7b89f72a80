//! What lies behind a dialog: the table, the key's page when it was opened there, or nothing for
//! who may not view keys.

use serde::Deserialize;

use super::query::Filters;
use super::show::KeyPage;
use super::table::Table;
use crate::base::error::Result;
use crate::db::Db;
use crate::domain::api_keys::{KeyId, View};
use crate::domain::members::Permission;
use crate::domain::usage::Period;
use crate::pages::Viewer;
use crate::web::list::ListQuery;

/// The word, in `?behind=` and in the forms, for the key's page.
const KEY: &str = "key";

/// What the address of a dialog asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub behind: String,
}

pub(super) enum Behind {
    Nothing,
    Table(Box<Table>),
    Key(Box<KeyPage>),
}

impl Behind {
    pub(super) async fn load(db: &Db, viewer: &Viewer, asked: &str, id: &KeyId) -> Result<Self> {
        if asked == KEY && viewer.may(Permission::ViewKeys) {
            let page = KeyPage::load(db, viewer, id, Period::default()).await?;
            return Ok(Self::Key(Box::new(page)));
        }
        Self::table(db, viewer).await
    }

    /// The table as it is first seen.
    pub(super) async fn table(db: &Db, viewer: &Viewer) -> Result<Self> {
        if !viewer.may(Permission::ViewKeys) {
            return Ok(Self::Nothing);
        }
        Ok(Self::Table(Box::new(Table::load(db, viewer, ListQuery::default()).await?)))
    }

    /// The keys that need attention.
    pub(super) async fn attention(db: &Db, viewer: &Viewer) -> Result<Self> {
        if !viewer.may(Permission::ViewKeys) {
            return Ok(Self::Nothing);
        }
        let filters = Filters { view: View::Attention, ..Filters::default() };
        Ok(Self::Table(Box::new(Table::load(db, viewer, filters.into()).await?)))
    }

    /// Where closing the dialog leads: to the key's row, or to its page.
    pub(super) fn location(asked: &str, id: &KeyId) -> String {
        let id = id.as_str();
        if asked == KEY { format!("/api-keys/{id}") } else { format!("/api-keys#{id}") }
    }
}
