//! Spellings of names and email addresses: which are equal, how they are sorted and found, and what
//! happens to those that an older version treated as different.

use latchkey::domain::attention;
use latchkey::domain::members::Permission;

use crate::support::{App, Client, PASSWORD, Page};

const LIST: &str = "/attention";

/// Folds names as the program does when it starts.
fn fold_names(app: &App) {
    attention::fold_names(&app.site.db, app.site.clock.now()).expect("folded");
}

fn new_role(manager: &Client, name: &str, slug: &str) -> Page {
    let fields = [("name", name), ("slug", slug), ("scopes", "orders:read")];
    manager.submit_from("/roles/new", "/roles", &fields)
}

#[test]
fn different_spellings_of_a_name_are_equal() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.key("Straße");
    app.key("a b");
    app.key("Café");
    for name in ["STRASSE", "strasse", "a  b", " A \u{a0} B ", "Cafe\u{301}", "CAFÉ", "Ｃafé"] {
        let page = manager.create_key(&[("name", name)]);
        let error = page.error_of("name");
        assert!(error.starts_with("Another key is already called “"), "{name}: {error}");
    }
    assert_eq!(new_role(&manager, "Große Rolle", "").status, 303);
    let page = new_role(&manager, "GROSSE  ROLLE", "");
    assert!(page.error_of("name").starts_with("Another role is already called"), "{}", page.body);
    // A search finds a name by any of its spellings.
    for (search, name) in [("STRASSE", "Straße"), ("traß", "Straße"), ("A  B", "a b")] {
        let page = manager.get(&format!("/api-keys?{}", crate::support::encoded(&[("q", search)])));
        assert!(page.text("tbody").contains(name), "{search}: {}", page.body);
    }
}

#[test]
fn names_are_sorted_alphabetically_regardless_of_case_and_accents() {
    let app = App::set_up();
    let manager = app.super_manager();
    let sorted = ["Ägypten", "angel", "Emile", "Émile", "nano", "Ñandú", "Øre", "zebra"];
    for name in sorted.iter().rev() {
        app.key(name);
        assert_eq!(new_role(&manager, name, "").status, 303, "{name}");
    }
    let expected = ["Ägypten", "angel", "Emile", "Émile", "Ñandú", "nano", "Øre", "zebra"];
    let positions = |text: &str| -> Vec<usize> {
        expected.iter().map(|name| text.find(name).expect(name)).collect()
    };
    let table = manager.get("/api-keys?sort=name").text("tbody");
    assert!(positions(&table).is_sorted(), "{table}");
    let roles = manager.get("/roles").text("main");
    assert!(positions(&roles).is_sorted(), "{roles}");
    let table = manager.get("/api-keys?sort=name&dir=desc").text("tbody");
    assert!(positions(&table).iter().rev().is_sorted(), "{table}");
    for (number, name) in sorted.iter().enumerate() {
        let member = app.member(&format!("{number}@example.com"), false, &[]);
        app.sql(&format!("UPDATE members SET name = '{name}' WHERE id = '{}'", member.id.as_str()));
    }
    let members = manager.get("/members").text("main");
    assert!(positions(&members).is_sorted(), "{members}");
}

#[test]
fn each_page_sorted_by_name_continues_where_the_previous_one_ended() {
    let app = App::set_up();
    let manager = app.super_manager();
    for number in 0..60 {
        app.key(&format!("{} {number:02}", ["Été", "Ete", "été x"][number % 3]));
    }
    let (mut rows, mut path) = (Vec::new(), Some("/api-keys?sort=name".to_owned()));
    while let Some(next) = path {
        let page = manager.get(&next);
        rows.extend(page.all("tbody tr"));
        path = page.attribute(".pager a[rel=next]", "href");
    }
    let count = rows.len();
    rows.dedup();
    assert_eq!((count, rows.len()), (60, 60));
}

