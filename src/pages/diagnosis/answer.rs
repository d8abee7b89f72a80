//! The answer for the template: the cause, the known facts, and other denied requests.

use super::flaw;
use super::words::{Explanation, Facts, explain, moment, unknown};
use crate::base::clock::{Timestamp, ago, long_date};
use crate::base::text::thousands;
use crate::domain::api_keys::{self, ApiKey, Flaw, Status};
use crate::domain::diagnosis::{
    Cause, CurrentKey, DenialDiagnosis, KeyDiagnosis, LOOKBACK_DAYS, RequestDiagnosis, Retry,
    SecretDiagnosis,
};
use crate::domain::members::Permission;
use crate::domain::usage::denials::Denial;
use crate::domain::verification::Record;
use crate::web::time_view::TimeView;

/// The maximum number of scopes shown.
const SCOPES: usize = 60;

/// The answer on the page.
#[derive(Default)]
pub(super) struct Answer {
    pub main: Explanation,
    pub facts: Vec<Fact>,
    /// The key's scopes, for a secret key that works.
    pub scopes: Vec<String>,
    /// Further explanations: of the secret key inside a malformed one, and of a key's denied
    /// requests.
    pub others: Vec<Other>,
    pub note: String,
    /// The page that lists all denied requests of the key.
    pub denials_href: Option<String>,
}

/// A fact; `at` is drawn in place of its value, and `href` is its link.
#[derive(Default)]
pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
    pub at: Option<TimeView>,
    pub href: Option<String>,
    /// Whether it is an identifier or an address.
    pub is_code: bool,
}

/// An explanation under its own heading.
pub(super) struct Other {
    pub explanation: Explanation,
    /// The number of requests and the time of the last one, with its request id.
    pub last: Option<(String, String)>,
}

impl Fact {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), ..Self::default() }
    }

    fn code(label: &'static str, value: impl Into<String>) -> Self {
        Self { is_code: true, ..Self::new(label, value) }
    }

    fn at(label: &'static str, at: Timestamp) -> Self {
        Self { at: Some(TimeView::new(moment(at), at)), ..Self::new(label, "") }
    }
}

/// For a question in the URL that is not an id; it may be a secret key, and is not looked up.
pub(super) fn no_id(question: &str) -> Answer {
    let flaw = api_keys::flaw::find(question, None).map(|found| found.flaw);
    let is_no_secret = matches!(flaw, Some(Flaw::Empty | Flaw::Prefix | Flaw::KeyId));
    let main = if is_no_secret {
        Explanation::new(
            "Neither a request id nor a Key ID",
            &["Request ids are req_ and 16 characters, Key IDs key_ and 12. Paste a secret key \
               into the box, and never put it in a URL."],
        )
    } else {
        Explanation::new(
            "Do not put a secret key in a URL",
            &[
                "Browsers and proxies keep URLs, so it was not looked up. Paste it into the box.",
                "If others can read those, revoke the key and create another.",
            ],
        )
    };
    Answer { main, ..Answer::default() }
}

/// The answer about a denied request.
pub(super) fn of_request(found: Option<&RequestDiagnosis>, facts: &Facts<'_>) -> Answer {
    let Some(RequestDiagnosis { denied, cause, retry, key, record, count }) = found else {
        return not_stored(facts);
    };
    let mut main = explain(cause, *retry, key.as_ref(), facts);
    if *cause == Cause::Superseded {
        stopped(&mut main, record.as_ref(), facts);
    }
    let mut known = vec![Fact::code("Request id", &denied.request_id)];
    known.push(Fact::at("Time", denied.at));
    let line = if denied.line.is_empty() { "Not reported" } else { &denied.line };
    known.push(Fact { is_code: !denied.line.is_empty(), ..Fact::new("Request", line) });
    known.push(match &denied.address {
        Some(address) => Fact::code("Address", address),
        None => Fact::new("Address", "Not known"),
    });
    known.push(match key {
        Some(_) => Fact::new("Alike", format!("{} within {LOOKBACK_DAYS} days", requests(*count))),
        None => Fact::new("Alike", format!("{} at that time", requests(*count))),
    });
    if let Some(key) = key {
        known.extend(of_the_key(&key.details.key, facts.now));
    }
    if let Some(number) = denied.secret.filter(|number| *number > 1) {
        known.push(Fact::new("Secret key", format!("Number {number} of the key")));
    }
    Answer { main, facts: known, ..Answer::default() }
}

