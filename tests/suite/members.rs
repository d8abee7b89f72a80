//! Members and invitations: who may do what to whom, and what is left of it.

mod edit;
mod invite;
mod last_manager;
mod pages;
mod steps;

use latchkey::domain::members::Permission;

use crate::support::{App, Client, Page, replaced};

const INES: &str = "ines@meridianfreight.example";
const TOMAS: &str = "tomas@meridianfreight.example";
const NEW_PASSWORD: &str = "lantern orbit cabbage velvet";
const VIEW: &str = "api.key.view";
const MANAGE: &str = "member.manage";

/// A house with Ines, who may do everything, and who is signed in.
fn house() -> (App, Client) {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    (app, ines)
}

/// Sends the edit form of a member as it stands, but for `fields`.
fn edit(client: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/members/{id}/edit");
    let shown = client.get(&path).form_fields("#edit form");
    client.post(&path, &replaced(&shown, fields))
}

/// Sends the dialog that asks before `step`.
fn take(app: &App, client: &Client, id: &str, step: &str) -> Page {
    app.send_late(client, &format!("/members/{id}/{step}"), &[])
}

fn invite(client: &Client, email: &str, fields: &[(&str, &str)]) -> Page {
    let usual = [("name", "Tomas Lind"), ("email", email)];
    client.submit_from("/members/new", "/members", &[&usual[..], fields].concat())
}

/// The path of the one-time link on a page.
fn link(app: &App, page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page.text("#one-time-link");
    let path = link.strip_prefix(app.url.as_str()).expect("a link to here");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(matches!(page.header("content-encoding"), "" | "identity"));
    path.to_owned()
}

fn code(link: &str) -> &str {
    link.split_once("code=").expect("a code").1
}

/// Accepts an invitation in a browser of its own.
fn accept(app: &App, link: &str, fields: &[(&str, &str)]) -> (Client, Page) {
    let visitor = app.anonymous();
    let usual = [("code", code(link)), ("password", NEW_PASSWORD)];
    visitor.get("/sign-in");
    let page = app.send_late(&visitor, "/invitation", &[&usual[..], fields].concat());
    (visitor, page)
}

fn id_of(app: &App, email: &str) -> String {
    let query = format!("SELECT id AS text FROM members WHERE email_folded = '{email}'");
    app.texts(&query).pop().expect("a member")
}

fn held(app: &App, id: &str) -> Vec<String> {
    app.texts(&format!(
        "SELECT permission AS text FROM member_permissions WHERE member_id = '{id}' ORDER BY 1"
    ))
}

fn events(app: &App) -> Vec<String> {
    app.texts("SELECT event AS text FROM activity ORDER BY number")
}

fn row(page: &Page, id: &str) -> String {
    page.text(&format!("tr#{id}"))
}

fn is_in(client: &Client) -> bool {
    client.get("/account").status == 200
}
