//! The traffic of the sample: all records of a request agree with each other.

use latchkey::base::clock::{DAY, HOUR};
use latchkey::base::keyring::Keyring;
use latchkey::db::Db;
use latchkey::demo;
use latchkey::domain::api_keys::{self, Details, KeyId, Status};
use latchkey::domain::{settings, usage};

use crate::support::{Database, NOW};

/// A database that contains the sample.
struct Sample {
    db: Db,
    database: Database,
}

impl Sample {
    fn filled(keys: u32, days: u32) -> Self {
        let database = Database::new();
        let db = Db::open(&database.location).expect("a database");
        let keyring = Keyring::from_bytes(&[42; 32]);
        db.write_blocking(|tx| settings::prepare(tx, &keyring)).expect("settings");
        demo::fill(&db, &keyring, keys, days, NOW).expect("filled");
        Self { db, database }
    }

    fn texts(&self, query: &str) -> Vec<String> {
        self.database.connect().texts(query)
    }

    /// Asserts that two queries return the same texts.
    fn assert_equal(&self, one: &str, other: &str) {
        for (one, other) in [(one, other), (other, one)] {
            let unmatched = self.texts(&format!("{one} EXCEPT {other}"));
            assert!(
                unmatched.is_empty(),
                "{} rows only in {one}: {:?}",
                unmatched.len(),
                unmatched.first()
            );
        }
    }

    /// Asserts that no key meets a condition.
    fn assert_no_key(&self, what: &str, from: &str) {
        let keys = self.texts(&format!("SELECT k.name AS text FROM {from}"));
        assert!(keys.is_empty(), "{what}: {keys:?}");
    }

    fn keys(&self) -> Vec<Details> {
        let ids = self.texts("SELECT id AS text FROM api_keys");
        let keys = ids.iter().map(|id| {
            let id = KeyId::parse(id).expect("a Key ID");
            self.db.read_blocking(|c| api_keys::find(c, &id)).expect("read").expect("a key")
        });
        keys.collect()
    }

    fn key_named(&self, name: &str) -> Details {
        self.keys().into_iter().find(|key| key.key.name.as_str() == name).expect(name)
    }

    fn count_requests(&self, key: &Details, condition: &str) -> i64 {
        let count = self.texts(&format!(
            "SELECT CAST(COALESCE(SUM(count), 0) AS TEXT) AS text FROM usage_days \
             WHERE key_id = '{}' AND {condition}",
            key.key.id.as_str()
        ));
        count[0].parse().expect("a number")
    }
}

#[test]
fn usage_counts_agree_with_each_other_and_with_the_keys() {
    let sample = Sample::filled(40, 45);
    let text = |unit: &str, count: &str| {
        format!(
            "CAST({unit} AS TEXT) || ' ' || key_id || ' ' || outcome || ' ' || \
             CAST({count} AS TEXT) AS text"
        )
    };
    sample.assert_equal(
        &format!(
            "SELECT {} FROM usage_hours GROUP BY hour / 24, key_id, outcome",
            text("hour / 24", "SUM(count)")
        ),
        &format!("SELECT {} FROM usage_days", text("day", "count")),
    );
    let with_key = "outcome NOT IN ('missing_key', 'malformed_key', 'invalid_key')";
    let totals = "CAST(hour AS TEXT) || ' ' || outcome || ' ' || CAST(SUM(count) AS TEXT) AS text";
    sample.assert_equal(
        &format!("SELECT {totals} FROM usage_hours GROUP BY hour, outcome"),
        &format!("SELECT {totals} FROM usage_totals WHERE {with_key} GROUP BY hour, outcome"),
    );
    // Every denied request was recorded, including those without a valid key.
    let denied = "outcome || ' ' || CAST(SUM(count) AS TEXT) AS text";
    sample.assert_equal(
        &format!("SELECT {denied} FROM usage_totals WHERE outcome <> 'pass' GROUP BY outcome"),
        &format!("SELECT {} FROM denials GROUP BY reason", denied.replace("outcome", "reason")),
    );
    let passed = "CAST(day AS TEXT) || ' ' || key_id || ' ' || CAST(SUM(count) AS TEXT) AS text";
    sample.assert_equal(
        &format!("SELECT {passed} FROM usage_addresses GROUP BY day, key_id"),
        &format!("SELECT {passed} FROM usage_days WHERE outcome = 'pass' GROUP BY day, key_id"),
    );
    assert_usage_agrees_with_keys(&sample);
    assert_used_scopes_are_granted(&sample);
}

