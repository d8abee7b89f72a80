//! The guide that shows how to protect an API.

use latchkey::domain::checklist;
use latchkey::domain::members::Permission;
use latchkey::domain::usage::Outcome;

use crate::mail;
use crate::support::{App, Page};
use crate::usage::{record_denial, record_passes};

/// The steps of the checklist that are done.
fn done(page: &Page) -> Vec<String> {
    page.all("#checklist .done p")
}

#[test]
fn the_guide_shows_the_configuration_of_each_gateway_with_the_address_of_this_server() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.get("/get-started");
    assert_eq!((page.status, page.text("h1").as_str()), (200, "Protect Your API"));
    let tabs = page.all(".bar .tabs a");
    let expected = ["nginx", "Caddy", "HAProxy", "Envoy", "Traefik", "Kubernetes", "In code"];
    assert_eq!(tabs, expected);
    assert_eq!(page.text(".tabs a[aria-current=page]"), "nginx");
    assert_eq!(page.text("#file-1-t"), "/etc/nginx/conf.d/latchkey.conf");
    let server = app.site.gateway_url.to_string();
    let address = server.trim_start_matches("http://");
    for (gateway, file) in
        [("nginx", 1), ("caddy", 1), ("haproxy", 1), ("envoy", 1), ("traefik", 2)]
    {
        let page = manager.get(&format!("/get-started?gateway={gateway}"));
        let text = page.text(&format!("#file-{file}"));
        let address = match gateway {
            "envoy" => format!("port_value: {} ", app.site.gateway_url.port()),
            _ => address.to_owned(),
        };
        assert!(text.contains(&address), "{gateway}: {text}");
        assert_eq!(page.text("#server"), server);
        let copy = format!("[data-copy=file-{file}]");
        assert!(page.has(&copy) && page.has("#live"), "{gateway}");
    }
    assert_eq!(manager.get("/get-started?gateway=pigeon").status, 404);
}

#[test]
fn the_guide_covers_gateways_in_kubernetes_and_services_without_a_gateway() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.get("/get-started?gateway=istio");
    assert_eq!(page.text(".bar a[aria-current=page]"), "Kubernetes");
    assert_eq!(page.text(".card-head a[aria-current=page]"), "Istio");
    assert!(page.text(".guide").contains("tests do not run this configuration"));
    let page = manager.get("/get-started?gateway=curl");
    assert_eq!(page.all(".card-head .tabs a"), ["curl", "Express", "FastAPI", "actix-web"]);
    assert_eq!(page.text("#server"), format!("{}/v1/introspect", app.site.gateway_url));
    assert!(page.text("#file-1").contains("client_ip"));
}

#[test]
fn members_who_may_view_keys_reach_the_guide_from_the_account_menu() {
    let app = App::set_up();
    let viewer = app.super_manager_with(&[Permission::ViewKeys]);
    assert!(viewer.get("/api-keys").has("#me a[href='/get-started']"));
    assert_eq!(viewer.get("/get-started").status, 200);
    let other = app.super_manager_with(&[Permission::ManageRoles]);
    assert!(!other.get("/roles").has("#me a[href='/get-started']"));
    assert_eq!(other.get("/get-started").status, 403);
}

#[test]
fn the_checklist_ticks_the_first_steps_until_all_are_done() {
    let app = App::set_up();
    let manager = app.super_manager();
    let shown = || manager.get("/api-keys");
    let page = shown();
    assert_eq!(page.text("#checklist h2"), "Get started");
    assert_eq!(
        page.all("#checklist li a"),
        [
            "Create a key",
            "Protect your API",
            "See the first allowed request",
            "Invite a second super manager",
            "Set up email and alerts",
        ]
    );
    let advice = page.text("#checklist ol");
    assert!(advice.contains("You are the only one.") && advice.contains("Email is not set up"));
    assert_eq!(done(&page), [""; 0]);
    let id = app.key("Billing worker");
    assert_eq!(done(&shown()), ["Create a key (done)"]);
    record_denial(&app, None, "192.0.2.9", (Outcome::MissingKey, ""), "/orders");
    assert_eq!(done(&shown()).last().expect("a step"), "Protect your API (done)");
    record_passes(&app, &id, "192.0.2.9", &[], 1);
    assert_eq!(done(&shown()).last().expect("a step"), "See the first allowed request (done)");
    app.member("tomas@meridianfreight.example", true, &[Permission::ViewKeys]);
    let page = shown();
    assert_eq!(done(&page).last().expect("a step"), "Invite a second super manager (done)");
    assert_eq!(page.all("#checklist li a"), ["Set up email and alerts"]);
    checklist::close_if_done(&app.site.db).expect("a successful run");
    assert!(shown().has("#checklist"), "a step is left");
    mail::use_server(&app, 2525);
    assert!(!shown().has("#checklist"));
    checklist::close_if_done(&app.site.db).expect("a successful run");
    app.sql("DELETE FROM mail_server");
    assert!(!shown().has("#checklist"), "it stays closed");
}

#[test]
fn the_checklist_can_be_dismissed_for_everyone() {
    let app = App::set_up();
    let manager = app.super_manager();
    assert!(manager.get("/api-keys").has("#checklist"));
    let answer = manager.submit_from("/api-keys", "/api-keys/checklist/dismiss", &[]);
    assert_eq!((answer.status, answer.location()), (303, "/api-keys"));
    let page = manager.get("/api-keys");
    assert!(page.text("#notice").starts_with("Checklist dismissed."), "{}", page.body);
    assert!(!page.has("#checklist"));
    let form = manager.get("/settings").form_fields("form[action='/settings']");
    let renamed = crate::support::replaced(&form, &[("organisation", "Meridian")]);
    assert_eq!(manager.post("/settings", &renamed).status, 303);
    assert!(!manager.get("/api-keys").has("#checklist"), "saving settings does not bring it back");
}

#[test]
fn the_checklist_is_only_shown_to_those_who_may_do_its_steps() {
    let app = App::set_up();
    let needed = [
        Permission::ViewKeys,
        Permission::CreateKeys,
        Permission::ManageMembers,
        Permission::ManageSettings,
    ];
    assert!(app.super_manager_with(&needed).get("/api-keys").has("#checklist"));
    for missing in &needed[1..] {
        let held: Vec<_> = needed.into_iter().filter(|held| held != missing).collect();
        let page = app.super_manager_with(&held).get("/api-keys");
        assert!(page.status == 200 && !page.has("#checklist"), "{missing:?}");
    }
}

#[test]
fn the_checklist_warns_of_plain_http_beyond_this_machine() {
    let app = App::set_up();
    assert!(!app.super_manager().get("/api-keys").has("#insecure"));
    let app = App::with_public_url(Some("http://keys.example.com")).with_organisation();
    let warning = app.super_manager().get("/api-keys").text("#insecure");
    assert!(warning.contains("http://keys.example.com is not encrypted."), "{warning}");
}