fn not_stored(facts: &Facts<'_>) -> Answer {
    let mut main = Explanation::new(
        "No denied request with this id was found",
        &[
            "A request id is req_ and 16 characters. A denied request appears here within a minute: \
             try again in a few seconds.",
            &format!(
                "Denied requests are kept for {} days; only some of many similar ones are kept. Enter \
                 the Key ID to see the key’s denied requests.",
                facts.kept
            ),
        ],
    );
    main.link(facts, Permission::ViewKeys, "/usage/denials", "See denied requests");
    Answer { main, ..Answer::default() }
}

pub(super) fn of_key(found: Option<&KeyDiagnosis>, facts: &Facts<'_>) -> Answer {
    const ID: &str = "A Key ID is not a credential. Requests need the secret key instead.";
    let Some(key_diagnosis) = found else {
        let case =
            "No key here has this Key ID. Check the spelling: Key IDs are key_ and 12 characters.";
        let main = Explanation::new("No such key", &[case, ID]);
        return Answer { main, ..Answer::default() };
    };
    let (key, now) = (&key_diagnosis.key.details.key, facts.now);
    let name = key.name.as_str();
    let cause = match key.status(now) {
        Status::Revoked => Some(Cause::Revoked),
        Status::Expired if key.is_disabled() => Some(Cause::Disabled),
        Status::Expired => Some(Cause::Expired),
        Status::Disabled => Some(Cause::Disabled),
        Status::Active => None,
    };
    let main = if let Some(cause) = cause {
        explain(&cause, Retry::SameResult, Some(&key_diagnosis.key), facts)
    } else {
        let last = long_date(key.expires_at.last_day());
        let active = format!("“{name}” is active until the end of {last} (UTC).");
        let used = match key.last_used_at {
            Some(at) => format!("It last passed on {}.", moment(at)),
            None => "No request with it has passed yet.".into(),
        };
        Explanation::new("This key is active", &[&active, &used, ID])
    };
    let mut answer = Answer { main, facts: of_the_key(key, now), ..Answer::default() };
    add_denials(&mut answer, key_diagnosis, facts);
    answer
}

/// The answer about a well-formed secret key, which starts with `start`.
pub(super) fn of_secret(found: Option<&SecretDiagnosis>, start: &str, facts: &Facts<'_>) -> Answer {
    let Some(SecretDiagnosis { record, inactive, key_diagnosis }) = found else {
        return Answer { main: unknown(Some(start), facts), ..Answer::default() };
    };
    let key = &key_diagnosis.key.details;
    let main = match inactive {
        Some(outcome) => {
            let mut main = explain(
                &Cause::of_inactive_secret(*outcome),
                Retry::SameResult,
                Some(&key_diagnosis.key),
                facts,
            );
            stopped(&mut main, Some(record), facts);
            main
        }
        None => works(&key_diagnosis.key, record.superseded_at),
    };
    let mut answer = Answer { main, facts: of_the_key(&key.key, facts.now), ..Answer::default() };
    if inactive.is_none() {
        let scopes = key.effective_scopes();
        answer.facts.push(Fact::new("Role", &key.role.name));
        answer.facts.push(Fact::new("Scopes", scopes.len().to_string()));
        answer.scopes = scopes.into_iter().take(SCOPES).collect();
    }
    add_denials(&mut answer, key_diagnosis, facts);
    answer
}

/// Adds when a secret key was replaced, if it was.
fn stopped(main: &mut Explanation, record: Option<&Record>, facts: &Facts<'_>) {
    let at = record.and_then(|record| record.superseded_at).filter(|at| *at <= facts.now);
    main.text.extend(at.map(|at| format!("It stopped working on {}.", moment(at))));
}

