//! The field in the header that finds keys, requests and addresses from any page.

use std::net::IpAddr;

use crate::support::{App, Client, Page};

/// Sends the field from the page at `from`.
fn look_up(client: &Client, from: &str, text: &str) -> Page {
    client.submit_from(from, "/diagnosis/lookup", &[("question", text)])
}

#[track_caller]
fn leads_to(client: &Client, text: &str, location: &str) {
    let page = look_up(client, "/settings", text);
    assert_eq!((page.status, page.location()), (303, location), "{text}");
}

#[test]
fn an_id_an_address_or_a_name_leads_to_its_page() {
    let app = App::set_up();
    let id = app.key("Billing worker");
    let manager = app.super_manager();
    leads_to(&manager, &format!(" {id}\n"), &format!("/api-keys/{id}"));
    leads_to(&manager, &id.to_lowercase(), &format!("/api-keys/{id}"));
    leads_to(&manager, "key_000000000000", "/api-keys?q=key_000000000000");
    leads_to(&manager, "key_7Q", "/api-keys?q=key_7Q");
    leads_to(&manager, "req_7QF2M8KDX4TN7QF2", "/diagnosis?q=req_7QF2M8KDX4TN7QF2");
    leads_to(&manager, "203.0.113.7", "/usage/address?q=203.0.113.7");
    leads_to(&manager, "::ffff:203.0.113.7", "/usage/address?q=203.0.113.7");
    leads_to(&manager, "2001:DB8::1", "/usage/address?q=2001%3Adb8%3A%3A1");
    leads_to(&manager, "Billing & worker", "/api-keys?q=Billing+%26+worker");
    leads_to(&manager, " ", "/api-keys");
}

#[test]
fn a_secret_key_is_diagnosed_in_the_response_and_never_in_a_url() {
    let app = App::set_up();
    let manager = app.super_manager();
    let secret = manager.create_key(&[("name", "Billing worker")]).secret();
    let page = look_up(&manager, "/activity", &secret);
    assert_eq!(page.status, 200);
    assert!(page.text("#answer").contains("Billing worker"), "{}", page.text("#answer"));
    assert!(!page.body.contains(&secret));
    assert_eq!(page.header("cache-control"), "no-store");
    // The forms of that page work.
    let token = page.form_token();
    let again = manager.post("/diagnosis", &[("form_token", &token), ("question", "key_7Q")]);
    assert_eq!((again.status, again.location()), (303, "/diagnosis?q=key_7Q"));
    let with_header = format!("Bearer {}", &secret[..40]);
    let with_words = format!("a key: {secret}");
    for text in ["lk_prod_abc", &secret[..40], &"x".repeat(32), &with_words, &with_header] {
        let page = look_up(&manager, "/api-keys", text);
        assert_eq!(page.status, 200, "{text}");
        assert!(page.has("#answer"), "{text}");
    }
}

#[test]
fn the_page_of_an_address_lists_the_keys_that_used_it_and_those_that_list_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    let used = app.key("Billing worker");
    app.key("Payroll");
    manager.create_key(&[("name", "Courier <b>"), ("ip_whitelist", "203.0.113.7\n203.0.113.8")]);
    let at = app.site.clock.now().millis();
    let address: IpAddr = "203.0.113.7".parse().expect("an address");
    app.sql(&format!(
        "INSERT INTO usage_addresses (key_id, address, day, first_seen_at, last_seen_at, count) \
         VALUES ('{used}', '{address}', 20000, {at}, {at}, 3), ('{used}', '{address}', 20001, {at}, {at}, 4)"
    ));
    let page = manager.get("/usage/address?q=203.0.113.7");
    assert_eq!(page.all("tbody .name a"), ["Billing worker"]);
    assert_eq!(page.text("tbody .num"), "7");
    assert_eq!(page.all("[aria-labelledby=listed-t] a"), ["Courier <b>"]);
    let unknown = manager.get("/usage/address?q=192.0.2.1");
    assert_eq!(unknown.status, 200);
    assert!(unknown.text("main").contains("No key lists this address."));
    assert_eq!(manager.get("/usage/address?q=%3Cb%3E").status, 404);
}
