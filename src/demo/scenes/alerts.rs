//! Alerts that were closed in the last weeks. The program finds the open ones itself.

use super::{Scene, Stage};
use crate::base::clock::HOUR;
use crate::domain::alerts::{self, Finding, Rule};

/// A rule, the key, what happened, its details, how many days ago, and for how many hours.
const PAST: [(Rule, &str, &str, &str, i64, i64); 3] = [
    (
        Rule::Volume,
        "Carrier webhook relay",
        "is used far more than usual",
        "4,310 requests in an hour, at most 905 in the same hours of the last 4 weeks.",
        16,
        5,
    ),
    (
        Rule::NewAddress,
        "Support console",
        "is used from a new address",
        "203.0.113.88, first seen with a request that was allowed.",
        23,
        24,
    ),
    (
        Rule::DenialBurst,
        "Customs declaration service",
        "is denied many times",
        "26 requests within 10 minutes: scope missing, invoices:write.",
        34,
        2,
    ),
];

pub(super) fn scenes<'a>(stage: &'a Stage<'a>) -> Vec<Scene<'a>> {
    let mut scenes: Vec<Scene<'a>> = Vec::new();
    for (rule, name, what, detail, days, hours) in PAST {
        let Some(details) = stage.key(name) else { continue };
        let (id, since) = (details.key.id.as_str(), stage.ago(days, 4));
        let finding = Finding {
            rule,
            cause: id.into(),
            key_id: Some(id.into()),
            title: format!("“{name}” {what}"),
            detail: detail.into(),
            level: 0,
            since,
        };
        let closed = since.plus(hours * HOUR);
        scenes.push((closed, Box::new(move |tx| alerts::import(tx, &finding, closed))));
    }
    scenes
}
