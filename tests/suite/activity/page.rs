//! The activity page: its descriptions, links, filters and pages.

use latchkey::base::clock::DAY;
use latchkey::domain::members::Permission;

use super::{add_entries, entries};
use crate::support::{App, Client, Page};

/// The descriptions of the entries on a page, newest first.
fn descriptions(page: &Page) -> Vec<String> {
    page.all(".log .what")
}

fn search_activity(client: &Client, query: &[(&str, &str)]) -> Page {
    let page = client.get(&format!("/activity?{}", crate::support::encoded(query)));
    assert_eq!(page.status, 200, "{query:?}: {}", page.body);
    page
}

#[test]
fn the_log_describes_entries_by_day_with_links() {
    let app = App::set_up();
    let manager = app.super_manager().calling_from("203.0.113.9");
    let id = manager.key_named("Route planner");
    app.advance(DAY);
    assert_eq!(manager.get("/activity").status, 303, "the session has expired");
    let member = entries(&app).pop().and_then(|entry| entry.actor_id).expect("a member");
    let email = app.texts("SELECT email AS text FROM members")[0].clone();
    let manager = app.signed_in(&email);
    let edit = [("ip_whitelist", "203.0.113.7"), ("notes", "")];
    assert_eq!(manager.edit_key(&id, &edit).status, 303);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let page = manager.get("/activity?view=all");
    assert_eq!(
        descriptions(&page),
        [
            "Revoked Route planner, never used",
            "Changed IP whitelist of Route planner: added 1 address",
            "Signed in from a network that is new for them",
            "With password",
            "Created Route planner with role Read and write, expiring 21 Feb 2027",
            "With password",
            &format!("Added Ines Okafor ({email}) as super manager"),
        ]
    );
    let days = page.all(".log .group th");
    assert_eq!(days, ["Today, 24 November 2026", "Yesterday, 23 November 2026"]);
    assert_eq!(page.all(".log .ev")[0], "Key revoked");
    assert_eq!(page.all(".log [data-label=Person]")[6], "Command line");
    assert_eq!(page.all(".log [data-label=From]")[4], "203.0.113.9");
    assert_eq!(page.all(".log [data-label=From]")[6], "–");
    let link = page.attribute(".log .what a", "href");
    assert_eq!(link, Some(format!("/api-keys/{id}")));
    assert_eq!(page.text(".foot"), "1–7 of 7 entries");
    assert!(page.has(&format!("option[value='{member}']")));
    let auditor = app.super_manager_with(&[Permission::ViewActivity]);
    let page = auditor.get("/activity");
    assert!(descriptions(&page).contains(&"Revoked Route planner, never used".to_owned()));
    assert!(!page.has(".log .what a"), "the viewer cannot open the link");
}

