//! The query of a webhook's page: which of its deliveries.

use url::form_urlencoded;

use crate::domain::webhooks::delivery::Cursor;

/// What the address asks for. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Only those that were given up.
    pub only_failed: bool,
    pub cursor: Option<Cursor>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "show" => parsed.only_failed = value == "failed",
                "after" => parsed.cursor = Cursor::parse(&value, true),
                "before" => parsed.cursor = Cursor::parse(&value, false),
                _ => {}
            }
        }
        parsed
    }

    /// The address of the page at `cursor`, from `?` on; empty for the first of all.
    pub(super) fn href(&self, cursor: Option<Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.only_failed {
            query.append_pair("show", "failed");
        }
        if let Some(cursor) = cursor {
            query.append_pair(if cursor.is_after { "after" } else { "before" }, &cursor.text());
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_address_can_be_read_and_settles(text in ".*|show=failed&after=1~dlv_[0-9a-z]{20}") {
            let query = Query::parse(&text);
            let href = query.href(query.cursor.clone());
            prop_assert_eq!(Query::parse(href.trim_start_matches('?')), query);
        }
    }
}
