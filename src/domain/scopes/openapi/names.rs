//! Converts a document's name for a scope to Latchkey's notation.

use crate::domain::scopes::{Draft, Scope};

/// Words for operations, to distinguish `read:orders` from `orders:read`.
const OPERATIONS: [&str; 11] = [
    "read", "write", "create", "update", "delete", "list", "view", "edit", "manage", "admin",
    "execute",
];
/// Separators between the resource and the operation in names without a colon.
const SEPARATORS: [char; 5] = ['.', '/', '_', '-', ' '];

/// The scope that `name` means: `orders:read` for `orders:read`, `read:orders` and `orders.read`.
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
        let is_operation_first = is_operation(first) && !is_operation(second);
        return Some(if is_operation_first { (second, first) } else { (first, second) });
    }
    SEPARATORS.iter().find_map(|separator| {
        let operation_first = name.split_once(*separator).filter(|(first, _)| is_operation(first));
        let operation_last = name.rsplit_once(*separator).filter(|(_, last)| is_operation(last));
        operation_first.map(|(operation, resource)| (resource, operation)).or(operation_last)
    })
}

fn is_operation(word: &str) -> bool {
    OPERATIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obvious_names_are_mapped_to_scopes() {
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
    fn other_names_are_rejected_with_a_reason() {
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
