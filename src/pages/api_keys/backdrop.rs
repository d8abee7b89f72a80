//! The page behind a dialog: the one that the dialog was opened from, or nothing for members who
//! may not view keys.

use super::attention::AttentionPage;
use super::member_keys::MemberKeys;
use super::origin::Origin;
use super::restored::RestoredKeys;
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
    Member(Box<MemberKeys>),
    Restored(Box<RestoredKeys>),
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
            Origin::Member(id, list) => {
                let page = found(MemberKeys::load(connection, viewer, id, list))?;
                page.map_or(Self::Nothing, |page| Self::Member(Box::new(page)))
            }
            Origin::Restored(list) => {
                let page = RestoredKeys::load(connection, viewer, list)?;
                Self::Restored(Box::new(RestoredKeys { is_behind: true, ..page }))
            }
            Origin::Key(id, period) => {
                let page = found(KeyPage::load(connection, viewer, id, *period))?;
                page.map_or(Self::Nothing, |page| Self::Key(Box::new(page)))
            }
        })
    }

    /// The page behind a secret. The page of the key itself would show it as it was before.
    pub(super) fn of_secret(
        connection: &mut Connection,
        viewer: &Viewer,
        origin: &Origin,
    ) -> Result<Self> {
        match origin {
            Origin::List(_) | Origin::Member(..) | Origin::Restored(_) => {
                Self::load(connection, viewer, origin)
            }
            Origin::Key(..) => Self::load(connection, viewer, &Origin::table()),
        }
    }
}

/// The page, unless what it is about does not exist.
fn found<T>(page: Result<T>) -> Result<Option<T>> {
    match page {
        Ok(page) => Ok(Some(page)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
