//! Which permissions can be granted, and by whom.

use super::*;
use proptest::prelude::*;

fn permission_sets() -> impl Strategy<Value = Permissions> {
    proptest::sample::subsequence(&Permission::ALL[..], 0..=Permission::ALL.len())
        .prop_map(|chosen| chosen.into_iter().collect())
}

fn wanted(super_manager: bool, permissions: Permissions) -> Wanted {
    Wanted {
        super_manager: if super_manager { "yes" } else { "" }.to_owned(),
        permissions: permissions.iter().map(|p| p.as_str().to_owned()).collect(),
    }
}

proptest! {
    #[test]
    fn an_author_can_change_only_permissions_they_hold(
        held in permission_sets(), before in permission_sets(), requested in permission_sets(), is_super in any::<bool>(),
    ) {
        let before = Standing { super_manager: is_super, permissions: if is_super { before } else { Permissions::default() } };
        let is_allowed = requested.without(held).without(before.permissions).is_empty();
        let checked = wanted(true, requested).check(before, held);
        prop_assert_eq!(checked.is_ok(), is_allowed);
        if let Ok(after) = checked {
            let given = after.permissions.without(before.permissions);
            let taken = before.permissions.without(after.permissions);
            prop_assert!(given.without(held).is_empty() && taken.without(held).is_empty());
            prop_assert_eq!(after.permissions.without(before.permissions.without(held)), requested.without(before.permissions.without(held)));
        }
        if let Ok(after) = wanted(false, requested).check(before, held) {
            prop_assert_eq!(after, Standing::default());
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
        let wanted = Wanted { super_manager: super_manager.into(), permissions: vec![name.into()] };
        let errors = wanted.check(Standing::default(), all).expect_err("invalid");
        assert!(errors.has(field), "{super_manager} {name}");
    }
}