#[test]
fn searching_for_only_the_prefix_of_key_ids_finds_no_key() {
    let app = App::set_up();
    let manager = app.super_manager();
    let id = app.key("Billing");
    let digits = &id["key_".len()..];
    let finds = |search: &str| {
        let page = manager.get(&format!("/api-keys?{}", crate::support::encoded(&[("q", search)])));
        assert_eq!(page.status, 200, "{search}");
        page.has(&format!("#{id}"))
    };
    for search in ["key_", "_", "y_", "ey_", "KEY_"] {
        assert!(!finds(search), "{search}");
    }
    for search in ["key", "e", "k", "ke", "KEY"] {
        assert_eq!(finds(search), digits.contains(&search.to_uppercase()), "{search} {id}");
    }
    let start = &digits[..3];
    for search in [
        id.clone(),
        id.to_lowercase(),
        format!("key_{start}"),
        format!("_{start}"),
        format!("y_{}", start.to_lowercase()),
        digits[4..8].to_owned(),
        digits[8..].to_lowercase(),
        "illin".into(),
    ] {
        assert!(finds(&search), "{search}");
    }
    app.key("My key_ring");
    let page = manager.get("/api-keys?q=key_");
    assert_eq!(page.all("tbody tr").len(), 1, "a name that contains it is found");
}

/// Creates two keys with names that an older version treated as different, and returns their ids.
fn keys_of_older_version(
    app: &App,
    one: &str,
    folded_one: &str,
    other: &str,
    folded_other: &str,
) -> [String; 2] {
    let ids = ["x1", "x2"].map(|name| app.key(name));
    for (id, (name, folded)) in ids.iter().zip([(one, folded_one), (other, folded_other)]) {
        app.sql(&format!(
            "UPDATE api_keys SET name = '{name}', name_folded = '{folded}', name_sort = '{folded}' \
             WHERE id = '{id}'"
        ));
    }
    ids
}

#[test]
fn keys_whose_names_became_equal_keep_working_and_are_listed_until_renamed() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let [first, second] = keys_of_older_version(&app, "STRASSE", "strasse", "Straße", "straße");
    let fine = app.key("In good order");
    app.sql("UPDATE settings SET names_folded = 0");
    fold_names(&app);
    fold_names(&app);
    let folded = |id: &str| {
        app.texts(&format!("SELECT name_folded AS text FROM api_keys WHERE id = '{id}'")).remove(0)
    };
    assert_eq!(folded(&first), "strasse");
    assert_eq!(folded(&second), format!("strasse {second}"));
    assert_eq!(app.number("SELECT names_folded FROM settings"), 1);
    app.find_alerts();
    let page = manager.get(LIST);
    let why = page.text(&format!("#{second} .cell-why"));
    assert!(why.starts_with("Another key has the same name"), "{why}");
    assert!(!page.has(&format!("#{first}")) && !page.has(&format!("#{fine}")), "{}", page.body);
    // The key can be rotated, but must be renamed when it is edited.
    let rotated = manager
        .submit(&format!("/api-keys/{second}/rotate"), &[("overlap", "7d"), ("lifetime", "90")]);
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let edited = manager.edit_key(&second, &[("notes", "Something else")]);
    assert_eq!(edited.error_of("name"), "Another key is already called “Straße”");
    assert_eq!(manager.edit_key(&second, &[("name", "Straße 2")]).status, 303);
    assert_eq!(folded(&second), "strasse 2");
    app.find_alerts();
    assert!(!manager.get(LIST).has(&format!("#{second}")));
    assert_eq!(app.count("names_alike"), 0);
}