fn works(key: &CurrentKey, superseded_at: Option<Timestamp>) -> Explanation {
    let details = &key.details;
    let until = match superseded_at {
        Some(at) => format!("It was replaced by a rotation and works until {}.", moment(at)),
        None => format!(
            "It passes until the end of {} (UTC).",
            long_date(details.key.expires_at.last_day())
        ),
    };
    let from = match details.ip_whitelist.addresses().len() {
        0 => "It may be used from any address,".to_owned(),
        1 => "It may be used from only 1 address,".to_owned(),
        many => format!("It may be used from only {many} addresses,"),
    };
    let place = details.key.environment.label();
    Explanation::new("This secret key works", &[&until, &format!("{from} and is for {place}.")])
}

/// The answer about a malformed secret key; `rest` is about the valid one that it contains.
pub(super) fn of_flaw(flaw: Flaw, characters: usize, rest: Option<Answer>) -> Answer {
    let (title, case, advice) = flaw::words(flaw, characters);
    let main = Explanation::new(title, &[&case, advice]);
    let Some(mut rest) = rest else { return Answer { main, ..Answer::default() } };
    let explanation = std::mem::replace(&mut rest.main, main);
    rest.others.insert(0, Other { explanation, last: None });
    rest
}

fn of_the_key(key: &ApiKey, now: Timestamp) -> Vec<Fact> {
    let id = key.id.as_str();
    let status = match key.status(now) {
        Status::Revoked => "Revoked",
        Status::Expired => "Expired",
        Status::Disabled => "Disabled",
        Status::Active if key.last_used_at.is_none() => "Active, never used",
        Status::Active => "Active",
    };
    let name = Fact::new("Key", key.name.as_str());
    vec![
        Fact { href: Some(format!("/api-keys/{id}")), ..name },
        Fact::code("Key ID", id),
        Fact::new("Environment", key.environment.label()),
        Fact::new("Status now", status),
    ]
}

fn add_denials(answer: &mut Answer, key_diagnosis: &KeyDiagnosis, facts: &Facts<'_>) {
    let other = |diagnosis: &DenialDiagnosis| Other {
        explanation: explain(&diagnosis.cause, diagnosis.retry, Some(&key_diagnosis.key), facts),
        last: Some((
            last(&diagnosis.group.latest, diagnosis.group.count, facts.now),
            diagnosis.group.latest.request_id.clone(),
        )),
    };
    answer.others.extend(key_diagnosis.groups.iter().map(other));
    answer.note = match (key_diagnosis.groups.len(), key_diagnosis.more) {
        (0, _) => format!("No request with this key was denied in the last {LOOKBACK_DAYS} days."),
        (_, 0) => String::new(),
        (_, more) => format!("More kinds of denied requests: {more}."),
    };
    if !key_diagnosis.groups.is_empty() {
        let id = key_diagnosis.key.details.key.id.as_str();
        answer.denials_href = Some(format!("/usage/denials?key={id}"));
    }
}

/// `12 requests, the last one 5 min ago from 198.51.100.77: GET /orders/1`.
fn last(denied: &Denial, count: i64, now: Timestamp) -> String {
    let one = if count == 1 { "" } else { "the last one " };
    let when = match ago(denied.at, now) {
        when if when.ends_with("ago") => when,
        when if when == "Just now" => "just now".into(),
        date => format!("on {date}"),
    };
    let from = denied.address.as_deref().map(|address| format!(" from {address}"));
    let line = Some(&denied.line).filter(|line| !line.is_empty()).map(|line| format!(": {line}"));
    let (from, line) = (from.unwrap_or_default(), line.unwrap_or_default());
    format!("{}, {one}{when}{from}{line}", requests(count))
}

fn requests(count: i64) -> String {
    let noun = if count == 1 { "request" } else { "requests" };
    format!("{} {noun}", thousands(count.unsigned_abs()))
}

impl Answer {
    /// Whether there is a part about the key's denied requests.
    pub fn has_denials(&self) -> bool {
        self.others.iter().any(|other| other.last.is_some()) || !self.note.is_empty()
    }

    /// The explanation of the secret key inside a malformed one.
    pub fn rest(&self) -> Option<&Explanation> {
        self.others.iter().find(|other| other.last.is_none()).map(|other| &other.explanation)
    }
}
