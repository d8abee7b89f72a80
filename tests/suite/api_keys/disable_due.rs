//! The job that enables and revokes disabled keys at the scheduled time.

use latchkey::base::clock::{DAY, HOUR, MINUTE};
use latchkey::domain::api_keys::{Environment, KeyId, SecretKey};
use latchkey::domain::disabling;
use latchkey::domain::members::Permission;

use super::disable::{badge, create_key, disable, enable, outcome, recorded};
use crate::support::{App, Client};

const LIST: &str = "/attention";
/// Why a key that was used is not revoked.
const USED: &str = "it was used since it was disabled";
const NOOR: &str = "noor@meridianfreight.example";

/// A program with a key that Noor has disabled for a week.
struct Scheduled {
    app: App,
    id: String,
    secret: String,
}

impl Scheduled {
    /// `then` is what happens after the week.
    fn new(then: &str) -> Self {
        let app = App::set_up();
        app.member(NOOR, true, &Permission::ALL);
        let noor = app.signed_in(NOOR);
        let (id, secret) = create_key(&noor, "Billing worker");
        let page = disable(&noor, &id, &[("until", "7d"), ("then", then)]);
        assert_eq!(page.status, 303, "{}", page.body);
        Self { app, id, secret }
    }

    /// Sends a request with the key, which is denied and recorded.
    fn send_request(&self) {
        assert_eq!(outcome(&self.app, &self.secret), "key_disabled");
        self.app.write_usage();
    }

    /// Waits until the week is over and runs the job.
    fn run_after_a_week(&self) {
        self.app.advance(7 * DAY);
        self.app.run_due();
    }

    /// The latest entry of the activity about the key.
    fn last_entry(&self, manager: &Client) -> String {
        let path = format!("/activity?period=all&key={}", self.id);
        manager.get(&path).all(".log .what").remove(0)
    }

    /// Asserts that the key stayed disabled when its time had come, and that the list shows it.
    fn assert_skipped(&self, why: &str) {
        let manager = self.app.super_manager();
        assert_eq!(outcome(&self.app, &self.secret), "key_disabled", "{why}");
        assert_eq!(badge(&manager, &self.id), "Disabled", "{why}");
        let entry = self.last_entry(&manager);
        assert_eq!(entry, format!("Kept Billing worker disabled, against its schedule: {why}"));
        let shown = manager.get(&format!("/api-keys/{}", self.id)).text("#disabled");
        let ended = "Its schedule ended on 30 Nov 2026, 12:00 (UTC), and it was kept disabled.";
        assert!(shown.contains(ended), "{why}: {shown}");
        self.app.find_alerts();
        let list = manager.get(LIST);
        let reasons = list.all(&format!("#{} .cell-why strong", self.id));
        let reason = "Still disabled after its scheduled time".to_owned();
        assert!(reasons.contains(&reason), "{why}: {reasons:?}");
        let link = list.attribute(&format!("#{} .cell-why a", self.id), "href");
        let enable = format!("/api-keys/{}/enable?return=%2Fattention", self.id);
        assert_eq!(link, Some(enable), "{why}");
        self.assert_idle();
    }

    /// Asserts that the job has nothing left to do.
    fn assert_idle(&self) {
        let before = self.app.contents();
        self.app.run_due();
        self.app.advance(MINUTE);
        self.app.run_due();
        assert_eq!(self.app.contents(), before);
    }
}

#[test]
fn a_key_is_enabled_at_the_scheduled_time_and_not_before() {
    let scheduled = Scheduled::new("enable");
    let (app, secret) = (&scheduled.app, &scheduled.secret);
    scheduled.assert_idle();
    app.advance(7 * DAY - MINUTE - 1);
    app.run_due();
    assert_eq!(outcome(app, secret), "key_disabled");
    app.advance(1);
    assert_eq!(outcome(app, secret), "key_disabled", "only the job enables it");
    app.run_due();
    assert_eq!(outcome(app, secret), "pass");
    let manager = app.super_manager();
    assert_eq!(badge(&manager, &scheduled.id), "Never used");
    let entry = scheduled.last_entry(&manager);
    assert_eq!(entry, "Enabled Billing worker, as Ines Okafor had scheduled");
    let path = "/activity?period=all&event=api_key.enabled";
    assert_eq!(manager.get(path).text(".log [data-label=Person]"), "Latchkey");
    assert_eq!(recorded(app, "api_key.enabled"), 1);
    scheduled.assert_idle();
}

#[test]
fn a_key_is_revoked_at_the_scheduled_time_and_not_before() {
    let scheduled = Scheduled::new("revoke");
    let (app, secret) = (&scheduled.app, &scheduled.secret);
    scheduled.assert_idle();
    app.advance(7 * DAY - MINUTE - 1);
    app.run_due();
    assert_eq!(app.count("api_keys WHERE revoked_at IS NOT NULL"), 0);
    app.advance(1);
    app.run_due();
    assert_eq!(outcome(app, secret), "key_revoked");
    let manager = app.super_manager();
    assert_eq!(badge(&manager, &scheduled.id), "Revoked");
    let entry = scheduled.last_entry(&manager);
    assert_eq!(entry, "Revoked Billing worker, never used, as Ines Okafor had scheduled");
    let noor = format!("SELECT id AS text FROM members WHERE email_folded = '{NOOR}'");
    assert_eq!(app.texts("SELECT revoked_by AS text FROM api_keys"), app.texts(&noor));
    scheduled.assert_idle();
}