#[test]
fn a_key_is_no_longer_listed_once_the_other_key_with_its_name_is_revoked() {
    let app = App::set_up();
    app.without_reviews();
    let manager = app.super_manager();
    let [first, second] = keys_of_older_version(&app, "a b", "a b", "a  b", "a  b");
    app.sql("UPDATE settings SET names_folded = 0");
    fold_names(&app);
    app.find_alerts();
    assert!(manager.get(LIST).has(&format!("#{second}")));
    assert_eq!(manager.submit(&format!("/api-keys/{first}/revoke"), &[]).status, 303);
    app.find_alerts();
    assert!(!manager.get(LIST).has(&format!("#{second}")));
    let folded = format!("SELECT name_folded AS text FROM api_keys WHERE id = '{second}'");
    assert_eq!(app.texts(&folded), ["a b"]);
    assert_eq!(manager.edit_key(&second, &[("notes", "Something else")]).status, 303);
}

#[test]
fn roles_whose_names_became_equal_are_listed_until_renamed() {
    let app = App::set_up();
    app.without_reviews();
    app.key("In good order");
    let manager = app.super_manager();
    for name in ["Strasse", "Other"] {
        assert_eq!(new_role(&manager, name, "").status, 303);
    }
    app.sql(
        "UPDATE roles SET name = 'Straße', name_folded = 'straße' WHERE slug = 'other'; \
         UPDATE settings SET names_folded = 0",
    );
    fold_names(&app);
    let listed = |manager: &Client| manager.get(LIST).body.contains("The role “Straße”");
    assert!(listed(&manager));
    let fields = [("name", "Straße 2"), ("scopes", "orders:read"), ("version", "1")];
    let saved = manager.submit_from("/roles/other/edit", "/roles/other/edit", &fields);
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(!listed(&manager));
}

#[test]
fn the_keys_of_a_review_get_new_sort_keys() {
    let app = App::set_up();
    let manager = app.super_manager();
    for name in ["Émile", "Zora"] {
        app.key(name);
    }
    assert_eq!(manager.submit("/reviews", &[]).status, 303);
    app.sql("UPDATE review_items SET name_sort = 'émile' WHERE name = 'Émile'; UPDATE settings SET names_folded = 0");
    fold_names(&app);
    let sorted = app.texts("SELECT name AS text FROM review_items ORDER BY name_sort");
    assert_eq!(sorted, ["Émile", "Zora"]);
}

#[test]
fn the_program_folds_names_again_when_it_starts() {
    use diesel::connection::SimpleConnection as _;
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let shell = crate::support::Shell::new();
    assert!(shell.run(&["demo", "--keys", "8", "--days", "1"]).status.success());
    let db = latchkey::db::Db::open(&shell.database.location).expect("a database");
    let older = |name: &str, folded: &str, which: &str| {
        format!(
            "UPDATE api_keys SET name = '{name}', name_folded = '{folded}', name_sort = '{folded}' \
             WHERE id = (SELECT {which}(id) FROM api_keys WHERE revoked_at IS NULL);"
        )
    };
    let sql = [
        older("Straße", "straße", "MIN"),
        older("STRASSE", "strasse", "MAX"),
        "UPDATE settings SET names_folded = 0".into(),
    ];
    db.write_blocking(|tx| Ok(tx.batch_execute(&sql.concat())?)).expect("written");
    let output = shell.run(&["migrate"]);
    assert!(output.status.success(), "{output:?}");
    let query = "SELECT name || '/' || name_folded || '/' || id AS text FROM api_keys \
                 WHERE name_folded LIKE 'strasse%' ORDER BY id";
    let rows = db.read_blocking(|c| Ok(diesel::sql_query(query).load::<Row>(c)?)).expect("read");
    let id = rows[0].text.rsplit_once('/').expect("an id").1;
    assert_eq!(rows[0].text, format!("Straße/strasse {id}/{id}"));
    assert!(rows.len() == 2 && rows[1].text.starts_with("STRASSE/strasse/key_"));
}

