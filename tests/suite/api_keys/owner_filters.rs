//! The table finds keys by owner, external id and label.

use latchkey::domain::api_keys::Draft;

use crate::support::{App, Client, Page, encoded, usual_draft};

fn names(page: &Page) -> Vec<String> {
    page.all("table.keys tbody th a")
}

/// The names of the keys in the table, in alphabetical order.
fn listed(client: &Client, query: &[(&str, &str)]) -> Vec<String> {
    names(&client.get(&format!("/api-keys?sort=name&{}", encoded(query))))
}

/// Adds keys with owners, external ids and labels, and a key without.
fn add_keys(app: &App) {
    for [name, owner, external_id, labels] in [
        ["Apollo", "cus_42", "Crm:42/Key-1", "team=billing\nregion=eu"],
        ["Bolivia", "cus_42", "", "team=shipping"],
        ["Cologne", "CUS_43", "hub@7", "region=eu\nteam=billing"],
        ["Dublin", "", "", ""],
    ]
    .map(|key| key.map(str::to_owned))
    {
        app.key_from(&Draft { name, owner, external_id, labels, ..usual_draft() });
    }
}

#[test]
fn search_finds_keys_by_owner_and_external_id_in_any_case() {
    let app = App::set_up();
    let manager = app.super_manager();
    add_keys(&app);
    for (text, expected) in [
        ("cus_42", &["Apollo", "Bolivia"][..]),
        ("CUS_4", &["Apollo", "Bolivia", "Cologne"]),
        ("cus_43", &["Cologne"]),
        ("crm:42/key-1", &["Apollo"]),
        ("CRM:42", &["Apollo"]),
        ("Y-1", &["Apollo"]),
        ("HUB@", &["Cologne"]),
        ("dublin", &["Dublin"]),
        ("cus%42", &[]),
        ("cusX42", &[]),
        // A search does not match across two of the texts.
        ("apollocus", &[]),
        ("apollo cus", &[]),
        ("cus_42crm", &[]),
    ] {
        assert_eq!(listed(&manager, &[("q", text)]), expected, "{text}");
    }
    let id = app.texts("SELECT id AS text FROM api_keys WHERE name = 'Apollo'").remove(0);
    let edit = [("name", "Zürich"), ("owner", "acme:eu"), ("external_id", "")];
    assert_eq!(manager.edit_key(&id, &edit).status, 303);
    for (text, expected) in
        [("ACME:", &["Zürich"][..]), ("ZÜR", &["Zürich"]), ("cus_42", &["Bolivia"]), ("crm:", &[])]
    {
        assert_eq!(listed(&manager, &[("q", text)]), expected, "{text}");
    }
}

#[test]
fn the_filters_by_owner_and_label_combine_with_each_other_and_with_a_search() {
    let app = App::set_up();
    let manager = app.super_manager();
    add_keys(&app);
    let (owner, label) = (("owner", "cus_42"), ("label", "team=billing"));
    for (query, expected) in [
        (&[owner][..], &["Apollo", "Bolivia"][..]),
        (&[label], &["Apollo", "Cologne"]),
        (&[owner, label], &["Apollo"]),
        (&[owner, ("q", "boli")], &["Bolivia"]),
        (&[label, ("q", "HUB")], &["Cologne"]),
        (&[label, ("q", "boli")], &[]),
        (
            &[owner, ("role", "read-and-write"), ("environment", "production")],
            &["Apollo", "Bolivia"],
        ),
        (&[owner, ("role", "read-only")], &[]),
        (&[owner, ("environment", "staging")], &[]),
        (&[("owner", "cus_4")], &[]),
        (&[("owner", "%")], &[]),
        (&[("label", "team=bill")], &[]),
        (&[("label", "team=")], &[]),
        (&[("label", "region=eu"), ("view", "revoked")], &[]),
        (&[("owner", ""), ("label", "")], &["Apollo", "Bolivia", "Cologne", "Dublin"]),
    ] {
        assert_eq!(listed(&manager, query), expected, "{query:?}");
    }
    let id = app.texts("SELECT id AS text FROM api_keys WHERE name = 'Apollo'").remove(0);
    assert_eq!(manager.submit(&format!("/api-keys/{id}/revoke"), &[]).status, 303);
    let revoked = ("view", "revoked");
    for (query, expected) in [
        (&[owner][..], &["Bolivia"][..]),
        (&[owner, revoked], &["Apollo"]),
        (&[label, revoked], &["Apollo"]),
        (&[label, revoked, ("q", "crm")], &["Apollo"]),
        (&[owner, revoked, ("q", "boli")], &[]),
    ] {
        assert_eq!(listed(&manager, query), expected, "{query:?}");
    }
}

#[test]
fn the_page_says_what_restricts_the_table_and_links_to_all_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    add_keys(&app);
    assert!(!manager.get("/api-keys").has("p.also"));
    let page = manager.get("/api-keys?owner=cus_42&label=team%3Dbilling&q=apollo");
    assert_eq!(page.all("p.also code"), ["cus_42", "team=billing"]);
    let text = page.all("p.also");
    assert!(text[0].starts_with("Owner:") && text[1].starts_with("Label:"), "{text:?}");
    for (href, link) in [
        ("/api-keys?q=apollo&label=team%3Dbilling", "Show all keys, whatever their owner"),
        ("/api-keys?q=apollo&owner=cus_42", "Show all keys, whatever their label"),
    ] {
        assert_eq!(page.text(&format!("p.also a[href='{href}']")), link);
    }
    let kept = page.form_fields("form.filters");
    for (name, value) in [("owner", "cus_42"), ("label", "team=billing"), ("q", "apollo")] {
        assert!(kept.contains(&(name.into(), value.into())), "{name} in {kept:?}");
    }
    let tab = page.attribute(".tabs a:nth-of-type(4)", "href").expect("a tab");
    assert_eq!(tab, "/api-keys?view=revoked&q=apollo&owner=cus_42&label=team%3Dbilling");
    let empty = manager.get("/api-keys?owner=nobody");
    assert_eq!(empty.text(".empty h2"), "No keys match these filters");
    assert_eq!(empty.attribute(".empty a", "href").as_deref(), Some("/api-keys"));
}
