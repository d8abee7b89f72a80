//! A PostgreSQL node that loses the response to a COMMIT: the page says that the outcome is
//! unknown, and submitting the same form again shows it.

use std::time::Instant;

use super::super::{Key, authorize, code, pass};
use super::caller::wait_until;
use super::gone::MAX_WAIT;
use super::listener::Nodes;
use super::proxy::OnCommit;
use crate::security::secret_forms::{ReadyForm, SECRET_FORMS, SecretForm, secrets};
use crate::support::{Client, Page, encoded, key_fields};

/// Asserts that the page says that the outcome is unknown.
fn assert_unconfirmed(page: &Page, case: &str) {
    assert_eq!(page.status, 503, "{case}: {}", page.body);
    assert_eq!(page.text("h1"), "It may have been changed", "{case}");
    assert!(!page.body.contains("Nothing was changed"), "{case}");
    assert!(page.text("h1 + p").contains("send the same form again"), "{case}");
}

/// Runs `test` for each form that shows a secret, with a client at the node behind the proxy.
fn each_form(test: impl Fn(&Nodes, &Client, &SecretForm, &ReadyForm)) {
    for form in SECRET_FORMS {
        let Some(nodes) = Nodes::new() else { return };
        let client = nodes.there.super_manager();
        let ready = form.open(&nodes.there, &client);
        test(&nodes, &client, &form, &ready);
    }
}

#[test]
fn after_a_commit_whose_response_is_lost_the_same_form_leads_to_its_result() {
    each_form(|nodes, client, form, ready| {
        nodes.proxy.on_commit(OnCommit::LoseResponse);
        assert_unconfirmed(&ready.send(client), form.name);
        nodes.proxy.on_commit(OnCommit::Forward);
        let again = ready.send(client);
        assert_eq!(again.status, 303, "{}: {}", form.name, again.body);
        assert!(secrets(&again).is_empty(), "{}", form.name);
        let shown = client.get(again.location()).text("#notice");
        assert!(shown.starts_with(form.already), "{}: {shown}", form.name);
    });
}

#[test]
fn after_a_commit_that_never_arrived_the_same_form_succeeds() {
    each_form(|nodes, client, form, ready| {
        let before = nodes.here.contents();
        nodes.proxy.on_commit(OnCommit::Lose);
        assert_unconfirmed(&ready.send(client), form.name);
        nodes.proxy.on_commit(OnCommit::Forward);
        assert_eq!(nodes.here.contents(), before, "{}", form.name);
        let again = ready.send(client);
        assert_eq!(again.status, 200, "{}: {}", form.name, again.body);
        assert!(!secrets(&again).is_empty(), "{}", form.name);
    });
}

#[test]
fn a_commit_that_hangs_is_reported_as_unconfirmed() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let [create, ..] = SECRET_FORMS;
    let ready = create.open(&nodes.there, &client);
    nodes.proxy.on_commit(OnCommit::HoldResponse);
    let began = Instant::now();
    assert_unconfirmed(&ready.send(&client), "a commit that hangs");
    assert!(began.elapsed() <= MAX_WAIT, "{:?}", began.elapsed());
    nodes.proxy.on_commit(OnCommit::Forward);
    nodes.proxy.thaw();
    assert_eq!(ready.send(&client).status, 303);
    assert_eq!(nodes.here.count("api_keys"), 1);
}

#[test]
fn a_write_that_hangs_before_its_commit_is_never_committed() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let [create, ..] = SECRET_FORMS;
    let ready = create.open(&nodes.there, &client);
    let before = nodes.here.contents();
    // By then the key has been inserted.
    nodes.proxy.freeze_at(Some("SAVEPOINT"));
    let page = ready.send(&client);
    assert_eq!(
        (page.status, page.text("h1").as_str()),
        (503, "Latchkey cannot reach its database")
    );
    assert!(page.body.contains("Nothing was changed."));
    nodes.proxy.freeze_at(None);
    nodes.proxy.thaw();
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND state <> 'idle' AND query NOT LIKE 'LISTEN%'";
    wait_until("the abandoned transaction has ended", || nodes.here.number(open) == 0);
    assert_eq!(nodes.here.contents(), before);
    assert_eq!(ready.send(&client).status, 200, "the same form succeeds");
}

#[test]
fn a_key_whose_revocation_was_not_confirmed_no_longer_passes() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let key = Key::new(&client, &[]);
    assert_eq!(authorize(&nodes.there, "", &key.secret), pass());
    let path = format!("/api-keys/{}/revoke", key.id);
    let token = client.get(&path).form_token();
    let fields = [("form_token", token.as_str()), ("confirm", &key.id[key.id.len() - 4..])];
    nodes.proxy.on_commit(OnCommit::LoseResponse);
    let page = client.post(&path, &fields);
    assert_unconfirmed(&page, "revoke");
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/api-keys"));
    nodes.proxy.on_commit(OnCommit::Forward);
    assert_eq!(authorize(&nodes.there, "", &key.secret), code(401, "key_revoked"));
    assert_eq!(client.post(&path, &fields).status, 303);
}

#[test]
fn a_client_that_gives_up_leaves_no_incomplete_write() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let token = client.get("/api-keys/new").form_token();
    let body = encoded(&key_fields(&[("form_token", &token)]));
    nodes.proxy.on_commit(OnCommit::HoldResponse);
    let request = client.request("/api-keys").header("sec-fetch-site", "same-origin");
    let request = request.timeout(std::time::Duration::from_millis(500)).body(body);
    assert!(client.try_send(request).is_err(), "the client gives up");
    nodes.proxy.on_commit(OnCommit::Forward);
    nodes.proxy.thaw();
    wait_until("the key exists", || nodes.here.count("api_keys") == 1);
    let written = "SELECT COUNT(*) FROM activity WHERE event = 'api_key.created'";
    assert_eq!(nodes.here.number(written), 1);
}
