//! The IP whitelist: which addresses it accepts and how it stores them.

use crate::support::App;

#[test]
fn addresses_are_normalised_and_deduplicated_and_keep_their_order() {
    let app = App::set_up();
    let manager = app.super_manager();
    let typed = "  203.0.113.7  \r\n\r\n2001:DB8:0:0:0:0:0:1\n::ffff:203.0.113.7\n203.0.113.7\n\
                 ::ffff:198.51.100.9\n10.0.0.1\n127.0.0.1\n::1\n2001:db8::0001";
    let page = manager.create_key(&[("ip_whitelist", typed)]);
    assert_eq!(page.status, 200, "{}", page.body);
    let stored = app.texts("SELECT address AS text FROM api_key_addresses ORDER BY position");
    let expected = ["203.0.113.7", "2001:db8::1", "198.51.100.9", "10.0.0.1", "127.0.0.1", "::1"];
    assert_eq!(stored, expected);
    let shown = manager.get(&format!("/api-keys/{}", page.key_id()));
    assert_eq!(shown.all(".iplist li code"), expected);
    let form = manager.get(&format!("/api-keys/{}/edit", page.key_id()));
    let kept = form.form_fields("#edit form");
    assert!(kept.contains(&("ip_whitelist".into(), expected.join("\n"))));
}

#[test]
fn a_line_that_is_not_a_single_address_is_rejected_with_its_number() {
    let app = App::set_up();
    let manager = app.super_manager();
    let range = "is a range. Enter one address per line";
    let not_an_address = "is not an IPv4 or IPv6 address";
    let several = "is more than one address. Enter one address per line";
    let not_a_client = "is not the address of one client";
    for (line, why) in [
        ("10.0.0.0/8", range),
        ("2001:db8::/32", range),
        ("10.0.0.1/32", range),
        ("10.0.0.1-10.0.0.9", range),
        ("10.0.0.1 - 9", range),
        ("10.0.0.*", range),
        ("*", range),
        ("10.0.0.1, 10.0.0.2", several),
        ("10.0.0.1 10.0.0.2", several),
        ("10.0.0.1;10.0.0.2", several),
        ("10.0.0.1:443", not_an_address),
        ("[2001:db8::1]", not_an_address),
        ("[2001:db8::1]:443", not_an_address),
        ("fe80::1%eth0", not_an_address),
        ("fe80::1%251", not_an_address),
        ("010.0.0.1", not_an_address),
        ("10.0.0.01", not_an_address),
        ("0x0a.0.0.1", not_an_address),
        ("167772161", not_an_address),
        ("10.0.1", not_an_address),
        ("10.0.0.300", not_an_address),
        ("10.0.0.1.1", not_an_address),
        ("2001:db8::g", not_an_address),
        ("1::2::3", not_an_address),
        ("localhost", not_an_address),
        ("example.com", not_an_address),
        ("http://10.0.0.1", not_an_address),
        ("10.0.0.1 # office", not_an_address),
        ("１０.0.0.1", not_an_address),
        ("0.0.0.0", not_a_client),
        ("::", not_a_client),
        ("255.255.255.255", not_a_client),
        ("224.0.0.1", not_a_client),
        ("ff02::1", not_a_client),
        ("::ffff:0.0.0.0", not_a_client),
    ] {
        let typed = format!("203.0.113.7\n\n{line}");
        let page = manager.create_key(&[("ip_whitelist", &typed)]);
        assert_eq!(page.status, 422, "{line}");
        assert_eq!(page.error_of("ip_whitelist"), format!("Line 3: “{line}” {why}"));
        assert!(page.form_fields("#new form").contains(&("ip_whitelist".into(), typed)));
    }
    assert_eq!((app.count("api_keys"), app.count("api_key_addresses")), (0, 0));
}

#[test]
fn a_long_or_hostile_line_is_truncated_and_escaped() {
    let app = App::set_up();
    let manager = app.super_manager();
    let long = "9".repeat(500);
    let page = manager.create_key(&[("ip_whitelist", &long)]);
    let shown = format!("Line 1: “{}…” is not an IPv4 or IPv6 address", &long[..60]);
    assert_eq!(page.error_of("ip_whitelist"), shown);
    let page = manager.create_key(&[("ip_whitelist", "<b>\u{202e}x</b>")]);
    assert_eq!(page.error_of("ip_whitelist"), "Line 1: “<b>x</b>” is not an IPv4 or IPv6 address");
    assert!(!page.body.contains("<b>x"));
    let many = "nonsense\n".repeat(1000);
    let page = manager.create_key(&[("ip_whitelist", &many)]);
    assert_eq!(page.errors().len(), 5, "only the first five lines have an error");
}

#[test]
fn a_key_has_at_most_a_hundred_addresses() {
    let app = App::set_up();
    let manager = app.super_manager();
    let lines = |count: u32| {
        let all: Vec<_> = (0..count).map(|n| format!("10.0.{}.{}", n / 200, n % 200 + 1)).collect();
        all.join("\n")
    };
    let page = manager.create_key(&[("ip_whitelist", &lines(101))]);
    assert_eq!(page.status, 422);
    assert_eq!(page.error_of("ip_whitelist"), "Enter 100 addresses or fewer");
    let full = format!("{}\n::ffff:10.0.0.1\n10.0.0.2", lines(100));
    assert_eq!(
        manager.create_key(&[("ip_whitelist", &full)]).status,
        200,
        "duplicates do not count"
    );
    assert_eq!(app.count("api_key_addresses"), 100);
}

#[test]
fn an_empty_list_allows_any_address() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.create_key(&[("ip_whitelist", " \n\t\n")]).key_id();
    let page = manager.get(&format!("/api-keys/{id}"));
    assert!(page.body.contains("Any address may use this key."));
    assert_eq!(app.count("api_key_addresses"), 0);
}
