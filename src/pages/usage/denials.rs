//! `/usage/denials`: requests that were refused.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::form_urlencoded;

use super::reason;
use crate::base::clock::{Timestamp, day_and_time};
use crate::base::error::Result;
use crate::base::text::thousands;
use crate::domain::api_keys::{self, KeyId};
use crate::domain::members::permission::ViewKeys;
use crate::domain::usage::denials::{self, Cursor, Denied, Filter, Page, Whose};
use crate::domain::usage::{Outcome, Period};
use crate::pages::{Allowed, Viewer};
use crate::web::{Site, page};

/// The word for requests without a genuine secret.
const STRANGERS: &str = "none";

#[derive(Template)]
#[template(path = "usage/denials.html")]
struct Denials<'a> {
    viewer: &'a Viewer,
    key: String,
    is_narrowed: bool,
    reasons: Vec<Choice>,
    periods: Vec<Choice>,
    rows: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
}

struct Choice {
    value: &'static str,
    label: String,
    is_chosen: bool,
}

struct Row {
    reason: String,
    attempts: Option<String>,
    line: String,
    key: Option<(String, String)>,
    address: String,
    request_id: String,
    when: String,
    at: String,
}

/// What the address asks for. What cannot be read counts as not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Query {
    whose: Whose,
    reason: Option<Outcome>,
    period: Period,
    cursor: Option<Cursor>,
}

pub(super) async fn page(
    viewer: Allowed<ViewKeys>,
    request: HttpRequest,
    site: web::Data<Site>,
) -> Result<HttpResponse> {
    let query = Query::parse(request.query_string());
    let filter = query.filter(viewer.now);
    let cursor = query.cursor.clone();
    let found = site.db.read(move |c| {
        let page = denials::list(c, &filter, cursor.as_ref())?;
        let ids: Vec<&str> =
            page.denials.iter().filter_map(|d| d.key_id.as_ref()).map(KeyId::as_str).collect();
        let keys = api_keys::by_ids(c, &ids)?.into_iter();
        let names = keys.map(|key| (key.id, key.name.as_str().to_owned())).collect();
        Ok((page, names))
    });
    let (found, names) = found.await?;
    page::ok(&Denials::new(&viewer, &query, &found, &names))
}

impl<'a> Denials<'a> {
    fn new(
        viewer: &'a Viewer,
        query: &Query,
        page: &Page,
        names: &BTreeMap<KeyId, String>,
    ) -> Self {
        let beside = |denied: Option<&Denied>, is_after| {
            denied.map(|d| query.at(Some(Cursor::beside(d, is_after))).href())
        };
        let is_kept = |outcome: &Outcome| *outcome != Outcome::Pass;
        let reasons = Outcome::ALL.into_iter().filter(is_kept).map(|outcome| Choice {
            value: outcome.as_str(),
            label: reason(outcome, ""),
            is_chosen: query.reason == Some(outcome),
        });
        let periods = Period::ALL.map(|period| Choice {
            value: period.as_str(),
            label: format!("Last {}", period.label()),
            is_chosen: query.period == period,
        });
        Self {
            viewer,
            key: query.key().to_owned(),
            is_narrowed: query.whose != Whose::Everybody || query.reason.is_some(),
            reasons: reasons.collect(),
            periods: periods.into(),
            rows: page.denials.iter().map(|denied| row(denied, names, viewer.now)).collect(),
            newer: beside(page.denials.first().filter(|_| page.has_before), false),
            older: beside(page.denials.last().filter(|_| page.has_after), true),
        }
    }
}

fn row(denied: &Denied, names: &BTreeMap<KeyId, String>, now: Timestamp) -> Row {
    let key = denied.key_id.map(|id| {
        let name = names.get(&id).map_or(id.as_str(), String::as_str);
        (id.as_str().to_owned(), name.to_owned())
    });
    Row {
        reason: reason(denied.reason, &denied.detail),
        attempts: (denied.count > 1).then(|| thousands(denied.count.unsigned_abs())),
        line: denied.line.clone(),
        key,
        address: denied.address.clone().unwrap_or_else(|| "–".into()),
        request_id: denied.request_id.clone(),
        when: day_and_time(denied.at, now),
        at: denied.at.rfc_3339(),
    }
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "key" if value == STRANGERS => parsed.whose = Whose::Strangers,
                "key" => {
                    parsed.whose =
                        KeyId::parse(value.trim()).map_or_else(Whose::default, Whose::Key);
                }
                "reason" => {
                    parsed.reason = Outcome::parse(&value).filter(|r| *r != Outcome::Pass);
                }
                "period" => parsed.period = Period::parse(&value).unwrap_or_default(),
                "after" => parsed.cursor = Cursor::parse(&value, true),
                "before" => parsed.cursor = Cursor::parse(&value, false),
                _ => {}
            }
        }
        parsed
    }

    fn filter(&self, now: Timestamp) -> Filter {
        Filter { whose: self.whose.clone(), reason: self.reason, since: self.period.start(now) }
    }

    fn key(&self) -> &str {
        match &self.whose {
            Whose::Everybody => "",
            Whose::Strangers => STRANGERS,
            Whose::Key(id) => id.as_str(),
        }
    }

    fn at(&self, cursor: Option<Cursor>) -> Self {
        Self { cursor, ..self.clone() }
    }

    fn href(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let reason = self.reason.map(|outcome| outcome.as_str()).unwrap_or_default();
        for (name, value) in [("key", self.key()), ("reason", reason)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("period", self.period.as_str());
        if let Some(cursor) = &self.cursor {
            query.append_pair(if cursor.is_after { "after" } else { "before" }, &cursor.text());
        }
        format!("/usage/denials?{}", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_reads_back() {
        let href = "/usage/denials?key=key_0123456789AB&reason=scope_missing&period=90d\
                    &before=1795435200000%7Ereq_0123456789ABCDEF";
        assert_eq!(Query::parse(&href["/usage/denials?".len()..]).href(), href);
        assert_eq!(Query::parse("key=none").whose, Whose::Strangers);
        assert_eq!(Query::parse("key=nobody&reason=pass&period=1y"), Query::default());
    }

    proptest! {
        #[test]
        fn any_address_can_be_read_and_settles(text in ".*") {
            let query = Query::parse(&text);
            prop_assert_eq!(Query::parse(&query.href()["/usage/denials?".len()..]), query);
        }
    }
}
