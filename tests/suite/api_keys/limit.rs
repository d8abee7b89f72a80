//! The limit on the number of active keys.

use crate::support::{App, key_fields};

#[test]
fn at_the_limit_the_error_lists_the_least_recently_used_keys() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 7");
    let manager = app.super_manager();
    let now = app.site.clock.now().millis();
    let ids: Vec<String> = (0..7).map(|n| app.key(&format!("Key {n}"))).collect();
    for (n, id) in ids.iter().enumerate().skip(1) {
        let used = now - (7 - i64::try_from(n).expect("a small number")) * 3_600_000;
        app.sql(&format!("UPDATE api_keys SET last_used_at = {used} WHERE id = '{id}'"));
    }
    assert_eq!(
        manager.get("/api-keys").text(".foot .num"),
        "1–7 of 7 keys. You have reached the limit of active keys."
    );
    let before = app.contents();
    let rejected = manager.create_key(&[("name", "One more")]);
    assert_eq!(rejected.status, 422);
    let message = "You have reached the limit of 7 keys. Revoke one you no longer use";
    assert_eq!(rejected.text("#errors strong"), message);
    let candidates = rejected.all(".candidates a");
    assert_eq!(
        candidates,
        ["Revoke Key 0", "Revoke Key 1", "Revoke Key 2", "Revoke Key 3", "Revoke Key 4"]
    );
    let used = rejected.all(".candidates span");
    assert_eq!(used[0], "Never used");
    assert_eq!(used[1], "Last used 6 hours ago");
    assert_eq!(rejected.attribute("#name", "value").as_deref(), Some("One more"));
    assert_eq!(app.contents(), before);
    let link = rejected.attribute(".candidates a", "href").expect("a link");
    assert_eq!(link, format!("/api-keys/{}/revoke", ids[0]));
    assert_eq!(manager.submit(&link, &[]).status, 303);
    assert_eq!(manager.create_key(&[("name", "One more")]).status, 200);
}

#[test]
fn expired_and_revoked_keys_do_not_count() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 2");
    let manager = app.super_manager();
    let (expired, revoked) = (app.key("Expired"), app.key("Revoked"));
    assert_eq!(manager.create_key(&[]).status, 422);
    app.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE id = '{expired}'"));
    manager.submit(&format!("/api-keys/{revoked}/revoke"), &[]);
    let foot = manager.get("/api-keys").text(".foot .num");
    assert_eq!(foot, "1–1 of 1 key. You can create 2 more.");
    assert_eq!(manager.create_key(&[("name", "A")]).status, 200);
    assert_eq!(manager.create_key(&[("name", "B")]).status, 200);
    assert_eq!(manager.create_key(&[("name", "C")]).status, 422);
}

#[test]
fn a_member_who_cannot_revoke_is_offered_no_candidates() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 1");
    app.key("Only one");
    let creator = app.super_manager_with(&[latchkey::domain::members::Permission::CreateKeys]);
    let page = creator.create_key(&[("name", "Another")]);
    assert_eq!(page.status, 422);
    assert!(!page.has(".candidates") && !page.body.contains("Only one"));
}

#[test]
fn the_limit_applies_to_concurrent_requests() {
    let app = App::set_up();
    app.sql("UPDATE settings SET active_key_limit = 3");
    let manager = app.super_manager();
    let tokens: Vec<String> = (0..8).map(|_| manager.get("/api-keys/new").form_token()).collect();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(n, token)| {
                let (manager, name) = (&manager, format!("Key {n}"));
                scope.spawn(move || {
                    let fields = key_fields(&[("name", &name), ("form_token", token)]);
                    manager.post("/api-keys", &fields).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a response")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 422, 422, 422, 422, 422]);
    assert_eq!(app.count("api_keys"), 3);
}
