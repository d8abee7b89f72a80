//! The fields of the invite and edit forms, as submitted and as shown.

use serde::Deserialize;

use crate::domain::members::invitation::Draft;
use crate::domain::members::{Access, Member, Permission, Permissions, RequestedAccess};

/// The fields of both forms. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub name: String,
    pub email: String,
    pub super_manager: String,
    permissions: Vec<String>,
}

impl Fields {
    pub(super) fn of(member: &Member) -> Self {
        let access = Access::of(member);
        Self {
            super_manager: if access.super_manager { "yes" } else { "" }.into(),
            permissions: access.permissions.iter().map(|p| p.as_str().to_owned()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn requested(&self) -> RequestedAccess {
        RequestedAccess {
            super_manager: self.super_manager.clone(),
            permissions: self.permissions.clone(),
        }
    }

    /// The permission checkboxes for a viewer who holds `held`, about a member who has `has`.
    pub(super) fn boxes(&self, has: Permissions, held: Permissions) -> Vec<PermissionBox> {
        let typed = |permission: Permission| {
            self.permissions.iter().any(|name| name == permission.as_str())
        };
        let boxes = Permission::ALL.into_iter().map(|permission| {
            let is_held = held.contains(permission);
            PermissionBox {
                name: permission.as_str(),
                label: permission.label(),
                is_ticked: if is_held { typed(permission) } else { has.contains(permission) },
                is_held,
            }
        });
        boxes.collect()
    }

    pub(super) fn draft(&self) -> Draft {
        Draft { name: self.name.clone(), email: self.email.clone(), requested: self.requested() }
    }
}

/// A permission checkbox.
pub(super) struct PermissionBox {
    pub name: &'static str,
    pub label: &'static str,
    pub is_ticked: bool,
    /// Whether the viewer has it, and so may grant and remove it.
    pub is_held: bool,
}
