//! A PostgreSQL node that loses the answer to a COMMIT: the page says that it cannot know, and the
//! same form sent again shows the true state.

use std::time::Instant;

use super::super::{Key, code, pass, told};
use super::caller::in_the_end;
use super::gone::LONGEST;
use super::listener::Nodes;
use super::proxy::OnCommit;
use crate::security::secret_forms::{Ready, SECRET_FORMS, SecretForm, secrets};
use crate::support::{Client, Page, encoded, key_fields};

fn is_unconfirmed(page: &Page, case: &str) {
    assert_eq!(page.status, 503, "{case}: {}", page.body);
    assert_eq!(page.text("h1"), "It may have been changed", "{case}");
    assert!(!page.body.contains("Nothing was changed"), "{case}");
    assert!(page.text(".lead").contains("send the same form again"), "{case}");
}

/// Each form that shows a secret, with nodes of its own and somebody at the one that loses answers.
fn each_form(test: impl Fn(&Nodes, &Client, &SecretForm, &Ready)) {
    for form in SECRET_FORMS {
        let Some(nodes) = Nodes::new() else { return };
        let client = nodes.there.super_manager();
        let ready = form.open(&nodes.there, &client);
        test(&nodes, &client, &form, &ready);
    }
}

#[test]
fn after_a_commit_whose_answer_is_lost_the_same_form_leads_to_what_it_made() {
    each_form(|nodes, client, form, ready| {
        nodes.proxy.on_commit(OnCommit::CutAnswer);
        is_unconfirmed(&ready.send(client), form.name);
        nodes.proxy.on_commit(OnCommit::Forward);
        let again = ready.send(client);
        assert_eq!(again.status, 303, "{}: {}", form.name, again.body);
        assert!(secrets(&again).is_empty(), "{}", form.name);
        let shown = client.get(again.location()).text("#notice");
        assert!(shown.starts_with(form.already), "{}: {shown}", form.name);
    });
}

#[test]
fn after_a_commit_that_never_arrived_the_same_form_does_its_work() {
    each_form(|nodes, client, form, ready| {
        let before = nodes.here.contents();
        nodes.proxy.on_commit(OnCommit::Lose);
        is_unconfirmed(&ready.send(client), form.name);
        nodes.proxy.on_commit(OnCommit::Forward);
        assert_eq!(nodes.here.contents(), before, "{}", form.name);
        let again = ready.send(client);
        assert_eq!(again.status, 200, "{}: {}", form.name, again.body);
        assert!(!secrets(&again).is_empty(), "{}", form.name);
    });
}

#[test]
fn a_commit_that_hangs_may_have_been_made() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let [create, ..] = SECRET_FORMS;
    let ready = create.open(&nodes.there, &client);
    nodes.proxy.on_commit(OnCommit::HoldAnswer);
    let began = Instant::now();
    is_unconfirmed(&ready.send(&client), "a commit that hangs");
    assert!(began.elapsed() <= LONGEST, "{:?}", began.elapsed());
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
    // The key is inserted by then.
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
    in_the_end("the work that was given up has ended", || nodes.here.number(open) == 0);
    assert_eq!(nodes.here.contents(), before);
    assert_eq!(ready.send(&client).status, 200, "the same form does its work");
}

#[test]
fn a_key_whose_revocation_was_not_confirmed_no_longer_passes() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let key = Key::new(&client, &[]);
    assert_eq!(told(&nodes.there, "", &key.secret), pass());
    let path = format!("/api-keys/{}/revoke", key.id);
    let token = client.get(&path).form_token();
    let fields = [("form_token", token.as_str()), ("confirm", &key.id[key.id.len() - 4..])];
    nodes.proxy.on_commit(OnCommit::CutAnswer);
    let page = client.post(&path, &fields);
    is_unconfirmed(&page, "revoke");
    assert_eq!(page.attribute("main a.btn", "href").as_deref(), Some("/api-keys"));
    nodes.proxy.on_commit(OnCommit::Forward);
    assert_eq!(told(&nodes.there, "", &key.secret), code(401, "key_revoked"));
    assert_eq!(client.post(&path, &fields).status, 303);
}

#[test]
fn who_waits_no_longer_for_an_answer_leaves_no_half_of_it() {
    let Some(nodes) = Nodes::new() else { return };
    let client = nodes.there.super_manager();
    let token = client.get("/api-keys/new").form_token();
    let body = encoded(&key_fields(&[("form_token", &token)]));
    nodes.proxy.on_commit(OnCommit::HoldAnswer);
    let request = client.request("/api-keys").header("sec-fetch-site", "same-origin");
    let request = request.timeout(std::time::Duration::from_millis(500)).body(body);
    assert!(client.try_send(request).is_err(), "the browser went away");
    nodes.proxy.on_commit(OnCommit::Forward);
    nodes.proxy.thaw();
    in_the_end("the key is there", || nodes.here.count("api_keys") == 1);
    let written = "SELECT COUNT(*) FROM activity WHERE event = 'api_key.created'";
    assert_eq!(nodes.here.number(written), 1);
}