#[test]
fn filters_narrow_the_log_alone_and_combined() {
    let app = App::set_up();
    let (one, two) = (app.super_manager().calling_from("2001:db8::7"), app.super_manager());
    let id = one.key_named("Billing worker");
    two.key_named("100%_sure\\");
    two.edit_key(&id, &[("notes", "Changed")]);
    app.member("ines@example.com", true, &[]);
    let wrong = [("email", "ines@example.com"), ("password", "wrong")];
    assert_eq!(app.anonymous().submit("/sign-in", &wrong).status, 422);
    let person = entries(&app)[4].actor_id.clone().expect("a member");
    let count = |query: &[(&str, &str)]| descriptions(&search_activity(&two, query)).len();
    assert_eq!(count(&[("view", "all")]), 9);
    assert_eq!(count(&[("event", "api_key")]), 3);
    assert_eq!(count(&[("event", "api_key.edited")]), 1);
    assert_eq!(count(&[("event", "session")]), 3);
    assert_eq!(count(&[("person", &person), ("view", "all")]), 2);
    assert_eq!(count(&[("person", "command-line")]), 3);
    assert_eq!(count(&[("person", "system")]), 0);
    assert_eq!(count(&[("person", "anonymous"), ("view", "all")]), 1);
    assert_eq!(count(&[("person", &person), ("event", "api_key")]), 1);
    assert_eq!(count(&[("key", &id)]), 2);
    assert_eq!(count(&[("q", &id.to_lowercase())]), 2);
    assert_eq!(count(&[("q", &id[..9])]), 2);
    assert_eq!(count(&[("q", "BILLING")]), 2);
    assert_eq!(count(&[("q", "2001:DB8:0::7")]), 1);
    assert_eq!(count(&[("q", "2001:db8")]), 1);
    for (part, expected) in [("100%_s", 1), ("%", 1), ("0_0", 0), ("\\", 1), ("%_SURE", 1)] {
        assert_eq!(count(&[("q", part)]), expected, "{part}");
    }
    for event in ["api_ke", "api_key.", "nothing", "nothing.at_all", "%", "api%key"] {
        assert_eq!(count(&[("event", event)]), 0, "{event}");
    }
    let page = search_activity(&two, &[("q", "zzz"), ("event", "api_key"), ("period", "today")]);
    assert_eq!(page.text(".empty h2"), "No entries match “zzz”");
    assert_eq!(page.attribute(".empty a", "href").as_deref(), Some("/activity"));
    let chosen = page.attribute("#filter-event option[selected]", "value");
    assert_eq!(chosen.as_deref(), Some("api_key"));
    let page = search_activity(&two, &[("event", "role")]);
    assert_eq!(page.text(".empty h2"), "No entries match these filters");
    let page = search_activity(&two, &[("key", &id)]);
    assert_eq!(page.text(".narrowed code"), id);
    assert_eq!(page.attribute("input[name=key]", "value"), Some(id.clone()));
    let page = two.get(&format!("/api-keys/{id}"));
    let link = page.attribute("a[href^='/activity?key=']", "href").expect("a link");
    assert_eq!(descriptions(&two.get(&link)).len(), 2);
}

#[test]
fn the_log_starts_with_changes_and_shows_sign_ins_on_a_tab_of_their_own() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    app.member("ines@example.com", true, &[]);
    let wrong = [("email", "ines@example.com"), ("password", "wrong")];
    assert_eq!(app.anonymous().submit("/sign-in", &wrong).status, 422);
    let events = |page: &Page| page.all(".log .ev");
    let page = manager.get("/activity");
    assert_eq!(page.all("nav.tabs a"), ["Changes", "Sign-ins", "All"]);
    assert_eq!(page.text("nav.tabs [aria-current]"), "Changes");
    assert_eq!(events(&page), ["Member added", "Key created", "Member added"]);
    assert!(!page.has("#filter-event option[value^=session]"));
    assert_eq!(page.attribute("nav.tabs a", "href").as_deref(), Some("/activity"));
    let page = manager.get("/activity?view=sign-ins");
    assert_eq!(page.text("nav.tabs [aria-current]"), "Sign-ins");
    assert_eq!(events(&page), ["Sign-in failed", "Signed in"]);
    assert!(!page.has("#filter-event option[value^=api_key]"));
    assert_eq!(page.attribute("input[name=view]", "value").as_deref(), Some("sign-ins"));
    assert_eq!(events(&manager.get("/activity?view=all")).len(), 5);
    let page = manager.get("/activity?event=session.signed_in&q=ines&period=7d");
    assert_eq!(page.text("nav.tabs [aria-current]"), "Sign-ins");
    let tab = page.attribute("nav.tabs a", "href");
    assert_eq!(tab.as_deref(), Some("/activity?q=ines&period=7d"));
    let page = manager.get(&format!("/activity?key={id}"));
    assert_eq!(events(&page), ["Key created"]);
    let details = page.attribute(".log .act", "href").expect("a link");
    assert_eq!(manager.get(&details).text("h1"), "Key created");
    assert_eq!(page.text(".log .act"), "Details");
    let name = page.attribute(".log .act", "aria-label").expect("a name");
    assert!(name.starts_with("Details of entry ") && name.contains("Key created"), "{name}");
}

