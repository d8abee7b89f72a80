//! Disabling a key in its dialog: at once, for a reason, and until it is enabled again.

use latchkey::base::clock::DAY;

use crate::support::{App, Client, Page, replaced};
use crate::verification::wire::Request;

pub const REASON: &str = "The partner was told";
/// The address of the gateway's client.
pub const CLIENT: &str = "203.0.113.7";

/// What a gateway learns about a request with `secret`: `pass`, or the code of the denial.
pub fn outcome(app: &App, secret: &str) -> String {
    let request = Request::new(&app.url, "GET", "/v1/authorize").from(CLIENT);
    let response = request.bearer(secret).send();
    match response.status {
        200 => "pass".to_owned(),
        401 => response.header("latchkey-code").to_owned(),
        status => panic!("{status}: {}", response.raw),
    }
}

/// Creates a key and returns its Key ID and its secret key.
pub fn create_key(manager: &Client, name: &str) -> (String, String) {
    let page = manager.create_key(&[("name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    (page.key_id(), page.secret())
}

/// Submits the dialog with `fields`, and with the usual reason if they have none.
pub fn disable(manager: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    let usual = [("reason", REASON)];
    let usual = usual.iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    let all: Vec<_> = fields.iter().chain(usual).copied().collect();
    manager.submit(&format!("/api-keys/{id}/disable"), &all)
}

/// Submits the dialog that enables a disabled key.
pub fn enable(manager: &Client, id: &str) -> Page {
    manager.submit(&format!("/api-keys/{id}/enable"), &[])
}

/// The badge on the page of a key.
pub fn badge(manager: &Client, id: &str) -> String {
    manager.get(&format!("/api-keys/{id}")).text(".title-row .badge")
}

/// How many entries of the activity have this event.
pub fn recorded(app: &App, event: &str) -> i64 {
    app.number(&format!("SELECT COUNT(*) FROM activity WHERE event = '{event}'"))
}

/// A key that does not work, and why its dialog does not open.
fn assert_cannot_be_disabled(app: &App, manager: &Client, id: &str, why: &str) {
    let (path, before) = (format!("/api-keys/{id}/disable"), app.contents());
    let opened = manager.get(&path);
    assert_eq!((opened.status, opened.location()), (303, format!("/api-keys/{id}").as_str()));
    assert_eq!(manager.get(opened.location()).text("#notice"), why);
    let late = app.post_with_token(manager, &path, &[("reason", REASON)]);
    assert_eq!(late.status, 409, "{why}");
    let error = "Someone else has disabled or revoked this key";
    assert!(late.errors()[0].starts_with(error), "{:?}", late.errors());
    assert_eq!(app.contents(), before, "{why}");
}

#[test]
fn a_disabled_key_passes_nothing_from_the_next_request_on_until_it_is_enabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    // The first requests put the key into every cache.
    for _ in 0..3 {
        assert_eq!(outcome(&app, &secret), "pass");
    }
    for _ in 0..2 {
        assert_eq!(disable(&manager, &id, &[]).status, 303);
        assert_eq!(outcome(&app, &secret), "key_disabled");
        assert_eq!(outcome(&app, &secret), "key_disabled");
        assert_eq!(enable(&manager, &id).status, 303);
        assert_eq!(outcome(&app, &secret), "pass");
    }
}

#[test]
fn the_page_of_a_disabled_key_says_why_and_what_happens_next() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, _) = create_key(&manager, "Billing worker");
    let page = format!("/api-keys/{id}");
    let link = manager.get(&page).attribute("a[href*='/disable']", "href").expect("a link");
    let dialog = manager.get(&link);
    assert_eq!(dialog.text("#disable-t"), "Disable “Billing worker”?");
    assert_eq!(dialog.text("#disable .btn-primary"), "Disable Key");
    assert!(!dialog.has("#confirm"), "the key is not in use");
    let form = dialog.form_fields("#disable form");
    let fields = replaced(&form, &[("reason", REASON), ("until", "7d")]);
    let done = manager.post(&format!("{page}/disable"), &fields);
    assert_eq!((done.status, done.location()), (303, page.as_str()), "{}", done.body);
    let shown = manager.get(&page);
    assert_eq!(shown.text("#notice"), "“Billing worker” disabled.");
    assert_eq!(shown.text(".title-row .badge"), "Disabled");
    for part in [
        "This key is disabled. Requests with it are denied.",
        "Ines Okafor disabled it on 23 Nov 2026, 12:00 (UTC): The partner was told",
        "It will be enabled on 30 Nov 2026, 12:00 (UTC). No requests since it was disabled.",
    ] {
        assert!(shown.text("#disabled").contains(part), "{part}: {}", shown.text("#disabled"));
    }
    assert_eq!(shown.all(".log tbody tr td.what"), ["Disabled", "Created"]);
    assert!(!shown.has("a[href*='/disable']"));
    let link = shown.attribute("a[href*='/enable']", "href").expect("a link");
    let done = manager.submit(&link, &[("return", &page)]);
    assert_eq!((done.status, done.location()), (303, page.as_str()), "{}", done.body);
    let shown = manager.get(&page);
    assert_eq!(shown.text("#notice"), "“Billing worker” enabled.");
    assert_eq!(shown.text(".title-row .badge"), "Never used");
    assert!(!shown.has("#disabled"));
    assert_eq!(shown.all(".log tbody tr td.what"), ["Enabled", "Disabled", "Created"]);
}

