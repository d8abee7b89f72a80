//! Once a write is committed, nothing that fails keeps its secret or its answer from the person.

use latchkey::domain::members::Permission;

use super::secret_forms::{SECRET_FORMS, secrets};
use crate::support::{App, PASSWORD, is_postgres};

/// Makes every `what` of a session's row fail, until [`mend`].
fn break_sessions(app: &App, what: &str) {
    app.sql(&if is_postgres() {
        format!(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'broken'; END $$; \
             CREATE TRIGGER broken BEFORE {what} ON sessions FOR EACH ROW EXECUTE FUNCTION broken()"
        )
    } else {
        format!(
            "CREATE TRIGGER broken BEFORE {what} ON sessions BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    });
}

fn mend(app: &App) {
    app.sql(if is_postgres() {
        "DROP TRIGGER broken ON sessions; DROP FUNCTION broken"
    } else {
        "DROP TRIGGER broken"
    });
}

#[test]
fn every_secret_is_shown_when_the_session_cannot_be_written() {
    for form in SECRET_FORMS {
        // With privileges that have changed the session is written after the response as well.
        for is_renewed in [false, true] {
            let app = App::set_up();
            let client = app.super_manager();
            let ready = form.open(&app, &client);
            if is_renewed {
                app.sql("UPDATE members SET version = version + 1");
            }
            break_sessions(&app, "UPDATE");
            let page = ready.send(&client);
            assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
            let shown = secrets(&page);
            assert!(!shown.is_empty(), "{}", form.name);
            let again = ready.send(&client);
            assert_eq!((again.status, secrets(&again).len()), (303, 0), "{}", form.name);
            mend(&app);
            assert_eq!(client.get("/api-keys").status, 200, "{} signs nobody out", form.name);
        }
    }
}

#[test]
fn every_secret_is_shown_while_another_process_holds_the_sessions() {
    if !is_postgres() {
        // Whoever locks a file locks every table, and nothing is committed then.
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
            // It ends the member's sessions before it commits, so it cannot be done at all.
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
fn no_page_with_a_secret_reads_after_its_commit() {
    if !is_postgres() {
        // A trigger of SQLite cannot take a table away.
        return;
    }
    for form in SECRET_FORMS {
        let app = App::set_up();
        let client = app.super_manager();
        let ready = form.open(&app, &client);
        // From this commit on nobody can read keys, webhooks or settings.
        app.sql(&taken_away("activity", &["settings", "webhook_deliveries", "api_key_addresses"]));
        let page = ready.send(&client);
        assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
        assert!(!secrets(&page).is_empty(), "{}", form.name);
        assert_eq!(client.get("/settings").status, 500, "the tables are gone");
    }
}

#[test]
fn the_next_page_says_what_was_done_also_where_the_session_was_renewed() {
    for form in SECRET_FORMS {
        for is_renewed in [false, true] {
            let app = App::set_up();
            let client = app.super_manager();
            let ready = form.open(&app, &client);
            if is_renewed {
                app.sql("UPDATE members SET version = version + 1");
            }
            let page = ready.send(&client);
            assert_eq!(page.status, 200, "{}: {}", form.name, page.body);
            let next = client.get("/api-keys");
            assert_eq!(next.text("#notice"), form.notice, "{}", form.name);
            assert!(!client.get("/api-keys").has("#notice"), "{}: it is said once", form.name);
        }
    }
}

#[test]
fn a_page_is_shown_while_its_notice_cannot_be_taken_out_of_the_session() {
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
    mend(&app);
    assert!(client.get("/api-keys").has("#notice"));
    assert!(!client.get("/api-keys").has("#notice"));
}

#[test]
fn a_new_key_of_a_session_that_could_not_be_written_is_asked_for_again() {
    let app = App::set_up();
    let client = app.super_manager();
    let before = client.cookie("latchkey");
    break_sessions(&app, "UPDATE");
    app.sql("UPDATE members SET version = version + 1");
    assert_eq!(client.get("/api-keys").status, 200);
    assert_eq!(client.cookie("latchkey"), before);
    mend(&app);
    assert_eq!(client.get("/api-keys").status, 200);
    assert_ne!(client.cookie("latchkey"), before);
}

#[test]
fn a_password_that_was_changed_gives_the_session_a_new_key_in_the_end() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.signed_in("ines@example.com");
    let before = client.cookie("latchkey");
    // The transaction of the change may write to the session; the response's own may not.
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
    mend(&app);
    assert_eq!(client.get("/account").status, 200);
    assert_ne!(client.cookie("latchkey"), before);
}

#[test]
fn a_session_that_cannot_be_ended_is_not_said_to_have_ended() {
    let app = App::set_up();
    let client = app.super_manager();
    break_sessions(&app, "DELETE");
    let page = client.submit_from("/api-keys", "/sign-out", &[]);
    assert!(page.status >= 500, "{}", page.status);
    assert!(page.body.contains("Nothing was changed."));
    mend(&app);
    assert_eq!(client.get("/api-keys").status, 200, "still signed in");
    assert_eq!(app.number("SELECT COUNT(*) FROM activity WHERE event = 'session.signed_out'"), 0);
    assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    assert_eq!(app.count("sessions"), 0);
}

#[test]
fn signing_out_needs_no_further_write_once_it_is_committed() {
    let app = App::set_up();
    let (client, copy) = (app.super_manager(), app.anonymous());
    copy.set_cookie("latchkey", &client.cookie("latchkey").expect("a session"));
    app.sql("UPDATE members SET version = version + 1");
    break_sessions(&app, "UPDATE");
    assert_eq!(client.submit_from("/api-keys", "/sign-out", &[]).status, 303);
    mend(&app);
    assert_eq!(copy.get("/api-keys").status, 303, "the session has ended");
}

#[test]
fn who_gets_no_session_is_not_signed_in_and_not_told_that_nothing_was_changed() {
    let app = App::set_up();
    app.member("ines@example.com", true, &Permission::ALL);
    let client = app.anonymous();
    break_sessions(&app, "INSERT");
    let fields = [("email", "ines@example.com"), ("password", PASSWORD)];
    let page = client.submit("/sign-in", &fields);
    assert_eq!((page.status, page.text("h1").as_str()), (503, "It may have been changed"));
    assert!(!page.body.contains("Nothing was changed"));
    assert_eq!(client.get("/api-keys").status, 303);
    mend(&app);
    assert_eq!(client.submit("/sign-in", &fields).status, 303);
    assert_eq!(client.get("/api-keys").status, 200);
}

#[test]
fn a_page_that_fails_after_its_write_does_not_say_that_nothing_was_changed() {
    if !is_postgres() {
        // A trigger of SQLite cannot take a table away.
        return;
    }
    let app = App::set_up();
    let client = app.super_manager();
    // The form's token is used up, and the page cannot be drawn again.
    app.sql(&taken_away("spent_form_tokens", &["sessions"]));
    let wrong = [("current_password", "wrong"), ("password", "lantern orbit cabbage velvet")];
    let page = client.submit_from("/account", "/account/password", &wrong);
    assert_eq!((page.status, page.text("h1").as_str()), (500, "It may have been changed"));
    assert!(!page.body.contains("Nothing was changed"));
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/account"));
}

/// Takes tables away with the commit of whatever is inserted into `table`.
fn taken_away(table: &str, gone: &[&str]) -> String {
    let renamed = |name: &&str| format!("ALTER TABLE IF EXISTS {name} RENAME TO {name}_gone; ");
    format!(
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN {} RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON {table} \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gone()",
        gone.iter().map(renamed).collect::<String>()
    )
}
