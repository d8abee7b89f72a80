//! Access that follows from groups.

use latchkey::domain::members::{self, Email, Permission, RequestedAccess};
use latchkey::domain::sso::{self, MappingDraft, NewMembers};
use serde_json::json;

use super::{INES, app_with, events, link, sign_in, turn_on};
use crate::support::App;
use crate::support::provider::Provider;

fn map(app: &App, group: &str, permissions: &[&str]) {
    let requested = RequestedAccess {
        super_manager: "yes".into(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
    };
    let draft = MappingDraft { group: group.into(), requested };
    app.write(|tx, context| sso::save_mapping(tx, None, &draft, context).map(drop));
}

fn held(app: &App, email: &str) -> Vec<&'static str> {
    let email = Email::look_up(email).expect("an address");
    let found = app.read(|c| members::by_email(c, &email)).expect("a member");
    found.0.held().names()
}

#[test]
fn groups_are_read_at_every_sign_in_and_decide_alone() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &[Permission::ViewActivity]);
    link(&app, &provider, &member, "ines");
    let enter = |claims: serde_json::Value| {
        provider.person("ines", claims);
        let page = sign_in(&app.anonymous());
        assert_eq!(page.status, 303, "{}", page.body);
        held(&app, INES)
    };
    // Without a mapping, groups mean nothing.
    assert_eq!(enter(json!({ "groups": ["keys"] })), ["activity.view"]);
    map(&app, "keys", &["api.key.view", "api.key.create"]);
    map(&app, "staff", &["api.key.view", "activity.view"]);
    // Without the claim, nothing changes.
    assert_eq!(enter(json!({})), ["activity.view"]);
    assert_eq!(enter(json!({ "groups": ["keys"] })), ["api.key.view", "api.key.create"]);
    let both = enter(json!({ "groups": ["staff", "keys"] }));
    assert_eq!(both, ["api.key.view", "api.key.create", "activity.view"]);
    // An empty list removes everything.
    assert_eq!(enter(json!({ "groups": [] })), [""; 0]);
    assert_eq!(enter(json!({})), [""; 0]);
    let details = app.texts(
        "SELECT details AS text FROM activity WHERE event = 'member.permissions_mapped' \
         ORDER BY number",
    );
    assert_eq!(details.len(), 3);
    let first: serde_json::Value = serde_json::from_str(&details[0]).expect("JSON");
    assert_eq!(first["groups"], json!(["keys"]));
    assert_eq!(first["changes"][0]["from"], "activity.view");
    assert_eq!(first["changes"][0]["to"], "api.key.view, api.key.create");
}

#[test]
fn access_from_groups_is_not_edited_by_hand() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &[Permission::ViewActivity]);
    link(&app, &provider, &member, "ines");
    map(&app, "keys", &["api.key.view"]);
    provider.person("ines", json!({ "groups": ["keys"] }));
    sign_in(&app.anonymous());
    let manager = app.super_manager();
    let path = format!("/members/{}/edit", member.id.as_str());
    let fields = [("super_manager", "yes"), ("permissions", "api.key.delete")];
    let fields = [&fields[..], &[("version", "2")]].concat();
    let page = manager.submit(&path, &fields);
    assert_eq!(page.status, 422);
    assert!(page.error_of("permissions").contains("through the group “keys”"), "{}", page.body);
    assert_eq!(held(&app, INES), ["api.key.view"]);
    // Without any mapping, access is edited by hand again.
    let id = app.read(sso::mappings).remove(0).id;
    let delete = format!("/settings/sso/mappings/{}/delete", id.as_str());
    assert_eq!(manager.submit(&delete, &[]).status, 303);
    assert_eq!(manager.submit(&path, &fields).status, 303);
    assert_eq!(held(&app, INES), ["api.key.delete"]);
}

#[test]
fn only_those_whose_groups_give_access_come_in_if_the_settings_say_so() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    map(&app, "keys", &["api.key.view"]);
    turn_on(&app, &provider, |draft| draft.new_members = "mapped".into());
    let refused = |claims: serde_json::Value, why: &str| {
        provider.person("noor", claims);
        let page = sign_in(&app.anonymous());
        assert!(page.status == 403 && page.body.contains(why), "{}", page.body);
    };
    let noor = |groups: serde_json::Value| {
        let mut claims = json!({ "email": "noor@example.com", "email_verified": true });
        claims
            .as_object_mut()
            .expect("an object")
            .extend(groups.as_object().cloned().expect("one"));
        claims
    };
    refused(noor(json!({})), "did not say which groups");
    refused(noor(json!({ "groups": ["other"] })), "None of your groups");
    let overage = json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": {} });
    refused(noor(overage), "Your provider sends too many groups; use app roles (roles)");
    assert_eq!(app.count("members WHERE email_folded = 'noor@example.com'"), 0);
    provider.person("noor", noor(json!({ "groups": ["keys"] })));
    assert_eq!(sign_in(&app.anonymous()).location(), "/api-keys");
    assert_eq!(held(&app, "noor@example.com"), ["api.key.view"]);
    // Who is a member already, but in no group any more, comes in without access.
    provider.person("noor", noor(json!({ "groups": [] })));
    assert_eq!(sign_in(&app.anonymous()).location(), "/account");
    refused(noor(json!({})), "did not say which groups");
}

#[test]
fn the_last_member_who_manages_members_keeps_that_whatever_the_groups_say() {
    let provider = Provider::start();
    let app = app_with(&provider, NewMembers::Refuse);
    let member = app.member(INES, true, &Permission::ALL);
    link(&app, &provider, &member, "ines");
    map(&app, "keys", &["api.key.view"]);
    app.sql("DELETE FROM members WHERE email_folded = 'root@meridianfreight.example'");
    provider.person("ines", json!({ "groups": ["keys"] }));
    let client = app.anonymous();
    assert_eq!(sign_in(&client).status, 303);
    assert_eq!(held(&app, INES).len(), Permission::ALL.len());
    assert_eq!(client.get("/members").status, 200);
    assert!(events(&app).contains(&"member.permissions_mapped".into()));
    assert!(client.get("/activity").body.contains("Kept the permissions of"));
    // With another manager, the groups count.
    app.member("noor@meridianfreight.example", true, &Permission::ALL);
    assert_eq!(sign_in(&app.anonymous()).status, 303);
    assert_eq!(held(&app, INES), ["api.key.view"]);
}