#[test]
fn disabled_keys_have_a_tab_with_their_count_and_a_row_with_enable() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, other) = (app.key("Billing worker"), app.key("Payroll"));
    let actions = |page: &Page, id: &str| page.all(&format!("#{id} a.act"));
    let table = manager.get("/api-keys");
    assert_eq!(table.all(".tabs a")[1], "Disabled 0");
    assert_eq!(actions(&table, &id), ["Edit", "Rotate", "Disable", "Revoke"]);
    assert_eq!(disable(&manager, &id, &[]).location(), format!("/api-keys#{id}"));
    let table = manager.get("/api-keys");
    assert_eq!(table.text("#notice"), "“Billing worker” disabled.");
    assert_eq!(table.all(".tabs a")[..2], ["All 2", "Disabled 1"]);
    assert_eq!(table.text(&format!("#{id} .badge")), "Disabled");
    assert_eq!(actions(&table, &id), ["Edit", "Rotate", "Enable", "Revoke"]);
    assert_eq!(actions(&table, &other), ["Edit", "Rotate", "Disable", "Revoke"]);
    assert!(!table.has(&format!("#{id} input[name=keys]")), "it cannot be selected");
    let disabled = manager.get("/api-keys?view=disabled");
    assert_eq!(disabled.all("table.keys tbody .keyid"), [id.as_str()]);
    assert_eq!(disabled.text(".foot .num"), "1–1 of 1 key.");
    for (query, found) in [("q=billing", 1), ("q=payroll", 0), ("role=read-only", 0)] {
        let page = manager.get(&format!("/api-keys?view=disabled&{query}"));
        assert_eq!(page.all("table.keys tbody .keyid").len(), found, "{query}");
    }
    let path = table.attribute(&format!("#{id} a.act[href$='/enable']"), "href").expect("a link");
    assert_eq!(manager.submit(&path, &[]).location(), format!("/api-keys#{id}"));
    assert_eq!(manager.get("/api-keys").text("#notice"), "“Billing worker” enabled.");
    assert_eq!(manager.get("/api-keys?view=disabled").text(".empty h2"), "No disabled keys");
}

#[test]
fn the_reason_is_required_and_has_at_most_two_hundred_characters() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let (longest, longer) = ("é".repeat(200), "é".repeat(201));
    let before = app.contents();
    for (reason, message) in [
        ("", "Enter a reason"),
        ("  ", "Enter a reason"),
        (&*longer, "Reason must be 200 characters or fewer"),
    ] {
        let page = disable(&manager, &id, &[("reason", reason), ("until", "30d")]);
        assert_eq!((page.status, page.error_of("reason").as_str()), (422, message), "{reason}");
        assert_eq!(page.errors(), [message]);
        assert_eq!(page.attribute("#errors a", "href").as_deref(), Some("#reason"));
        assert_eq!(page.attribute("#reason", "value").as_deref(), Some(reason));
        assert!(page.has("[name=until][value='30d'][checked]"), "{}", page.body);
        assert!(page.text("title").starts_with("Error: "));
    }
    assert_eq!(app.contents(), before);
    assert_eq!(disable(&manager, &id, &[("reason", &longest)]).status, 303);
    assert_eq!(app.texts("SELECT disabled_reason AS text FROM api_keys"), [longest]);
}

