//! The page behind a dialog: the one that the dialog was opened from, or nothing for members who
//! may not view keys.

use super::attention::AttentionPage;
use super::origin::Origin;
use super::show::KeyPage;
use super::table::Table;
use crate::base::error::{Error, Result};
use crate::db::Connection;
use crate::domain::api_keys::View;
use crate::domain::members::Permission;
use crate::pages::Viewer;

pub(super) enum Backdrop {
    Nothing,
    Table(Box<Table>),
    Attention(Box<AttentionPage>),
    Key(Box<KeyPage>),
}

impl Backdrop {
    pub(super) fn load(
        connection: &mut Connection,
        viewer: &Viewer,
        origin: &Origin,
    ) -> Result<Self> {
        if !viewer.may(Permission::ViewKeys) {
            return Ok(Self::Nothing);
        }
        Ok(match origin {
            Origin::List(list) if list.filters.view == View::Attention => {
                Self::Attention(Box::new(AttentionPage::load(connection, viewer, list)?))
            }
            Origin::List(list) => {
                let table = Table::load(connection, viewer, list)?;
                Self::Table(Box::new(Table { is_behind: true, ..table }))
            }
            Origin::Key(id, period) => match KeyPage::load(connection, viewer, id, *period) {
                Ok(page) => Self::Key(Box::new(page)),
                Err(Error::NotFound) => Self::Nothing,
                Err(error) => return Err(error),
            },
        })
    }

    /// The page behind a secret. The page of the key itself would show it as it was before.
    pub(super) fn of_secret(
        connection: &mut Connection,
        viewer: &Viewer,
        origin: &Origin,
    ) -> Result<Self> {
        match origin {
            Origin::List(_) => Self::load(connection, viewer, origin),
            Origin::Key(..) => Self::load(connection, viewer, &Origin::table()),
        }
    }
}
