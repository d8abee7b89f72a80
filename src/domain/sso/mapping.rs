//! From groups at the provider to access here.
//!
//! Pure. A mapping is authoritative exactly when one is configured and the provider says which
//! groups somebody is in: a member of no group then has no access. Without the claim nothing
//! changes.

use super::claims::Groups;
use crate::db::types::id;
use crate::domain::members::{Access, Permissions};

id! {
    /// Identifies a mapping: `map_` and 16 letters or digits.
    MappingId, "map_", BASE62, 16
}

/// The access that the members of a group get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub id: MappingId,
    /// The group's name, exactly as the provider sends it.
    pub group: String,
    pub access: Access,
}

/// The access that follows from somebody's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedAccess {
    pub access: Access,
    /// The groups that give it, in the order of the mappings; empty if there is none.
    pub groups: Vec<String>,
}

/// What the groups decide; `None` if they decide nothing.
pub fn access_of(mappings: &[Mapping], groups: &Groups) -> Option<MappedAccess> {
    let Groups::Listed(groups) = groups else { return None };
    if mappings.is_empty() {
        return None;
    }
    let matching: Vec<&Mapping> =
        mappings.iter().filter(|mapping| groups.contains(&mapping.group)).collect();
    let super_manager = matching.iter().any(|mapping| mapping.access.super_manager);
    let permissions = matching
        .iter()
        .map(|mapping| mapping.access.held())
        .fold(Permissions::default(), Permissions::and);
    Some(MappedAccess {
        access: Access { super_manager, permissions },
        groups: matching.iter().map(|mapping| mapping.group.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::members::Permission;
    use proptest::prelude::*;

    fn mapping(group: &str, permissions: &[Permission]) -> Mapping {
        let access = Access {
            super_manager: !permissions.is_empty(),
            permissions: permissions.iter().copied().collect(),
        };
        Mapping { id: MappingId::random().expect("random"), group: group.into(), access }
    }

    fn listed(groups: &[&str]) -> Groups {
        Groups::Listed(groups.iter().map(|group| (*group).to_owned()).collect())
    }

    #[test]
    fn groups_decide_only_if_a_mapping_is_configured_and_the_claim_is_there() {
        let mappings = [mapping("keys", &[Permission::ViewKeys])];
        assert_eq!(access_of(&[], &listed(&["keys"])), None);
        assert_eq!(access_of(&mappings, &Groups::Missing), None);
        assert_eq!(access_of(&mappings, &Groups::TooMany), None);
        let nothing = access_of(&mappings, &listed(&[])).expect("authoritative");
        assert_eq!((nothing.access, nothing.groups.len()), (Access::default(), 0));
    }

    #[test]
    fn the_access_of_all_groups_adds_up_and_names_are_compared_exactly() {
        let mappings = [
            mapping("staff", &[]),
            mapping("view", &[Permission::ViewKeys]),
            mapping("create", &[Permission::CreateKeys]),
        ];
        let mapped = access_of(&mappings, &listed(&["create", "View", "view", "staff", "other"]));
        let mapped = mapped.expect("authoritative");
        assert!(mapped.access.super_manager);
        assert_eq!(mapped.access.permissions.names(), ["api.key.view", "api.key.create"]);
        assert_eq!(mapped.groups, ["staff", "view", "create"]);
        let mapped = access_of(&mappings, &listed(&["staff", "VIEW"])).expect("authoritative");
        assert_eq!(mapped.access, Access::default());
    }

    proptest! {
        #[test]
        fn nobody_gets_what_no_mapping_of_their_groups_gives(
            rows in prop::collection::vec(("[a-d]", 0_u16..256), 0..5),
            groups in prop::collection::vec("[a-e]", 0..5),
        ) {
            let set = |bits: u16| -> Vec<Permission> {
                let all = Permission::ALL.into_iter().enumerate();
                all.filter(|(at, _)| bits >> at & 1 == 1).map(|(_, one)| one).collect()
            };
            let mappings: Vec<_> = rows.iter().map(|(group, bits)| mapping(group, &set(*bits))).collect();
            if let Some(mapped) = access_of(&mappings, &Groups::Listed(groups.clone())) {
                for permission in mapped.access.permissions.iter() {
                    let gives = |row: &Mapping| {
                        groups.contains(&row.group) && row.access.permissions.contains(permission)
                    };
                    prop_assert!(mappings.iter().any(gives));
                }
            }
        }
    }
}
