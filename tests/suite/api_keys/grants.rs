//! What the forms of a key say about it: what each role grants, how many scopes are selected, and
//! what the key would be.

use latchkey::domain::members::Permission;

use crate::support::App;

/// The summary of a role in the form at `path`, without its list of scopes.
const SUMMARY: &str = "[data-role='read-and-write']";

#[test]
fn the_form_says_what_each_role_grants_and_how_many_keys_have_it() {
    let app = App::set_up();
    let manager = app.super_manager();
    manager.create_key(&[("name", "Billing worker"), ("role", "read-only")]);
    manager.submit_from(
        "/roles/new",
        "/roles",
        &[("name", "Billing"), ("scopes", "invoices:read"), ("scopes", "orders:write")],
    );
    let page = manager.get("/api-keys/new");
    let shown = |role: &str| page.text(&format!("[data-role='{role}']"));
    assert_eq!(
        shown("read-and-write"),
        "Read and write 6 scopes: read and write on 3 resources. No key has this role. \
         Scopes of Read and writeorders:read, orders:write, invoices:read, invoices:write, \
         reports:read, reports:write"
    );
    assert!(shown("read-only").contains("3 scopes: read on 3 resources. 1 key has this role."));
    assert!(shown("billing").contains("2 scopes: write on 1 resource, read on 1."));
    let options = page.all("#role option[value]:not([value=''])");
    assert_eq!(page.all(".grants li b"), options, "a summary for each option, in their order");
    assert_eq!(page.attribute("#role", "aria-invalid").as_deref(), Some("false"));
}

#[test]
fn only_members_who_may_see_keys_learn_how_many_have_a_role() {
    let app = App::set_up();
    app.super_manager().key_named("Billing worker");
    let manager = app.super_manager_with(&[Permission::CreateKeys]);
    let shown = manager.get("/api-keys/new").text(SUMMARY);
    assert!(shown.contains("read and write on 3 resources. Scopes"), "{shown}");
}

#[test]
fn many_large_roles_do_not_make_the_form_large() {
    let app = App::set_up();
    let manager = app.super_manager();
    let resources: Vec<String> = (0..100).map(|n| format!("resource-{n}")).collect();
    app.write(|tx, context| {
        let lines = resources.join("\n");
        let resources = latchkey::domain::scopes::Resource::parse_lines(&lines).expect("resources");
        latchkey::domain::scopes::add_resources(tx, &resources, context)?;
        for number in 0..100 {
            let draft = latchkey::domain::roles::Draft {
                name: format!("Role {number}"),
                scopes: resources.iter().map(|resource| resource.scope("read").name).collect(),
                ..Default::default()
            };
            latchkey::domain::roles::create(tx, &draft, context)?;
        }
        Ok(())
    });
    let page = manager.get("/api-keys/new");
    assert_eq!(page.all(".grants li").len(), 103);
    assert!(page.text("[data-role='role-0']").ends_with("and 60 more"));
    assert!(page.all(".grants details").len() < 20);
    let list = page.body.find("class=\"grants").expect("the list");
    let end = list + page.body[list..].find("</ul>").expect("its end");
    assert!(end - list < 80_000, "{} bytes", end - list);
    assert_eq!(page.attribute(".matrix", "tabindex").as_deref(), Some("0"));
    assert_eq!(page.text(".matrix-tools output"), "0 of 207 selected");
}

#[test]
fn a_rejected_form_says_what_the_key_would_be() {
    let app = App::set_up();
    let manager = app.super_manager();
    let overview = |fields: &[(&str, &str)]| {
        let page = manager.create_key(&[&[("name", "")], fields].concat());
        assert_eq!(page.status, 422);
        assert!(!page.has("#overview.needs-js"), "it is right without script");
        page.text("#overview")
    };
    assert_eq!(
        overview(&[]),
        "Production · Read and write (6 scopes) · expires 21 Feb 2027 · any address"
    );
    let narrow = [
        ("environment", "staging"),
        ("lifetime", "date"),
        ("expires_on", "2026-12-24"),
        ("access", "selected"),
        ("scopes", "orders:read"),
        ("scopes", "latchkey:introspect"),
        ("ip_whitelist", "203.0.113.7\r\n\r\n203.0.113.8"),
    ];
    assert_eq!(
        overview(&narrow),
        "Staging · Read and write (1 of 6 scopes) · expires 24 Dec 2026 · 2 addresses"
    );
    assert_eq!(
        overview(&[("role", ""), ("environment", ""), ("lifetime", ""), ("ip_whitelist", "x")]),
        "no role · 1 address"
    );
    let page = manager.create_key(&[
        ("access", "selected"),
        ("scopes", "orders:read"),
        ("scopes", "orders:write"),
        ("role", "read-only"),
    ]);
    assert_eq!(page.text(".matrix-tools output"), "2 of 7 selected");
}

#[test]
fn a_form_that_was_not_sent_says_it_only_with_script() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = manager.key_named("Billing worker");
    let page = manager.get(&format!("/api-keys/{id}/edit"));
    let expected = "Read and write (6 scopes) · expires 21 Feb 2027 · any address";
    assert_eq!(page.text("#overview.needs-js"), expected);
    let page = manager.submit(&format!("/api-keys/{id}/edit"), &[("version", "1")]);
    assert_eq!(page.text("#overview"), "no role · any address");
    let page = manager.get(&format!("/api-keys/new?from={id}"));
    assert_eq!(page.text("#overview.needs-js"), format!("Production · {expected}"));
}

#[test]
fn hints_belong_to_their_controls_and_no_text_is_cut_silently() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = manager.get("/api-keys/new");
    for (control, hint, text) in [
        ("fieldset:has(#environment)", "environment-h", "Part of the secret key (lk_prod_…)."),
        ("fieldset:has(#lifetime)", "lifetime-h", "Shorter is safer. Maximum one year."),
        ("#role", "role-h", "The key’s maximum access. Choose the narrowest role that works."),
        ("#notes", "notes-h", "Where this key is used and who owns it."),
    ] {
        assert_eq!(page.attribute(control, "aria-describedby").as_deref(), Some(hint));
        assert!(page.text(&format!("#{hint}")).starts_with(text), "{hint}");
    }
    assert!(!page.has("dialog [maxlength]"));
    assert_eq!(page.attribute("#name", "data-most").as_deref(), Some("80"));
    assert_eq!(page.attribute("#name", "dir").as_deref(), Some("auto"));
    let secret = manager.create_key(&[("name", "خدمة (v2)")]);
    assert_eq!(secret.attribute("#secret-key", "aria-labelledby").as_deref(), Some("secret-l"));
    let id = secret.key_id();
    let notice = manager.get("/roles").text("#notice");
    let page = manager.get(&format!("/api-keys/{id}"));
    let notice = if notice.is_empty() { page.text("#notice") } else { notice };
    assert_eq!(notice, "“\u{2068}خدمة (v2)\u{2069}” created.");
    assert_eq!(page.text("h1 bdi"), "خدمة (v2)");
}
