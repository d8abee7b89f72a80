//! The filters of the log in its URL.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::base::clock::{DAY, Timestamp};
use crate::base::closed_set::closed_set;
use crate::domain::activity::{Events, Filter, Person, Search};
use crate::domain::api_keys::KeyId;
use crate::web::query;

/// The words for actors that are not members.
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

closed_set! {
    /// A tab of the log.
    pub(super) enum View {
        /// Everything but sign-ins, which would hide the rest.
        Changes = "changes" "Changes",
        SignIns = "sign-ins" "Sign-ins",
        All = "all" "All",
    }
}

/// The kind of the events of signing in and out.
const SIGN_INS: &str = "session";

impl View {
    pub(super) fn includes(self, event: &str) -> bool {
        let is_sign_in = event.split('.').next() == Some(SIGN_INS);
        self == Self::All || is_sign_in == (self == Self::SignIns)
    }

    fn events(self) -> Option<Events> {
        match self {
            Self::Changes => Some(Events::NotKind(SIGN_INS.into())),
            Self::SignIns => Some(Events::Kind(SIGN_INS.into())),
            Self::All => None,
        }
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

/// The filters of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Filters {
    pub view: Option<View>,
    #[serde(rename = "q", deserialize_with = "query::search")]
    pub search: String,
    /// The name of an event, or a kind of event.
    #[serde(deserialize_with = "query::search")]
    pub event: String,
    /// The id of a member, or a word for another actor.
    #[serde(deserialize_with = "query::search")]
    pub person: String,
    pub key: Option<KeyId>,
    pub period: Period,
}

impl Filters {
    /// The tab of the page: changes, unless a kind of sign-in is selected.
    pub(super) fn view(&self) -> View {
        let is_change = self.event.is_empty() || View::Changes.includes(&self.event);
        self.view.unwrap_or(if is_change { View::Changes } else { View::SignIns })
    }

    /// The filter for the database. A selected event counts more than the tab.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            events: match self.event.as_str() {
                "" => self.view.and_then(View::events),
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

    /// The URL of `path` with these filters.
    pub(super) fn href(&self, path: &str) -> String {
        query::href(path, &query::pairs(self))
    }
}

/// A complete key ID or IP address is matched exactly; other text is searched for.
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

    #[test]
    fn what_is_written_reads_back() {
        let text =
            "view=all&q=a%26b&event=api_key.edited&person=mem_1&key=key_0123456789AB&period=all";
        let filters: Filters = query::read(text);
        assert_eq!(filters.href("/activity"), format!("/activity?{text}"));
    }

    #[test]
    fn a_period_consists_of_whole_days_including_today() {
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
}