#[test]
fn an_email_address_is_equal_in_every_form_of_its_domain() {
    let app = App::set_up();
    let manager = app.super_manager();
    app.member("ann@bücher.example", true, &Permission::ALL);
    for email in ["ann@xn--bcher-kva.example", "ANN@BÜCHER.example", "ann@bu\u{308}cher.example"] {
        let fields = [("name", "Ann"), ("email", email)];
        let page = manager.submit_from("/members/new", "/members", &fields);
        assert!(page.error_of("email").contains("already has this email address"), "{email}");
        let page = app.anonymous().submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{email}");
    }
    for email in ["a..b@example.com", ".a@example.com", "a.@example.com", "a@example..com"] {
        let fields = [("name", "Ann"), ("email", email)];
        let page = manager.submit_from("/members/new", "/members", &fields);
        assert!(page.error_of("email").starts_with("Enter an email address like"), "{email}");
    }
    let fields = [("mail_host", "localhost"), ("mail_port", "25"), ("mail_security", "none")];
    let fields = [&fields[..], &[("mail_sender", "a..b@example.com")]].concat();
    let page = manager.submit_from("/settings", "/settings/mail", &fields);
    assert!(page.error_of("mail_sender").starts_with("Enter the sender"), "{}", page.body);
}

#[test]
fn members_whose_addresses_became_equal_keep_their_accounts_and_are_listed() {
    let app = App::set_up();
    app.without_reviews();
    app.key("In good order");
    let manager = app.super_manager();
    let ascii = app.member("ann@xn--bcher-kva.example", true, &Permission::ALL);
    let other = app.member("other@example.com", true, &Permission::ALL);
    let single = app.member("lone@example.com", true, &Permission::ALL);
    for (id, email) in [(&other.id, "ann@bücher.example"), (&single.id, "ben@bücher.example")] {
        app.sql(&format!(
            "UPDATE members SET email = '{email}', email_folded = '{email}' WHERE id = '{}'",
            id.as_str()
        ));
    }
    app.sql("UPDATE settings SET names_folded = 0");
    fold_names(&app);
    let signed_in_as = |email: &str| {
        app.advance(1);
        let client = app.signed_in(email);
        assert_eq!(client.get("/account").status, 200);
        app.texts("SELECT id AS text FROM members ORDER BY last_signed_in_at DESC NULLS LAST")
            .remove(0)
    };
    assert_eq!(signed_in_as("ann@bücher.example"), other.id.as_str());
    assert_eq!(signed_in_as("ann@xn--bcher-kva.example"), ascii.id.as_str());
    assert_eq!(signed_in_as("ben@xn--bcher-kva.example"), single.id.as_str());
    let page = manager.get(LIST);
    assert!(page.body.contains("has the same email address as another one"), "{}", page.body);
    app.sql(&format!("DELETE FROM members WHERE id = '{}'", other.id.as_str()));
    assert!(!manager.get(LIST).body.contains("same email address"));
}

#[test]
fn a_role_slug_can_be_chosen_and_is_required_if_none_can_be_derived() {
    let app = App::set_up();
    let manager = app.super_manager();
    let page = new_role(&manager, "日本語", "");
    assert_eq!(page.status, 422);
    assert_eq!(page.error_of("slug"), "Enter a slug: it cannot be made from this role name");
    for slug in ["日本", "Nihongo", "new", "a b", "-a"] {
        let page = new_role(&manager, "日本語", slug);
        assert!(page.error_of("slug").starts_with("Slug must be lower-case"), "{slug}");
        assert_eq!(page.attribute("#slug", "value").as_deref(), Some(slug), "the input is kept");
    }
    let page = new_role(&manager, "日本語", "read-only");
    assert_eq!(page.error_of("slug"), "Another role already has the slug read-only");
    let page = new_role(&manager, "日本語", "nihongo");
    assert_eq!((page.status, page.location()), (303, "/roles#role-nihongo"), "{}", page.body);
    let edit = manager.get("/roles/nihongo/edit");
    assert!(!edit.has("[name=slug]"), "the slug cannot be changed, because gateways use it");
    assert_eq!(new_role(&manager, "Auditor", "").location(), "/roles#role-auditor");
}
