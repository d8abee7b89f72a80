//! After a write is committed, no later failure hides its secret or its outcome from the user.

use latchkey::domain::members::Permission;

use super::secret_forms::{SECRET_FORMS, secrets};
use crate::support::{App, PASSWORD, is_postgres};

/// Makes every `event` on the rows of sessions, such as UPDATE, fail until [`repair_sessions`].
fn break_sessions(app: &App, event: &str) {
    app.sql(&if is_postgres() {
        format!(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'broken'; END $$; \
             CREATE TRIGGER broken BEFORE {event} ON sessions \
             FOR EACH ROW EXECUTE FUNCTION broken()"
        )
    } else {
        format!(
            "CREATE TRIGGER broken BEFORE {event} ON sessions \
             BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    });
}

fn repair_sessions(app: &App) {
    app.sql(if is_postgres() {
        "DROP TRIGGER broken ON sessions; DROP FUNCTION broken"
    } else {
        "DROP TRIGGER broken"
    });
}

#[test]
fn every_secret_is_shown_when_the_session_cannot_be_written() {
    for form in SECRET_FORMS {
        // After a change of the member, the session is also written after the response.
        for is_member_changed in [false, true] {
            let app = App::set_up();
            let client = app.super_manager();
            let ready = form.open(&app, &client);
            if is_member_changed {
                app.sql("UPDATE members SET version = version + 1");
            }
            break_sessions(&app, "UPDATE");
            let page = ready.send(&client);
            assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
            let shown = secrets(&page);
            assert!(!shown.is_empty(), "{}", form.name);
            let again = ready.send(&client);
            assert_eq!((again.status, secrets(&again).len()), (303, 0), "{}", form.name);
            repair_sessions(&app);
            assert_eq!(client.get("/api-keys").status, 200, "{} keeps the session", form.name);
        }
    }
}

#[test]
fn every_secret_is_shown_while_another_process_locks_the_sessions() {
    if !is_postgres() {
        // In SQLite a lock covers every table, so that nothing could be committed.
        return;
    }
    for form in SECRET_FORMS {
        let app = App::set_up();
        let client = app.super_manager();
        let ready = form.open(&app, &client);
        let before = app.contents();
        let mut other = app.database.connect();
        other.run("BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE");
        let page = ready.send(&client);
        if form.name == "reset a password" {
            // This ends the sessions of the member before it commits, so it must fail.
            assert_eq!((page.status, app.contents()), (503, before), "{}", page.body);
            assert!(page.body.contains("Nothing was changed."), "{}", page.body);
        } else {
            assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
            assert!(!secrets(&page).is_empty(), "{}", form.name);
        }
        other.run("ROLLBACK");
    }
}

#[test]
fn pages_with_a_secret_do_not_read_the_database_after_the_commit() {
    if !is_postgres() {
        // A trigger cannot rename a table in SQLite.
        return;
    }
    for form in SECRET_FORMS {
        let app = App::set_up();
        let client = app.super_manager();
        let ready = form.open(&app, &client);
        // The commit of the form makes settings, webhooks and addresses of keys unreadable.
        app.sql(&rename_on_commit(
            "activity",
            &["settings", "webhook_deliveries", "api_key_addresses"],
        ));
        let page = ready.send(&client);
        assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
        assert!(!secrets(&page).is_empty(), "{}", form.name);
        assert_eq!(client.get("/settings").status, 500, "the tables are missing");
    }
}

#[test]
fn the_next_page_says_what_was_done_even_after_the_session_was_renewed() {
    for form in SECRET_FORMS {
        for is_member_changed in [false, true] {
            let app = App::set_up();
            let client = app.super_manager();
            let ready = form.open(&app, &client);
            if is_member_changed {
                app.sql("UPDATE members SET version = version + 1");
            }
            let page = ready.send(&client);
            assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
            let next = client.get("/api-keys");
            assert_eq!(next.text("#notice"), form.notice, "{}", form.name);
            assert!(!client.get("/api-keys").has("#notice"), "{}: it is shown once", form.name);
        }
    }
}

#[test]
fn a_page_is_shown_although_its_notice_cannot_be_removed_from_the_session() {
    let app = App::set_up();
    let client = app.super_manager();
    client.create_key(&[]);
    break_sessions(&app, "UPDATE");
    for _ in 0..2 {
        let page = client.get("/api-keys");
        assert_eq!(
            (page.status, page.text("#notice").as_str()),
            (200, "“Billing worker” created.")
        );
    }
    repair_sessions(&app);
    assert!(client.get("/api-keys").has("#notice"));
    assert!(!client.get("/api-keys").has("#notice"));
}

#[test]
fn a_session_key_that_could_not_be_replaced_is_replaced_by_a_later_request() {
    let app = App::set_up();
    let client = app.super_manager();
    let before = client.cookie("latchkey");
    break_sessions(&app, "UPDATE");
    app.sql("UPDATE members SET version = version + 1");
    assert_eq!(client.get("/api-keys").status, 200);
    assert_eq!(client.cookie("latchkey"), before);
    repair_sessions(&app);
    assert_eq!(client.get("/api-keys").status, 200);
    assert_ne!(client.cookie("latchkey"), before);
}

#[test]
fn a_password_change_replaces_the_session_key_even_after_a_failed_write() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.signed_in("ines@example.com");
    let before = client.cookie("latchkey");
    // The transaction that changes the password can write to the session. The later write fails.
    app.sql(&if is_postgres() {
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'broken'; END $$; \
         CREATE TRIGGER broken BEFORE UPDATE OF id_hash ON sessions FOR EACH ROW \
         EXECUTE FUNCTION broken()"
            .to_owned()
    } else {
        "CREATE TRIGGER broken BEFORE UPDATE OF id_hash ON sessions BEGIN \
         SELECT RAISE(ABORT, 'broken'); END"
            .to_owned()
    });
    let fields = [("current_password", PASSWORD), ("password", "lantern orbit cabbage velvet")];
    let changed = client.submit_from("/account", "/account/password", &fields);
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(client.cookie("latchkey"), before);
    repair_sessions(&app);
    assert_eq!(client.get("/account").status, 200);
    assert_ne!(client.cookie("latchkey"), before);
}

#[test]
fn a_sign_out_that_fails_is_not_reported_as_done() {
    let app = App::set_up();
    let client = app.super_manager();
    break_sessions(&app, "DELETE");
    let page = client.submit_from("/api-keys", "/sign-out", &[]);
    assert!(page.status >= 500, "{}", page.status);
    assert!(page.body.contains("Nothing was changed."));
    repair_sessions(&app);
    assert_eq!(client.get("/api-keys").status, 200, "still signed in");
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'session.signed_out'"), 0);
    assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    assert_eq!(app.count("sessions"), 0);
}

#[test]
fn signing_out_does_not_write_after_its_commit() {
    let app = App::set_up();
    let (client, copy) = (app.super_manager(), app.anonymous());
    copy.set_cookie("latchkey", &client.cookie("latchkey").expect("a session"));
    app.sql("UPDATE members SET version = version + 1");
    break_sessions(&app, "UPDATE");
    assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    repair_sessions(&app);
    assert_eq!(copy.get("/api-keys").status, 303, "the session has ended");
}

#[test]
fn a_sign_in_without_a_session_fails_and_does_not_say_that_nothing_was_changed() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.anonymous();
    break_sessions(&app, "INSERT");
    let fields = [("email", "ines@example.com"), ("password", PASSWORD)];
    let page = client.submit("/sign-in", &fields);
    assert_eq!((page.status, page.text("h1").as_str()), (503, "It may have been changed"));
    assert!(!page.body.contains("Nothing was changed"));
    assert_eq!(client.get("/api-keys").status, 303);
    repair_sessions(&app);
    assert_eq!(client.submit("/sign-in", &fields).status, 303);
    assert_eq!(client.get("/api-keys").status, 200);
}

#[test]
fn a_page_that_fails_after_its_write_does_not_say_that_nothing_was_changed() {
    if !is_postgres() {
        // A trigger cannot rename a table in SQLite.
        return;
    }
    let app = App::set_up();
    let client = app.super_manager();
    // The token of the form is used, but the page cannot be rendered again.
    app.sql(&rename_on_commit("spent_form_tokens", &["sessions"]));
    let wrong = [("current_password", "wrong"), ("password", "lantern orbit cabbage velvet")];
    let page = client.submit_from("/account", "/account/password", &wrong);
    assert_eq!((page.status, page.text("h1").as_str()), (500, "It may have been changed"));
    assert!(!page.body.contains("Nothing was changed"));
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/account"));
}

/// SQL after which the commit of an insert into `table` renames the tables in `renamed`.
fn rename_on_commit(table: &str, renamed: &[&str]) -> String {
    let rename = |name: &&str| format!("ALTER TABLE IF EXISTS {name} RENAME TO {name}_gone; ");
    format!(
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN {} RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON {table} \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gone()",
        renamed.iter().map(rename).collect::<String>()
    )
}
