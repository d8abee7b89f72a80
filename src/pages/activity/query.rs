//! The query of the log's address: read leniently, written back for links.

use std::net::IpAddr;

use time::Date;
use url::form_urlencoded;

use crate::base::clock::{DAY, Timestamp};
use crate::base::closed_set::closed_set;
use crate::base::text;
use crate::domain::activity::{Cursor, Events, Filter, Person, Recorded, Search};
use crate::domain::api_keys::KeyId;

/// The longest part of a filter that is read, in characters.
pub(super) const LONGEST: usize = 80;
/// The words for people who are no members.
pub(super) const COMMAND_LINE: &str = "command-line";
pub(super) const ANONYMOUS: &str = "anonymous";
pub(super) const SYSTEM: &str = "system";

closed_set! {
    #[derive(Default)]
    pub(super) enum Period {
        Today = "today" "Today",
        Week = "7d" "Last 7 days",
        #[default]
        Month = "30d" "Last 30 days",
        Quarter = "90d" "Last 90 days",
        All = "all" "All time",
    }
}

impl Period {
    /// The first day, in UTC; today is the last.
    pub(super) fn first_day(self, now: Timestamp) -> Option<Date> {
        let days = match self {
            Self::Today => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::All => return None,
        };
        Some(now.plus((1 - days) * DAY).date())
    }
}

/// What the address asks for. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// An event's name, or a kind of events.
    pub event: String,
    /// A member's id, or a word for somebody else.
    pub person: String,
    pub key: Option<KeyId>,
    pub period: Period,
    pub search: String,
    pub cursor: Option<Cursor>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "event" => parsed.event = text::visible(value.trim(), LONGEST),
                "person" => parsed.person = text::visible(value.trim(), LONGEST),
                "key" => parsed.key = KeyId::parse(&value),
                "period" => parsed.period = Period::parse(&value).unwrap_or_default(),
                "q" => parsed.search = text::visible(value.trim(), LONGEST),
                "after" => parsed.cursor = Cursor::parse(&value, true),
                "before" => parsed.cursor = Cursor::parse(&value, false),
                _ => {}
            }
        }
        parsed
    }

    /// What to look for.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            events: match self.event.as_str() {
                "" => None,
                event if event.contains('.') => Some(Events::One(event.into())),
                kind => Some(Events::Kind(kind.into())),
            },
            person: match self.person.as_str() {
                "" => None,
                COMMAND_LINE => Some(Person::CommandLine),
                ANONYMOUS => Some(Person::Anonymous),
                SYSTEM => Some(Person::System),
                id => Some(Person::Member(id.into())),
            },
            subject_id: self.key.map(|id| id.as_str().to_owned()),
            since: self.period.first_day(now).map(Timestamp::start_of),
            search: search(&self.search),
        }
    }

    /// The address of `path` with this query.
    pub(super) fn href(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let key = self.key.map(|id| id.as_str().to_owned()).unwrap_or_default();
        for (name, value, default) in [
            ("q", self.search.as_str(), ""),
            ("event", &self.event, ""),
            ("person", &self.person, ""),
            ("key", &key, ""),
            ("period", self.period.as_str(), Period::default().as_str()),
        ] {
            if value != default {
                query.append_pair(name, value);
            }
        }
        if let Some(cursor) = &self.cursor {
            query.append_pair(if cursor.is_after { "after" } else { "before" }, &cursor.text());
        }
        let query = query.finish();
        if query.is_empty() { path.into() } else { format!("{path}?{query}") }
    }

    /// The same from the place beside `entry`.
    pub(super) fn beside(&self, entry: &Recorded, position: u64, is_after: bool) -> Self {
        let cursor = Cursor { is_after, position, at: entry.at, number: entry.number };
        Self { cursor: Some(cursor), ..self.clone() }
    }

    /// The same about whatever it may be.
    pub(super) fn without_key(&self) -> Self {
        Self { key: None, cursor: None, ..self.clone() }
    }
}

/// A whole Key ID and a whole address are looked up; anything else is looked for.
fn search(text: &str) -> Search {
    if text.is_empty() {
        return Search::Nothing;
    }
    let upper = text.to_ascii_uppercase();
    let id = upper.strip_prefix("KEY_").map(|digits| format!("{}{digits}", KeyId::PREFIX));
    if let Some(id) = id.and_then(|id| KeyId::parse(&id)) {
        return Search::Subject(id.as_str().to_owned());
    }
    match text.parse::<IpAddr>() {
        Ok(address) => Search::Address(address.to_canonical().to_string()),
        Err(_) => Search::Part(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "q=a%26b&event=api_key.edited&person=mem_1&key=key_0123456789AB&period=all\
                    &before=25%7E7%7E1795435200000";
        let query = Query::parse(text);
        assert_eq!(query.href("/activity"), format!("/activity?{text}"));
    }

    #[test]
    fn a_period_takes_whole_days_and_today_is_one_of_them() {
        let now = Timestamp::from_millis(1_795_435_200_000);
        let first = |period: Period| period.first_day(now).map(crate::base::clock::iso_date);
        assert_eq!(first(Period::Today).as_deref(), Some("2026-11-23"));
        assert_eq!(first(Period::Month).as_deref(), Some("2026-10-25"));
        assert_eq!(first(Period::All), None);
    }

    #[test]
    fn whole_ids_and_addresses_are_looked_up() {
        let id = "key_0123456789AB";
        assert_eq!(search(&id.to_lowercase()), Search::Subject(id.into()));
        assert_eq!(search("::ffff:192.0.2.1"), Search::Address("192.0.2.1".into()));
        assert_eq!(search("key_0"), Search::Part("key_0".into()));
        assert_eq!(search(""), Search::Nothing);
    }

    proptest! {
        #[test]
        fn any_address_can_be_read_and_settles(text in ".*") {
            let query = Query::parse(&text);
            let href = query.href("/activity");
            let again = Query::parse(href.split_once('?').map_or("", |(_, query)| query));
            prop_assert_eq!(again, query);
        }
    }
}