#[test]
fn a_key_that_was_enabled_by_hand_is_neither_revoked_nor_enabled_later() {
    for then in ["enable", "revoke"] {
        let scheduled = Scheduled::new(then);
        let app = &scheduled.app;
        let noor = app.signed_in(NOOR);
        assert_eq!(enable(&noor, &scheduled.id).status, 303);
        let before = app.contents();
        scheduled.run_after_a_week();
        assert_eq!(app.contents(), before, "{then}");
        assert_eq!(outcome(app, &scheduled.secret), "pass", "{then}");
    }
}

#[test]
fn a_key_without_a_time_stays_disabled() {
    let app = App::set_up();
    let (id, secret) = create_key(&app.super_manager(), "Billing worker");
    assert_eq!(disable(&app.super_manager(), &id, &[]).status, 303);
    let before = app.contents();
    app.advance(60 * DAY);
    app.run_due();
    assert_eq!(outcome(&app, &secret), "key_disabled");
    assert_eq!(app.contents(), before);
}

#[test]
fn a_key_with_which_a_request_came_is_not_revoked() {
    let scheduled = Scheduled::new("revoke");
    scheduled.app.advance(HOUR);
    scheduled.send_request();
    scheduled.run_after_a_week();
    scheduled.assert_skipped(USED);
    let manager = scheduled.app.super_manager();
    assert_eq!(enable(&manager, &scheduled.id).status, 303);
    assert_eq!(outcome(&scheduled.app, &scheduled.secret), "pass");
    let list = manager.get(LIST);
    assert!(!list.has(&format!("#{}", scheduled.id)), "{}", list.text("main"));
}

#[test]
fn a_key_is_revoked_although_requests_with_unknown_keys_came() {
    let scheduled = Scheduled::new("revoke");
    let unknown = SecretKey::generate("lk", Environment::Production).expect("random");
    assert_eq!(outcome(&scheduled.app, unknown.expose()), "invalid_key");
    scheduled.app.write_usage();
    scheduled.run_after_a_week();
    assert_eq!(outcome(&scheduled.app, &scheduled.secret), "key_revoked");
}

#[test]
fn requests_before_the_key_was_disabled_again_do_not_count() {
    let scheduled = Scheduled::new("enable");
    let app = &scheduled.app;
    scheduled.send_request();
    let noor = app.signed_in(NOOR);
    assert_eq!(enable(&noor, &scheduled.id).status, 303);
    app.advance(MINUTE);
    let fields = [("until", "7d"), ("then", "revoke")];
    assert_eq!(disable(&noor, &scheduled.id, &fields).status, 303);
    scheduled.run_after_a_week();
    assert_eq!(badge(&app.super_manager(), &scheduled.id), "Revoked");
}

#[test]
fn a_request_counts_even_if_its_details_have_been_deleted() {
    let scheduled = Scheduled::new("revoke");
    let app = &scheduled.app;
    app.sql("UPDATE settings SET denials_days = 1");
    app.advance(2 * HOUR);
    scheduled.send_request();
    app.advance(3 * DAY);
    app.purge();
    assert_eq!(app.count("denials"), 0);
    app.advance(4 * DAY);
    app.run_due();
    scheduled.assert_skipped(USED);
}

#[test]
fn a_key_is_not_revoked_for_a_member_who_may_no_longer_revoke_keys() {
    let noor = format!("(SELECT id FROM members WHERE email_folded = '{NOOR}')");
    for change in [
        format!("UPDATE members SET disabled_at = 1 WHERE id = {noor}"),
        format!("UPDATE members SET super_manager = false WHERE id = {noor}"),
        format!(
            "DELETE FROM member_permissions WHERE permission = 'api.key.delete' \
             AND member_id = {noor}"
        ),
    ] {
        let scheduled = Scheduled::new("revoke");
        scheduled.app.sql(&change);
        scheduled.run_after_a_week();
        scheduled.assert_skipped("Ines Okafor can no longer revoke keys");
    }
}

/// Removes Noor from the members.
fn remove_noor(app: &App) {
    let id = app.texts(&format!("SELECT id AS text FROM members WHERE email_folded = '{NOOR}'"));
    let manager = app.super_manager();
    assert_eq!(manager.submit(&format!("/members/{}/delete", id[0]), &[]).status, 303);
}

#[test]
fn a_key_is_not_revoked_for_a_member_who_was_removed() {
    let scheduled = Scheduled::new("revoke");
    remove_noor(&scheduled.app);
    scheduled.run_after_a_week();
    scheduled.assert_skipped("Ines Okafor can no longer revoke keys");
}

#[test]
fn a_key_is_enabled_even_if_the_member_who_scheduled_it_was_removed() {
    let scheduled = Scheduled::new("enable");
    remove_noor(&scheduled.app);
    scheduled.run_after_a_week();
    assert_eq!(outcome(&scheduled.app, &scheduled.secret), "pass");
    let manager = scheduled.app.super_manager();
    let entry = scheduled.last_entry(&manager);
    assert_eq!(entry, "Enabled Billing worker, as Ines Okafor had scheduled");
    // The entry about disabling it still has the name.
    let people = manager.get("/activity?period=all&event=api_key.disabled");
    assert_eq!(people.text(".log [data-label=Person]"), "Ines Okafor");
}

#[test]
fn more_keys_than_fit_in_one_transaction_are_enabled_in_one_run() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 500");
    for number in 0..120 {
        let id = KeyId::parse(&app.key(&format!("Key {number}"))).expect("a Key ID");
        let draft = disabling::Draft {
            reason: "A test".into(),
            until: "1h".into(),
            ..disabling::Draft::default()
        };
        app.write(|tx, context| disabling::disable(tx, &id, &draft, context));
    }
    app.advance(HOUR);
    app.run_due();
    assert_eq!(app.count("api_keys WHERE disabled_at IS NOT NULL"), 0);
    assert_eq!(recorded(&app, "api_key.enabled"), 120);
}
