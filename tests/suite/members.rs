//! Members and invitations: who can change whom, and what remains afterwards.

mod contain;
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

/// An app with Ines signed in, who has every permission.
fn app_with_ines() -> (App, Client) {
    let app = App::set_up();
    app.member(INES, true, &Permission::ALL);
    let ines = app.signed_in(INES);
    (app, ines)
}

/// Submits a member's edit form with its current values, except for `fields`.
fn edit(client: &Client, id: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/members/{id}/edit");
    let shown = client.get(&path).form_fields("#edit form");
    client.post(&path, &replaced(&shown, fields))
}

/// Submits the confirmation dialog of `step`.
fn confirm_step(app: &App, client: &Client, id: &str, step: &str) -> Page {
    app.post_with_token(client, &format!("/members/{id}/{step}"), &[])
}

fn invite(client: &Client, email: &str, fields: &[(&str, &str)]) -> Page {
    let defaults = [("name", "Tomas Lind"), ("email", email)];
    client.submit_from("/members/new", "/members", &[&defaults[..], fields].concat())
}

/// The path of the one-time link that a page shows.
fn link(app: &App, page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page.text("#one-time-link");
    let path = link.strip_prefix(app.url.as_str()).expect("a link to this app");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(matches!(page.header("content-encoding"), "" | "identity"));
    path.to_owned()
}

fn code(link: &str) -> &str {
    link.split_once("code=").expect("a code").1
}

/// Accepts an invitation in a new browser session.
fn accept(app: &App, link: &str, fields: &[(&str, &str)]) -> (Client, Page) {
    let visitor = app.anonymous();
    let defaults = [("code", code(link)), ("password", NEW_PASSWORD)];
    visitor.get("/sign-in");
    let page = app.post_with_token(&visitor, "/invitation", &[&defaults[..], fields].concat());
    (visitor, page)
}

fn id_of(app: &App, email: &str) -> String {
    let query = format!("SELECT id AS text FROM members WHERE email_folded = '{email}'");
    app.texts(&query).pop().expect("a member")
}

fn permissions_of(app: &App, id: &str) -> Vec<String> {
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

fn is_signed_in(client: &Client) -> bool {
    client.get("/account").status == 200
}