fn assert_usage_agrees_with_keys(sample: &Sample) {
    let counted = "usage_hours AS h JOIN api_keys AS k ON k.id = h.key_id WHERE";
    let passed = format!("{counted} h.outcome = 'pass' AND");
    sample.assert_no_key(
        "requests before the key was created",
        &format!("{counted} h.hour * {HOUR} + {HOUR} <= k.created_at"),
    );
    sample.assert_no_key(
        "requests passed before the key was created",
        &format!("{passed} h.hour * {HOUR} < k.created_at"),
    );
    sample.assert_no_key(
        "requests passed after the key expired",
        &format!("{passed} h.hour * {HOUR} >= k.expires_at"),
    );
    sample.assert_no_key(
        "requests passed after the key was revoked",
        &format!("{passed} h.hour * {HOUR} >= k.revoked_at"),
    );
    sample.assert_no_key(
        "requests in the future",
        &format!("{counted} h.hour * {HOUR} > {}", NOW.millis()),
    );
    sample.assert_equal(
        "SELECT id || ' ' || CAST(last_used_at / 3600000 AS TEXT) AS text FROM api_keys \
         WHERE last_used_at > 0",
        "SELECT key_id || ' ' || CAST(MAX(hour) AS TEXT) AS text FROM usage_hours \
         WHERE outcome = 'pass' GROUP BY key_id",
    );
    sample.assert_no_key(
        "the last use is missing from the addresses",
        "api_keys AS k WHERE k.last_used_at > 0 AND NOT EXISTS (SELECT 1 FROM usage_addresses AS a \
         WHERE a.key_id = k.id AND a.address = k.last_used_address \
         AND a.last_seen_at = k.last_used_at)",
    );
    sample.assert_no_key(
        "an address was seen at an impossible time",
        "usage_addresses AS a JOIN api_keys AS k ON k.id = a.key_id WHERE \
         a.first_seen_at > a.last_seen_at OR a.last_seen_at > k.last_used_at \
         OR a.first_seen_at < k.created_at OR a.first_seen_at / 86400000 <> a.day",
    );
    sample.assert_no_key(
        "requests passed from outside the IP whitelist",
        "usage_addresses AS a JOIN api_keys AS k ON k.id = a.key_id WHERE \
         EXISTS (SELECT 1 FROM api_key_addresses AS w WHERE w.key_id = k.id) AND NOT EXISTS \
         (SELECT 1 FROM api_key_addresses AS w WHERE w.key_id = k.id AND w.address = a.address)",
    );
    sample.assert_no_key(
        "an address in the IP whitelist was denied",
        "denials AS d JOIN api_keys AS k ON k.id = d.key_id WHERE \
         d.reason = 'address_not_allowed' AND EXISTS (SELECT 1 FROM api_key_addresses AS w \
         WHERE w.key_id = k.id AND w.address = d.address)",
    );
}

fn assert_used_scopes_are_granted(sample: &Sample) {
    let mut with_unused_scopes = 0;
    for details in sample.keys() {
        let (key, held) = (&details.key, details.effective_scopes());
        let requested =
            sample.db.read_blocking(|c| usage::scope_requests(c, &key.id)).expect("read");
        assert_eq!(requested.is_empty(), key.last_used_at.is_none(), "{}", key.name.as_str());
        assert!(requested.keys().all(|scope| held.contains(scope)), "{requested:?} of {held:?}");
        assert!(requested.values().all(|day| Some(*day) <= key.last_used_at));
        with_unused_scopes += usize::from(!requested.is_empty() && requested.len() < held.len());
    }
    assert!(with_unused_scopes > 2, "some keys have scopes that they do not use");
    let missing = sample.texts(
        "SELECT key_id || ' ' || detail AS text FROM denials WHERE reason = 'scope_missing'",
    );
    assert!(missing.len() > 4, "{missing:?}");
    for missing in missing {
        let (id, scope) = missing.split_once(' ').expect("two words");
        let id = KeyId::parse(id).expect("a Key ID");
        let details = sample.db.read_blocking(|c| api_keys::find(c, &id)).expect("read");
        let details = details.expect("a key");
        assert!(!details.effective_scopes().contains(scope), "{missing}");
    }
}

