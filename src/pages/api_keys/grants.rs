//! What each role grants, for the forms that choose one.

use std::collections::BTreeSet;

use crate::base::error::Result;
use crate::base::text::thousands;
use crate::db::Connection;
use crate::domain::api_keys::{count_text, holders};
use crate::domain::members::Permission;
use crate::domain::roles::Role;
use crate::domain::scopes::{Matrix, Scope};
use crate::pages::Viewer;

/// How many scopes of one role are listed.
const LISTED: usize = 40;
/// How many scopes are listed for all roles, so that many large roles do not make the page large.
const LISTED_IN_ALL: usize = 400;
/// How many kinds of access a summary names.
const NAMED: usize = 3;

/// A role and what a key with it may do.
pub(super) struct Grant {
    pub slug: String,
    pub name: String,
    /// For example `11 scopes: read on 6 resources, write on 5. 13 keys have this role.`.
    pub summary: String,
    /// The names of the first scopes.
    pub listed: String,
    /// How many scopes are not listed.
    pub more: usize,
    /// How many scopes it has.
    pub count: usize,
    /// Its scopes, in the order of the matrix.
    pub mask: String,
}

/// What each of `roles` grants. Only members who may see keys learn how many keys have a role.
pub(super) fn load(
    connection: &mut Connection,
    (roles, scopes): (&[Role], &[Scope]),
    matrix: &Matrix,
    viewer: &Viewer,
) -> Result<Vec<Grant>> {
    let may_count = viewer.may(Permission::ViewKeys);
    let keys = may_count.then(|| holders::of_roles(connection, roles)).transpose()?;
    let mut room = LISTED_IN_ALL;
    let grants = roles.iter().map(|role| {
        let included: Vec<&Scope> =
            scopes.iter().filter(|scope| role.scopes.contains(&scope.name)).collect();
        let shown = included.len().min(LISTED).min(room);
        room -= shown;
        let names: Vec<&str> = included[..shown].iter().map(|scope| scope.name.as_str()).collect();
        let live = keys.as_ref().map(|keys| keys.get(&role.id).map_or(0, |keys| keys.live));
        Grant {
            slug: role.slug.clone(),
            name: role.name.clone(),
            summary: summary(&included, live),
            listed: names.join(", "),
            more: included.len() - shown,
            count: included.len(),
            mask: matrix.mask(&role.scopes),
        }
    });
    Ok(grants.collect())
}

fn summary(included: &[&Scope], keys: Option<i64>) -> String {
    let access = match included.len() {
        0 => "No scopes.".into(),
        1 => format!("1 scope: {}.", kinds(included)),
        count => format!("{} scopes: {}.", thousands(count as u64), kinds(included)),
    };
    match keys {
        None => access,
        Some(0) => format!("{access} No key has this role."),
        Some(1) => format!("{access} 1 key has this role."),
        Some(count) => format!("{access} {} keys have this role.", count_text(count)),
    }
}

/// `read and write on 6 resources`, `read on 6 resources, write on 5`.
fn kinds(included: &[&Scope]) -> String {
    let mut kinds: Vec<(Vec<&str>, BTreeSet<&str>)> = Vec::new();
    for scope in included {
        let known = kinds.iter_mut().find(|(operations, _)| operations[0] == scope.operation);
        match known {
            Some((_, resources)) => {
                resources.insert(&scope.resource);
            }
            None => kinds.push((vec![scope.operation.as_str()], [scope.resource.as_str()].into())),
        }
    }
    kinds.dedup_by(|(operations, resources), (before, same)| {
        let is_same = resources == same;
        if is_same {
            before.append(operations);
        }
        is_same
    });
    let others = kinds.len().saturating_sub(NAMED);
    let mut texts: Vec<String> = kinds
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(index, (operations, resources))| {
            let noun = match (index, resources.len()) {
                (0, 1) => " resource",
                (0, _) => " resources",
                _ => "",
            };
            let count = thousands(resources.len() as u64);
            format!("{} on {count}{noun}", operations.join(" and "))
        })
        .collect();
    if others > 0 {
        texts.push(format!("{others} more"));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scopes::Resource;

    fn scopes(names: &[(&str, &str)]) -> Vec<Scope> {
        let scope = |(resource, operation): &(&str, &str)| {
            Resource::new(resource, "").expect("a resource").scope(operation)
        };
        names.iter().map(scope).collect()
    }

    #[test]
    fn a_summary_counts_scopes_resources_and_keys() {
        let of = |names: &[(&str, &str)], keys| {
            let scopes = scopes(names);
            summary(&scopes.iter().collect::<Vec<_>>(), keys)
        };
        assert_eq!(of(&[], None), "No scopes.");
        assert_eq!(
            of(&[("orders", "read")], Some(1)),
            "1 scope: read on 1 resource. 1 key has this role."
        );
        let both = [("a", "read"), ("a", "write"), ("b", "read"), ("b", "write")];
        assert_eq!(
            of(&both, Some(13)),
            "4 scopes: read and write on 2 resources. 13 keys have this role."
        );
        assert_eq!(
            of(&both[..3], Some(0)),
            "3 scopes: read on 2 resources, write on 1. No key has this role."
        );
        let many = [("a", "read"), ("b", "write"), ("c", "delete"), ("d", "list"), ("e", "sign")];
        assert_eq!(
            of(&many, None),
            "5 scopes: read on 1 resource, write on 1, delete on 1, 2 more."
        );
    }
}
