//! The guide that shows how to protect an API.

use latchkey::domain::members::Permission;

use crate::support::App;

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