#[test]
fn the_situations_of_the_sample_can_be_seen() {
    let sample = Sample::filled(40, 45);
    let today = NOW.millis() / DAY;
    let billing = sample.key_named("Billing worker – production");
    let denied =
        |day: i64| sample.count_requests(&billing, &format!("outcome <> 'pass' AND day = {day}"));
    assert_eq!((denied(today), denied(today - 1)), (12, 23));
    let month = format!("day > {}", today - 30);
    assert_eq!(sample.count_requests(&billing, &format!("outcome <> 'pass' AND {month}")), 37);
    let passed = sample.count_requests(&billing, &format!("outcome = 'pass' AND {month}"));
    assert!((300_000..420_000).contains(&passed), "{passed}");
    let addresses =
        sample.db.read_blocking(|c| usage::addresses(c, &billing.key.id, NOW.plus(-30 * DAY)));
    let addresses: Vec<_> =
        addresses.expect("read").iter().map(|seen| seen.address.to_string()).collect();
    assert_eq!(addresses, ["198.51.100.7", "203.0.113.24"], "the third address was never used");

    let quiet = sample.key_named("Data warehouse sync");
    assert_eq!(quiet.key.status(NOW), Status::Active);
    let idle = NOW.since(quiet.key.last_used_at.expect("it was used"));
    assert!((40 * DAY..42 * DAY).contains(&idle), "{} days", idle / DAY);

    let expired = sample.key_named("Nightly invoice export");
    let yesterday = format!("day = {}", today - 1);
    assert!(
        sample.count_requests(&expired, &format!("outcome = 'key_expired' AND {yesterday}")) > 0
    );
    let revoked = sample.texts(&format!(
        "SELECT DISTINCT key_id AS text FROM usage_days WHERE outcome = 'key_revoked' AND {yesterday}"
    ));
    assert!(!revoked.is_empty());
    let portal = sample.key_named("Customer portal – production");
    let addresses =
        sample.db.read_blocking(|c| usage::addresses(c, &portal.key.id, NOW.plus(-30 * DAY)));
    let addresses = addresses.expect("read");
    let new = addresses.iter().find(|seen| seen.first.millis() >= (today - 1) * DAY);
    assert!(addresses.len() == 2 && new.is_some(), "{addresses:?}");
    let reasons_without_key =
        sample.texts("SELECT DISTINCT reason AS text FROM denials WHERE key_id IS NULL");
    assert_eq!(reasons_without_key.len(), 3, "{reasons_without_key:?}");
}

#[test]
fn a_sample_without_days_has_no_traffic() {
    let sample = Sample::filled(40, 0);
    for table in
        ["usage_hours", "usage_days", "usage_totals", "usage_addresses", "usage_scopes", "denials"]
    {
        let count = format!("SELECT CAST(COUNT(*) AS TEXT) AS text FROM {table}");
        assert_eq!(sample.texts(&count), ["0"], "{table}");
    }
    assert!(sample.keys().iter().all(|details| details.key.last_used_at.is_none()));
}

#[test]
fn days_beyond_the_retention_of_hourly_counts_have_only_daily_counts() {
    let sample = Sample::filled(12, 150);
    let first = |column: &str, table: &str, length: i64| {
        let query = format!("SELECT CAST(MIN({column}) AS TEXT) AS text FROM {table}");
        let first: i64 = sample.texts(&query)[0].parse().expect("a number");
        (NOW.millis() - first * length) / DAY
    };
    assert_eq!(first("hour", "usage_hours", HOUR), 100);
    assert_eq!(first("day", "usage_addresses", DAY), 100);
    assert_eq!(first("day", "usage_days", DAY), 149);
    assert!(first("at", "denials", 1) < 91);
}
