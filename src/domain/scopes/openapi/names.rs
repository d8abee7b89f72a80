//! Converts a document's name for a scope to Latchkey's notation.

use super::words::separated;
use crate::domain::scopes::scope::MAX_LENGTH;
use crate::domain::scopes::{Draft, Scope};

/// Words for operations, to distinguish `read:orders` from `orders:read`.
const OPERATIONS: [&str; 15] = [
    "read", "write", "create", "update", "delete", "list", "view", "edit", "manage", "admin",
    "execute", "modify", "upload", "control", "readonly",
];
/// Separators between the resource and the operation in names without a colon.
const SEPARATORS: [char; 5] = ['.', '/', '_', '-', ' '];
/// Scopes that are about signing in, and not about the organisation's API.
const SIGN_IN: [&str; 2] = ["openid", "offline_access"];
/// Verbs at the start of descriptions.
const READING: [&str; 6] = ["read", "view", "list", "get", "see", "access"];
const CHANGING: [&str; 6] = ["write", "manage", "edit", "modify", "create", "update"];

/// The scope that `name` means: `orders:read` for `orders:read`, `read:orders`, `orders.read` and
/// `https://example.com/auth/orders.readonly`. For a name without an operation, as `orders`, the
/// verb of its description counts.
pub(super) fn scope(name: &str, description: &str) -> Result<Scope, String> {
    let name = name.trim();
    if SIGN_IN.contains(&name) {
        return Err("It is about signing in with OpenID Connect, not about your API".into());
    }
    let name = separated(without_address(name)).to_lowercase().replace("read-only", "readonly");
    let (resource, operation) = parts(&name)
        .or_else(|| Some((name.clone(), described(description)?.to_owned())))
        .ok_or("It does not say what may be done with what, as orders:read does")?;
    if resource == "latchkey" {
        return Err("“latchkey” is Latchkey’s own".into());
    }
    if resource.len() > MAX_LENGTH || operation.len() > MAX_LENGTH {
        return Err(format!("It is longer than {MAX_LENGTH} characters"));
    }
    let operation = if operation == "readonly" { "read".into() } else { operation };
    let draft = Draft { resource, operation, ..Draft::default() };
    draft.check().map_err(|_| "It is not of the form resource:operation, as orders:read is".into())
}

/// The last part of a name that is a web address; other names unchanged.
fn without_address(name: &str) -> &str {
    let Some((_, address)) = name.split_once("://") else { return name };
    let path = address.split_once('/').map_or("", |(_, path)| path);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The resource and the operation.
fn parts(name: &str) -> Option<(String, String)> {
    let owned = |(resource, operation): (&str, &str)| (resource.to_owned(), operation.to_owned());
    if let Some((first, second)) = name.split_once(':') {
        if is_operation(first) && !is_operation(second) {
            // Further parts belong to the resource, as in `read:issue:jira`.
            return Some((second.replace(':', "."), first.to_owned()));
        }
        if let Some((operation, rest)) = second.split_once(':')
            && is_operation(operation)
        {
            // As in `chat:write:bot`.
            return Some((format!("{first}.{rest}"), operation.to_owned()));
        }
        return Some(owned((first, second)));
    }
    let at_an_end = SEPARATORS.iter().find_map(|separator| {
        let operation_first = name.split_once(*separator).filter(|(first, _)| is_operation(first));
        let operation_last = name.rsplit_once(*separator).filter(|(_, last)| is_operation(last));
        operation_first.map(|(operation, resource)| (resource, operation)).or(operation_last)
    });
    at_an_end.map(owned).or_else(|| {
        // In the middle, as in `user-read-email`.
        let words = || name.split(SEPARATORS);
        let operation = words().find(|word| is_operation(word))?;
        let resource: Vec<_> = words().filter(|word| *word != operation).collect();
        Some((resource.join("-"), operation.to_owned()))
    })
}

fn is_operation(word: &str) -> bool {
    OPERATIONS.contains(&word)
}

/// The operation that a description begins with: `read` for “Read your orders”, `write` for “Read
/// and change your orders”.
fn described(description: &str) -> Option<&'static str> {
    let mut words = description.split_whitespace();
    let (first, second) = (words.next()?.to_lowercase(), words.next().unwrap_or_default());
    let verb = first.trim_end_matches([',', '/']);
    let has_more_verbs = verb != first || ["and", "or", "&", "/"].contains(&second);
    if CHANGING.contains(&verb) || (READING.contains(&verb) && has_more_verbs) {
        return Some("write");
    }
    READING.contains(&verb).then_some("read")
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
            ("SalesOrders.Read", "sales-orders:read"),
            ("admin:read", "admin:read"),
            ("invoices:approve", "invoices:approve"),
            ("user-read-private", "user-private:read"),
            ("read:issue-type:jira", "issue-type.jira:read"),
            ("chat:write:bot", "chat.bot:write"),
            ("https://www.googleapis.com/auth/calendar.events.readonly", "calendar.events:read"),
            ("https://example.com/orders.read-only/", "orders:read"),
        ] {
            assert_eq!(scope(name, "").expect(name).name, expected, "{name}");
        }
    }

    #[test]
    fn a_name_without_an_operation_gets_that_of_its_description() {
        for (description, expected) in [
            ("Read your repositories and their pull requests", Ok("repository:read")),
            ("View repositories", Ok("repository:read")),
            ("Read and modify your repositories", Ok("repository:write")),
            ("See, edit, and delete repositories", Ok("repository:write")),
            ("Manage repositories", Ok("repository:write")),
            ("Full control", Err(())),
            ("", Err(())),
        ] {
            let found = scope("repository", description).map(|scope| scope.name);
            assert_eq!(found.as_deref().map_err(|_| ()), expected, "{description}");
        }
    }

    #[test]
    fn other_names_are_rejected_with_a_reason() {
        let hostile =
            ["<b>:read", "a\u{202e}:read", "a\0:read", "orders:<b>", ":", "a:b:c", "1:read"];
        let long = format!("{}:read", "x".repeat(41));
        let other = ["", "openid", "repo", "https://mail.example.com/", &long];
        for name in hostile.iter().chain(&other) {
            assert!(scope(name, "").expect_err(name).starts_with("It "), "{name}");
        }
        assert_eq!(scope(&long, ""), Err("It is longer than 40 characters".into()));
        assert_eq!(scope("latchkey:introspect", ""), Err("“latchkey” is Latchkey’s own".into()));
    }
}
