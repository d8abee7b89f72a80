//! Which permissions can be granted, and by whom.

use super::*;
use proptest::prelude::*;

fn permission_sets() -> impl Strategy<Value = Permissions> {
    proptest::sample::subsequence(&Permission::ALL[..], 0..=Permission::ALL.len())
        .prop_map(|chosen| chosen.into_iter().collect())
}

fn requesting(super_manager: bool, permissions: Permissions) -> RequestedAccess {
    RequestedAccess {
        super_manager: if super_manager { "yes" } else { "" }.to_owned(),
        permissions: permissions.iter().map(|p| p.as_str().to_owned()).collect(),
    }
}

proptest! {
    #[test]
    fn an_author_can_change_only_permissions_they_hold(
        held in permission_sets(), before in permission_sets(), requested in permission_sets(), is_super in any::<bool>(),
    ) {
        let permissions = if is_super { before } else { Permissions::default() };
        let before = Access { super_manager: is_super, permissions };
        let is_allowed = requested.without(held).without(before.permissions).is_empty();
        let checked = requesting(true, requested).check(before, held);
        let has_none = requested.is_empty() && before.permissions.without(held).is_empty();
        prop_assert_eq!(checked.is_ok(), is_allowed && !has_none);
        if let Ok(after) = checked {
            let given = after.permissions.without(before.permissions);
            let taken = before.permissions.without(after.permissions);
            prop_assert!(given.without(held).is_empty() && taken.without(held).is_empty());
            prop_assert_eq!(after.permissions.without(before.permissions.without(held)), requested.without(before.permissions.without(held)));
        }
        if let Ok(after) = requesting(false, requested).check(before, held) {
            prop_assert_eq!(after, Access::default());
        }
    }
}

#[test]
fn unknown_permissions_and_answers_are_rejected() {
    let all = Permissions::all();
    for (super_manager, name, field) in [
        ("yes", "api.key", "permissions"),
        ("yes", "", "permissions"),
        ("true", "api.key.view", "super_manager"),
    ] {
        let requested =
            RequestedAccess { super_manager: super_manager.into(), permissions: vec![name.into()] };
        let errors = requested.check(Access::default(), all).expect_err("invalid");
        assert!(errors.has(field), "{super_manager} {name}");
    }
}
