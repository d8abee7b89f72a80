//! The fields of the invite and edit forms, as submitted and as shown.

use serde::Deserialize;

use crate::base::closed_set::closed_set;
use crate::domain::members::invitation::Draft;
use crate::domain::members::{Access, Member, Permission, Permissions, RequestedAccess};

closed_set! {
    /// A usual set of permissions, whose button ticks them.
    pub(super) enum Preset {
        View = "view" "View Only",
        Keys = "keys" "Manage Keys",
        Everything = "everything" "Everything",
    }
}

impl Preset {
    fn permissions(self) -> Permissions {
        use Permission::{CreateKeys, DeleteKeys, UpdateKeys, ViewKeys};
        match self {
            Self::View => [ViewKeys].into_iter().collect(),
            Self::Keys => [ViewKeys, CreateKeys, UpdateKeys, DeleteKeys].into_iter().collect(),
            Self::Everything => Permissions::all(),
        }
    }
}

/// The fields of both forms. A missing field is empty; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    pub name: String,
    pub email: String,
    pub super_manager: String,
    permissions: Vec<String>,
    /// The preset whose button was pressed.
    pub preset: String,
}

impl Fields {
    /// The access that an invitation starts with.
    pub(super) fn invitation() -> Self {
        Self { preset: Preset::View.as_str().into(), ..Self::default() }.with_preset()
    }

    /// The fields with the permissions of the preset, if its button was pressed.
    pub(super) fn with_preset(self) -> Self {
        let Some(preset) = Preset::parse(&self.preset) else { return self };
        let permissions = preset.permissions().names().into_iter().map(str::to_owned).collect();
        Self { super_manager: "yes".into(), permissions, preset: String::new(), ..self }
    }

    /// The presets that a viewer who holds `held` can grant, and whether each is ticked now.
    pub(super) fn presets(&self, held: Permissions) -> Vec<(Preset, bool)> {
        let offered =
            Preset::ALL.into_iter().filter(|one| one.permissions().without(held).is_empty());
        let is_ticked = |preset: Preset| {
            let mut ticked: Vec<&str> = self.permissions.iter().map(String::as_str).collect();
            let mut all = preset.permissions().names();
            ticked.sort_unstable();
            all.sort_unstable();
            !self.super_manager.is_empty() && ticked == all
        };
        offered.map(|preset| (preset, is_ticked(preset))).collect()
    }

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