#[test]
fn disabling_a_key_used_in_the_last_seven_days_requires_its_last_four_characters() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing worker");
    let now = app.site.clock.now().millis();
    let path = format!("/api-keys/{id}/disable");
    app.sql(&format!("UPDATE api_keys SET last_used_at = {}", now - 7 * DAY));
    assert!(!manager.get(&path).has("#confirm"), "seven days ago");
    app.sql(&format!("UPDATE api_keys SET last_used_at = {}", now - 7 * DAY + 1));
    let last_four = &id[id.len() - 4..];
    let label =
        format!("This key is in use. Type its last four characters, {last_four}, to confirm");
    assert_eq!(manager.get(&path).text("label[for=confirm]"), label);
    let before = app.contents();
    for typed in ["", " ", "x", &last_four[..3], &id] {
        let page = disable(&manager, &id, &[("confirm", typed)]);
        assert_eq!(page.status, 422, "{typed:?}");
        let error = page.error_of("confirm");
        assert!(error.starts_with(&format!("Type {last_four} to confirm")), "{error}");
        assert_eq!(page.attribute("#reason", "value").as_deref(), Some(REASON));
    }
    assert_eq!(app.contents(), before);
    let typed = format!(" {} ", last_four.to_lowercase());
    assert_eq!(disable(&manager, &id, &[("confirm", &typed)]).status, 303);
}

#[test]
fn only_a_key_that_works_can_be_disabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [revoked, expired, disabled] = ["Gone", "Old", "Paused"].map(|name| app.key(name));
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    app.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE id = '{expired}'"));
    assert_eq!(disable(&manager, &disabled, &[]).status, 303);
    for (id, why) in [
        (&revoked, "“Gone” is revoked. It passes nothing as it is."),
        (&expired, "“Old” has expired. It passes nothing as it is."),
        (&disabled, "“Paused” is already disabled."),
    ] {
        assert_cannot_be_disabled(&app, &manager, id, why);
    }
    assert_eq!(recorded(&app, "api_key.disabled"), 1);
}

#[test]
fn only_a_disabled_key_can_be_enabled() {
    let app = App::set_up();
    let manager = app.super_manager();
    let [revoked, active] = ["Gone", "Billing worker"].map(|name| app.key(name));
    assert_eq!(disable(&manager, &revoked, &[]).status, 303);
    assert_eq!(manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]).status, 303);
    let before = app.contents();
    for (id, name) in [(&revoked, "Gone"), (&active, "Billing worker")] {
        let path = format!("/api-keys/{id}/enable");
        let opened = manager.get(&path);
        assert_eq!((opened.status, opened.location()), (303, format!("/api-keys/{id}").as_str()));
        let notice = manager.get(opened.location()).text("#notice");
        assert_eq!(notice, format!("“{name}” is not disabled."));
        assert_eq!(app.post_with_token(&manager, &path, &[]).status, 409, "{name}");
    }
    assert_eq!(app.contents(), before);
}

#[test]
fn of_two_people_who_disable_a_key_at_once_the_second_gets_a_conflict() {
    let app = App::set_up();
    let (one, other) = (app.super_manager(), app.super_manager());
    let id = app.key("Billing worker");
    let path = format!("/api-keys/{id}/disable");
    let forms = [&one, &other].map(|manager| manager.get(&path).form_fields("#disable form"));
    let send = |manager: &Client, form: &[(String, String)]| {
        manager.post(&path, &replaced(form, &[("reason", REASON)]))
    };
    let pages = std::thread::scope(|scope| {
        let first = scope.spawn(|| send(&one, &forms[0]));
        let second = scope.spawn(|| send(&other, &forms[1]));
        [first.join().expect("sent"), second.join().expect("sent")]
    });
    let mut statuses = pages.each_ref().map(|page| page.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(recorded(&app, "api_key.disabled"), 1);
}

#[test]
fn a_form_that_is_submitted_twice_leads_to_where_it_first_led() {
    let app = App::set_up();
    let manager = app.super_manager();
    let (id, secret) = create_key(&manager, "Billing worker");
    for (step, expected) in [("disable", "key_disabled"), ("enable", "pass")] {
        let path = format!("/api-keys/{id}/{step}");
        let token = manager.get(&path).form_token();
        let fields = [("form_token", token.as_str()), ("reason", REASON)];
        let first = manager.post(&path, &fields);
        assert_eq!(first.status, 303, "{step}: {}", first.body);
        let second = manager.post(&path, &fields);
        assert_eq!((second.status, second.location()), (303, first.location()), "{step}");
        assert_eq!(outcome(&app, &secret), expected);
        assert_eq!(recorded(&app, &format!("api_key.{step}d")), 1);
    }
}