#[test]
fn a_period_counts_whole_days_up_to_today() {
    let app = App::set_up();
    add_entries(&app, 1);
    for _ in 0..9 {
        app.advance(5 * DAY);
        add_entries(&app, 1);
    }
    let manager = app.super_manager();
    let count = |period: &str| {
        let query = [("period", period), ("event", "organisation.set_up")];
        descriptions(&search_activity(&manager, &query)).len()
    };
    assert_eq!(["today", "7d", "30d", "90d", "all"].map(count), [1, 2, 6, 10, 10]);
    assert_eq!(count("nonsense"), 6);
}

#[test]
fn pages_follow_one_another_and_an_invalid_cursor_shows_the_first_page() {
    let app = App::set_up();
    let manager = app.super_manager();
    add_entries(&app, 58);
    let total = app.count("activity");
    let mut page = manager.get("/activity?view=all");
    let mut seen = page.all(".cell-time");
    let first = descriptions(&page);
    let mut pages = 1;
    while let Some(href) = page.attribute(".pager [rel=next]", "href") {
        page = manager.get(&href);
        assert_eq!(page.status, 200);
        seen.extend(page.all(".cell-time"));
        pages += 1;
    }
    assert_eq!((pages, seen.len()), (3, usize::try_from(total).expect("a small number")));
    assert_eq!(page.text(".foot p"), format!("51–{total} of {total} entries"));
    for _ in 1..pages {
        let href = page.attribute(".pager [rel=prev]", "href").expect("a link to newer entries");
        page = manager.get(&href);
    }
    assert_eq!(page.text(".foot p"), format!("1–25 of {total} entries"));
    assert_eq!(descriptions(&page), first);
    for cursor in ["", "x", "1~2", "1~2~x", "~~~", "-1~1~1", "1~1~99999999999999999999", "\0"] {
        for name in ["after", "before"] {
            let page = search_activity(&manager, &[(name, cursor), ("view", "all")]);
            assert_eq!(descriptions(&page), first, "{name}={cursor}");
        }
    }
    let beyond = search_activity(&manager, &[("after", "18446744073709551615~1~1")]);
    assert!(beyond.has(".empty"), "{}", beyond.body);
}

#[test]
fn entries_are_counted_up_to_a_limit() {
    let app = App::set_up();
    let manager = app.super_manager();
    add_entries(&app, 1010);
    assert_eq!(manager.get("/activity").text(".foot p"), "1–25 of 1,000+ entries");
    let kind = search_activity(&manager, &[("event", "organisation")]);
    assert_eq!(kind.text(".foot p"), "1–25 of 1,000+ entries");
}

#[test]
fn a_search_finds_entries_by_few_and_by_many_names_each_once() {
    use latchkey::domain::activity::{self, Entry, Event, Subject};
    let app = App::set_up();
    let manager = app.super_manager();
    app.write(|tx, context| {
        (0..1002).try_for_each(|number| {
            let (id, name) = (format!("crowd-{number}-crowd"), format!("Crowd {number} crowd"));
            let subject = Some(Subject { kind: "api_key", id, name });
            let details = serde_json::json!({});
            activity::record(tx, context, &Entry { event: Event::SetUp, subject, details })
        })
    });
    let footer = |query: &[(&str, &str)]| search_activity(&manager, query).text(".foot p");
    assert_eq!(footer(&[("q", "crowd")]), "1–25 of 1,000+ entries");
    assert_eq!(footer(&[("q", "crowd 70")]), "1–11 of 11 entries");
    assert_eq!(footer(&[("q", "-70"), ("event", "organisation")]), "1–11 of 11 entries");
    assert_eq!(footer(&[("q", "70")]), "1–20 of 20 entries");
    assert!(search_activity(&manager, &[("q", "70"), ("event", "api_key")]).has(".empty"));
    let first = search_activity(&manager, &[("q", "0 CROWD")]);
    assert_eq!(first.text(".foot p"), "1–25 of 101 entries");
    let next = first.attribute(".pager [rel=next]", "href").expect("a next page");
    assert_eq!(manager.get(&next).text(".foot p"), "26–50 of 101 entries");
    let author = entries(&app).pop().expect("an entry").actor_name;
    assert_eq!(footer(&[("q", &author[1..])]), "1–25 of 1,000+ entries");
}

