//! What a document calls a scope, as Latchkey writes it.

use crate::domain::scopes::{Draft, Scope};

/// Words for what may be done, so that `read:orders` is told from `orders:read`.
const OPERATIONS: [&str; 11] = [
    "read", "write", "create", "update", "delete", "list", "view", "edit", "manage", "admin",
    "execute",
];
/// What stands between the resource and the operation where no colon does.
const SEPARATORS: [char; 5] = ['.', '/', '_', '-', ' '];

/// The scope that `name` stands for: `orders:read` for `orders:read`, `read:orders` and `orders.read`.
pub(super) fn scope(name: &str) -> Result<Scope, String> {
    let lower = name.trim().to_lowercase();
    let (resource, operation) =
        parts(&lower).ok_or("It does not say what may be done with what, as orders:read does")?;
    if resource == "latchkey" {
        return Err("“latchkey” is Latchkey’s own".into());
    }
    let draft =
        Draft { resource: resource.into(), operation: operation.into(), ..Draft::default() };
    draft.check().map_err(|_| "It is not of the form resource:operation, as orders:read is".into())
}

fn parts(name: &str) -> Option<(&str, &str)> {
    if let Some((first, second)) = name.split_once(':') {
        let is_turned = is_operation(first) && !is_operation(second);
        return Some(if is_turned { (second, first) } else { (first, second) });
    }
    SEPARATORS.iter().find_map(|separator| {
        let turned = name.split_once(*separator).filter(|(first, _)| is_operation(first));
        let plain = name.rsplit_once(*separator).filter(|(_, last)| is_operation(last));
        turned.map(|(operation, resource)| (resource, operation)).or(plain)
    })
}

fn is_operation(word: &str) -> bool {
    OPERATIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_mapped_where_it_is_obvious() {
        for (name, expected) in [
            ("orders:read", "orders:read"),
            ("read:orders", "orders:read"),
            ("write:pets", "pets:write"),
            ("orders.read", "orders:read"),
            ("orders/read", "orders:read"),
            ("read_orders", "orders:read"),
            ("sales-orders.write", "sales-orders:write"),
            ("write sales-orders", "sales-orders:write"),
            ("Orders:Read", "orders:read"),
            ("admin:read", "admin:read"),
            ("invoices:approve", "invoices:approve"),
        ] {
            assert_eq!(scope(name).expect(name).name, expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_obvious_is_refused_with_a_reason() {
        let hostile =
            ["<b>:read", "a\u{202e}:read", "a\0:read", "orders:<b>", ":", "a:b:c", "1:read"];
        let long = format!("{}:read", "x".repeat(41));
        let other = ["", "openid", "repo", "https://example.com/auth/calendar.readonly", &long];
        for name in hostile.iter().chain(&other) {
            assert!(scope(name).expect_err(name).starts_with("It "), "{name}");
        }
        assert_eq!(scope("latchkey:introspect"), Err("“latchkey” is Latchkey’s own".into()));
    }
}
