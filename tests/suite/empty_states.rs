//! What lists show while they have no rows.

use latchkey::domain::members::Permission;

use crate::support::App;

#[test]
fn an_empty_list_has_an_icon_and_the_next_step() {
    let app = App::set_up();
    let manager = app.super_manager();
    for (path, icon, step) in [
        ("/alerts", "bell", "a[href='/settings/alerts']"),
        ("/reviews", "circle-check", "form[action='/reviews'] button"),
        ("/leaks", "search", "a[href='/leaks/new']"),
        ("/webhooks", "webhook", "a[href='/webhooks/new']"),
        ("/mail", "mail", "a[href='/settings#mail']"),
    ] {
        let page = manager.get(path);
        assert!(page.has(&format!(".empty .art use[href$='#{icon}']")), "{path}: {}", page.body);
        assert!(page.has(&format!(".empty {step}")), "{path}: {}", page.body);
    }
}

#[test]
fn the_next_step_is_left_out_for_those_who_cannot_take_it() {
    let app = App::set_up();
    let reader = app.super_manager_with(&[Permission::ViewKeys]);
    for path in ["/alerts", "/reviews"] {
        let page = reader.get(path);
        assert!(page.has(".empty .art") && !page.has(".empty .btn"), "{path}: {}", page.body);
    }
}