#[test]
fn unknown_and_malformed_entries_are_displayed() {
    const MARKUP: &str = "<script>alert(1)</script>";
    let app = App::set_up();
    let manager = app.super_manager();
    let at = app.site.clock.now().millis();
    let rows = [
        (
            "role.edited",
            "role",
            "Warehouse",
            r#"{"changes":[{"field":"Scopes","from":"orders:read, orders:write","to":"orders:read"}],"keys":3}"#,
        ),
        ("weather.turned_bad", "cloud", MARKUP, "not JSON"),
        ("api_key.created", "api_key", "Half", r#"{"changes":"none"}"#),
        ("\u{202e}nonsense", "", "", "[1,{\"a\":null}]"),
        ("session.sign_in_failed", "member", "Ines", r#"{"email":7}"#),
    ];
    for (number, (event, kind, name, details)) in (1000..).zip(rows) {
        app.sql(&format!(
            "INSERT INTO activity (number, at, event, actor_kind, actor_name, subject_kind, \
             subject_id, subject_name, details, hash) VALUES ({number}, {at}, '{event}', 'robot', \
             '{MARKUP}', '{kind}', 'x', '{name}', '{details}', {})",
            if crate::support::is_postgres() { "''" } else { "x''" }
        ));
        let page = manager.get("/activity");
        assert_eq!(page.status, 200, "{event}: {}", page.body);
        assert!(!page.body.contains(MARKUP) && !page.body.contains('\u{202e}'), "{event}");
        let page = manager.get(&format!("/activity/{number}"));
        assert_eq!(page.status, 200, "{event}: {}", page.body);
        assert!(!page.body.contains(MARKUP) && !page.body.contains('\u{202e}'), "{event}");
    }
    let page = search_activity(&manager, &[("event", "role")]);
    assert_eq!(descriptions(&page), ["Changed role Warehouse: removed orders:write (3 keys)"]);
    assert_eq!(page.text(".ev"), "Role edited");
    assert_eq!(
        descriptions(&search_activity(&manager, &[("event", "weather.turned_bad")])).len(),
        1
    );
}

#[test]
fn an_entry_shows_everything_that_was_recorded() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    manager.edit_key(&id, &[("notes", "Ask Ines")]);
    let entry = entries(&app).pop().expect("an entry");
    let page = manager.get(&format!("/activity/{}", entry.number));
    assert_eq!(page.text("h1"), "Key edited");
    assert_eq!(page.text(".changes li"), "NotesAsk Ines");
    let facts = page.all("aside dd");
    for expected in [entry.request_id.as_deref(), entry.actor_id.as_deref(), Some("api_key.edited")]
    {
        assert!(
            facts.iter().any(|fact| Some(fact.as_str()) == expected),
            "{expected:?}: {facts:?}"
        );
    }
    assert!(facts[0].starts_with("23 November 2026, 12:00:00.000 UTC"), "{facts:?}");
    for number in ["0", "-1", "999999", "9223372036854775808", "x", "1.0", "%00"] {
        assert_eq!(manager.get(&format!("/activity/{number}")).status, 404, "{number}");
    }
}

#[test]
fn hostile_queries_cause_no_error() {
    let app = App::set_up();
    let manager = app.super_manager();
    let long = "x".repeat(3000);
    for text in ["\0", "'; DROP TABLE activity; --", "\u{202e}", "<script>", "%", "👩‍💻", &long]
    {
        for name in ["event", "person", "key", "period", "q", "after", "before", "else"] {
            let page = search_activity(&manager, &[(name, text)]);
            assert!(!page.body.contains("<script>alert"), "{name}");
            let path = format!("/activity/export.csv?{}", crate::support::encoded(&[(name, text)]));
            assert_eq!(manager.get(&path).status, 200, "{path}");
        }
    }
    for query in ["%zz", "q=%ff", "event=%00&event=x", "&&&=="] {
        assert_eq!(manager.get(&format!("/activity?{query}")).status, 200, "{query}");
    }
}
