//! Permissions of super managers: a closed set, with a marker type for each permission so that a
//! handler's signature states which one it requires.

use std::fmt;

use crate::base::closed_set::closed_set;
use crate::base::error::Error;
use crate::db::types::text_column;

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal $label:literal,)*) => {
        closed_set! {
            /// A permission of a super manager, by its name in the database, on the command line and
            /// on pages.
            #[strum(parse_err_ty = String, parse_err_fn = unknown)]
            pub enum Permission { $($(#[$doc])* $variant = $word $label,)* }
        }

        $($(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $variant;

        impl Permit for $variant {
            const PERMISSION: Permission = Permission::$variant;
        })*
    };
}

/// A type that represents a permission.
pub trait Permit: 'static {
    const PERMISSION: Permission;
}

permissions! {
    /// View the list of API keys and their pages.
    ViewKeys = "api.key.view" "View API keys",
    CreateKeys = "api.key.create" "Create API keys",
    /// Edit and rotate API keys.
    UpdateKeys = "api.key.update" "Edit and rotate API keys",
    DeleteKeys = "api.key.delete" "Revoke API keys",
    /// Create, edit and delete roles and scopes.
    ManageRoles = "api.role.manage" "Manage roles and scopes",
    /// Invite, change and remove members.
    ManageMembers = "member.manage" "Manage members",
    ViewActivity = "activity.view" "View the activity",
    ManageSettings = "settings.manage" "Change the settings",
}

text_column!(Permission);

impl Permission {
    /// The message for a member without it, for example `You need permission to create API keys.`
    pub fn needed(self) -> String {
        let mut action = self.label().to_owned();
        if let Some(first) = action.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        format!("You need permission to {action}.")
    }

    /// The error for a member without it.
    pub fn missing(self) -> Error {
        Error::PermissionMissing { permission: self.as_str(), message: self.needed() }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn unknown(word: &str) -> String {
    let all = Permissions::all().names().join(", ");
    format!("there is no permission {word:?}; there are {all}")
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// Every permission.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u16) != 0
    }

    /// The permissions that are not in `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The permissions in this set or in `others`.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }

    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(|permission| permission.as_str()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | 1 << permission as u16))
    }
}
