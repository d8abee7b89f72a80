//! The query of the table's address: read leniently, written back for links.

use url::form_urlencoded;

use crate::domain::api_keys::{Cursor, Direction, Environment, Filter, KeyId, Sort, View};
use crate::domain::roles::Role;

/// What the address asks for. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub view: View,
    pub search: String,
    pub role: String,
    pub environment: Option<Environment>,
    pub sort: Sort,
    pub direction: Option<Direction>,
    pub cursor: Option<Cursor>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "view" => parsed.view = View::parse(&value).unwrap_or_default(),
                "q" => parsed.search = crate::base::text::visible(value.trim(), 80),
                "role" => parsed.role = value.into_owned(),
                "environment" => parsed.environment = Environment::parse(&value),
                "sort" => parsed.sort = Sort::parse(&value).unwrap_or_default(),
                "dir" => parsed.direction = Direction::parse(&value),
                "after" => parsed.cursor = Cursor::parse(&value, true),
                "before" => parsed.cursor = Cursor::parse(&value, false),
                _ => {}
            }
        }
        let is_number = parsed.sort != Sort::Name;
        parsed.cursor = parsed.cursor.filter(|c| !is_number || c.value.parse::<i64>().is_ok());
        parsed
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction.unwrap_or_else(|| self.sort.default_direction())
    }

    /// What to look for; a role that does not exist finds nothing.
    pub(super) fn filter(&self, roles: &[Role]) -> Filter {
        let id_of =
            |slug: &str| roles.iter().find(|role| role.slug == slug).map(|role| role.id.clone());
        Filter {
            view: self.view,
            search: self.search.clone(),
            role_id: (!self.role.is_empty()).then(|| id_of(&self.role).unwrap_or_default()),
            environment: self.environment,
            sort: self.sort,
            direction: self.direction(),
            cursor: self.cursor.clone(),
        }
    }

    /// The address of the table with this query.
    pub(super) fn href(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.kept(&[]) {
            text.append_pair(name, &value);
        }
        if let Some(cursor) = &self.cursor {
            text.append_pair(if cursor.is_after { "after" } else { "before" }, &cursor.text());
        }
        let text = text.finish();
        if text.is_empty() { "/api-keys".into() } else { format!("/api-keys?{text}") }
    }

    /// What differs from the bare table, without the cursor and those named in `except`.
    pub(super) fn kept(&self, except: &[&str]) -> Vec<(&'static str, String)> {
        let mut kept = Vec::new();
        let mut keep = |name: &'static str, value: &str, default: &str| {
            if value != default && !except.contains(&name) {
                kept.push((name, value.to_owned()));
            }
        };
        keep("view", self.view.as_str(), "all");
        keep("q", &self.search, "");
        keep("role", &self.role, "");
        keep("environment", self.environment.map_or("", |environment| environment.as_str()), "");
        keep("sort", self.sort.as_str(), "created");
        let usual = self.sort.default_direction().as_str();
        keep("dir", self.direction().as_str(), usual);
        kept
    }

    /// The same table in another view.
    pub(super) fn with_view(&self, view: View) -> Self {
        Self { view, cursor: None, ..self.clone() }
    }

    /// The same table sorted by `sort`; by the same again, the other way round.
    pub(super) fn with_sort(&self, sort: Sort) -> Self {
        let direction = match (self.sort == sort, self.direction()) {
            (true, Direction::Ascending) => Direction::Descending,
            (true, Direction::Descending) => Direction::Ascending,
            (false, _) => sort.default_direction(),
        };
        Self { sort, direction: Some(direction), cursor: None, ..self.clone() }
    }

    /// The same table from another place.
    pub(super) fn at(&self, cursor: Cursor) -> Self {
        Self { cursor: Some(cursor), ..self.clone() }
    }

    /// The same view without search and filters.
    pub(super) fn cleared(&self) -> Self {
        Self { view: self.view, ..Self::default() }
    }

    /// The place beside a row.
    pub(super) fn beside(
        &self,
        key: &crate::domain::api_keys::ApiKey,
        position: u64,
        is_after: bool,
    ) -> Self {
        let millis = |at: crate::base::clock::Timestamp| at.millis().to_string();
        let value = match self.sort {
            Sort::Created => millis(key.created_at),
            Sort::Name => key.name.sort_key(),
            Sort::LastUsed => millis(key.last_used_at.unwrap_or_default()),
            Sort::Expires => millis(key.expires_at),
        };
        let id: &KeyId = &key.id;
        self.at(Cursor { is_after, position, value, id: id.as_str().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "view=expired&q=a%26b&role=billing&environment=staging&sort=name&dir=desc\
                    &after=25%7Ekey_0123456789AB%7Ex%7Ey";
        let query = Query::parse(text);
        assert_eq!(
            query.cursor.as_ref().map(|c| (c.position, c.value.as_str())),
            Some((25, "x~y"))
        );
        assert_eq!(Query::parse(query.href().split_once('?').expect("a query").1), query);
    }

    #[test]
    fn sorting_again_turns_round() {
        let query = Query::default();
        assert_eq!(query.with_sort(Sort::Created).href(), "/api-keys?dir=asc");
        assert_eq!(query.with_sort(Sort::Name).href(), "/api-keys?sort=name");
        assert_eq!(
            query.with_sort(Sort::Name).with_sort(Sort::Name).href(),
            "/api-keys?sort=name&dir=desc"
        );
    }

    proptest! {
        #[test]
        fn any_address_can_be_read_and_settles(text in ".*") {
            let query = Query::parse(&text);
            let again = Query::parse(query.href().split_once('?').map_or("", |(_, query)| query));
            prop_assert_eq!(again, query);
        }
    }
}
