//! Scopes and the resources that they belong to.

use super::Scope;
use crate::base::text;

/// The maximum length of a resource or operation name, in characters.
pub(super) const MAX_LENGTH: usize = 40;
/// The maximum length of a description, in characters.
pub(super) const MAX_DESCRIPTION_LENGTH: usize = 200;
/// The maximum number of resources in set-up.
const MAX_RESOURCES: usize = 100;

impl Scope {
    pub(super) fn introspect() -> Self {
        Self {
            name: super::INTROSPECT.into(),
            resource: "latchkey".into(),
            operation: "introspect".into(),
            description: "ask Latchkey about other keys".into(),
            built_in: true,
            version: 1,
        }
    }
}

/// Whether `text` has the form of a scope, such as `orders:read`. The scope need not exist.
pub fn is_scope(text: &str) -> bool {
    let is_word = |word: &str| {
        (1..=MAX_LENGTH).contains(&word.len())
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    text.split_once(':')
        .is_some_and(|(resource, operation)| is_word(resource) && is_word(operation))
}

/// A lower-case letter, then letters, digits, `-`, `_` or `.`.
fn is_word(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_lowercase())
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

/// Checks the name of an operation, such as `read`.
pub(super) fn operation(text: &str) -> Result<String, String> {
    let name = text::without_secret(text)?.trim().to_lowercase();
    let shown = text::visible(&name, MAX_LENGTH);
    match name.len() {
        0 => Err("Enter an operation".into()),
        _ if !is_word(&name) => Err(format!(
            "“{shown}” is not an operation. Use letters, digits and hyphens, as in read"
        )),
        1..=MAX_LENGTH => Ok(name),
        _ => Err(format!("“{shown}” is too long. Use {MAX_LENGTH} characters or fewer")),
    }
}

/// The name of a resource: a lower-case letter, then letters, digits, `-`, `_` or `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    name: String,
    description: String,
}

impl Resource {
    /// A resource with a one-line description.
    pub fn new(name: &str, description: &str) -> Result<Self, String> {
        let typed = text::without_secret(name)?.trim();
        let shown = text::visible(typed, MAX_LENGTH);
        let name = typed.to_lowercase();
        if !is_word(&name) {
            return Err(format!(
                "“{shown}” is not a resource name. Use letters, digits and hyphens, as in sales-orders"
            ));
        }
        if name.len() > MAX_LENGTH {
            return Err(format!("“{shown}” is too long. Use {MAX_LENGTH} characters or fewer"));
        }
        if name == "latchkey" {
            return Err("“latchkey” is Latchkey’s own. Choose another name".into());
        }
        Ok(Self { name, description: description.to_owned() })
    }

    /// Reads one resource per line; skips empty lines and duplicates.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, String> {
        let text = text::without_bom(text::without_secret(text)?);
        let mut resources: Vec<Self> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let resource =
                Self::new(line, "").map_err(|message| format!("Line {}: {message}", index + 1))?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        if resources.len() > MAX_RESOURCES {
            let most = text::thousands(MAX_RESOURCES as u64);
            return Err(format!("Enter {most} resources or fewer"));
        }
        Ok(resources)
    }

    /// The scope for `operation` on this resource.
    pub fn scope(&self, operation: &str) -> Scope {
        Scope {
            name: format!("{}:{operation}", self.name),
            resource: self.name.clone(),
            operation: operation.to_owned(),
            description: self.description.clone(),
            built_in: false,
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_one_per_line_without_duplicates() {
        let resources =
            Resource::parse_lines("\u{feff}Orders\r\n\n invoices \norders").expect("valid");
        let names: Vec<_> = resources.iter().map(|resource| resource.scope("read").name).collect();
        assert_eq!(names, ["orders:read", "invoices:read"]);
    }

    #[test]
    fn scopes_are_distinguished_from_other_text() {
        for scope in ["orders:read", "sales-orders.v2:write_all", "latchkey:introspect"] {
            assert!(is_scope(scope), "{scope}");
        }
        for other in ["", ":", "orders", "orders:", ":read", "Orders:read", "a:b:c", "a b:c"] {
            assert!(!is_scope(other), "{other}");
        }
    }

    #[test]
    fn invalid_resources_are_rejected_with_their_line_number() {
        for line in
            ["sales orders", "orders:read", "1st", "<b>", "a\u{202e}b", "latchkey", &"a".repeat(41)]
        {
            let error = Resource::parse_lines(&format!("orders\n{line}")).expect_err(line);
            assert!(error.starts_with("Line 2: "), "{error}");
        }
        let error = Resource::parse_lines("Orders API").expect_err("two words");
        assert!(error.contains("“Orders API”"), "as it was typed: {error}");
        assert_eq!(Resource::parse_lines(" \n"), Ok(Vec::new()));
    }
}
