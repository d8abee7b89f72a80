//! What may be given, and by whom.

use super::*;
use proptest::prelude::*;

fn some() -> impl Strategy<Value = Permissions> {
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
    fn nobody_gives_or_takes_what_they_do_not_hold(
        held in some(), before in some(), asked in some(), is_super in any::<bool>(),
    ) {
        let before = Standing { super_manager: is_super, permissions: if is_super { before } else { Permissions::default() } };
        let may = asked.without(held).without(before.permissions).is_empty();
        let checked = wanted(true, asked).check(before, held);
        prop_assert_eq!(checked.is_ok(), may);
        if let Ok(after) = checked {
            let given = after.permissions.without(before.permissions);
            let taken = before.permissions.without(after.permissions);
            prop_assert!(given.without(held).is_empty() && taken.without(held).is_empty());
            prop_assert_eq!(after.permissions.without(before.permissions.without(held)), asked.without(before.permissions.without(held)));
        }
        if let Ok(after) = wanted(false, asked).check(before, held) {
            prop_assert_eq!(after, Standing::default());
        }
    }
}

#[test]
fn what_is_no_permission_or_no_answer_is_refused() {
    let all = Permissions::all();
    for (super_manager, name, field) in [
        ("yes", "api.key", "permissions"),
        ("yes", "", "permissions"),
        ("true", "api.key.view", "super_manager"),
    ] {
        let wanted = Wanted { super_manager: super_manager.into(), permissions: vec![name.into()] };
        let errors = wanted.check(Standing::default(), all).expect_err("refused");
        assert!(errors.has(field), "{super_manager} {name}");
    }
}
