//! What the address of a review's page asks for.

use url::form_urlencoded;

use crate::domain::reviews::{Cursor, ReviewId, View};

/// Which items, and where the page starts or ends. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub view: View,
    pub cursor: Option<Cursor>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "view" => parsed.view = View::parse(&value),
                "after" => parsed.cursor = Cursor::parse(&value, true),
                "before" => parsed.cursor = Cursor::parse(&value, false),
                _ => {}
            }
        }
        parsed
    }

    /// The same page of the review at `cursor`.
    pub(super) fn at(&self, cursor: Option<Cursor>) -> Self {
        Self { view: self.view, cursor }
    }

    /// What stands behind the question mark.
    pub(super) fn text(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("view", self.view.as_str());
        if let Some(cursor) = &self.cursor {
            query.append_pair(if cursor.is_after { "after" } else { "before" }, &cursor.text());
        }
        query.finish()
    }

    pub(super) fn href(&self, id: &ReviewId) -> String {
        format!("/reviews/{}?{}", id.as_str(), self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "view=rotate&before=key_0123456789AB%7Ebilling+worker";
        assert_eq!(Query::parse(text).text(), text);
        assert_eq!(Query::parse("view=nothing&after=nowhere"), Query::default());
    }
}
