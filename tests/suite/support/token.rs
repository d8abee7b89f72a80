//! Form tokens for tests that send a form without loading its page, which may not exist any more.

use actix_web::test::TestRequest;
use latchkey::base::keyring::{Purpose, hex};
use latchkey::server;
use latchkey::web::form_token::{self, FormPage};

use super::{App, Client};

/// The nearest page at or above `path`, or `path` itself if there is none.
fn nearest_page(path: &str) -> &str {
    let routes = server::routes();
    let is_page = |path: &str| {
        let matches = |pattern: &str| {
            let (path, pattern) = (path.split('/'), pattern.split('/'));
            path.clone().count() == pattern.clone().count()
                && path.zip(pattern).all(|(part, name)| part == name || name.starts_with('{'))
        };
        routes.all().iter().any(|route| route.method == "GET" && matches(route.path))
    };
    let mut page = path;
    while !is_page(page) {
        match page.rsplit_once('/') {
            Some((parent, _)) if !parent.is_empty() => page = parent,
            _ => return path,
        }
    }
    page
}

impl App {
    /// A token for the forms of the page at `page`, in the client's session.
    pub fn token(&self, client: &Client, page: &str) -> String {
        let page = FormPage::of(&TestRequest::with_uri(page).to_http_request());
        let (keyring, now) = (&self.site.keyring, self.site.clock.now());
        form_token::mint(keyring, &self.form_key(client), &page, now).expect("random")
    }

    /// Sends a form with a token of the page at `path`, or of the nearest page above it.
    pub fn post_with_token(
        &self,
        client: &Client,
        path: &str,
        fields: &[(&str, &str)],
    ) -> super::Page {
        let token = self.token(client, nearest_page(path));
        client.post(path, &[&[("form_token", token.as_str())], fields].concat())
    }

    fn form_key(&self, client: &Client) -> String {
        let cookie = client.cookie("latchkey").expect("a session");
        if let Some((_, anonymous)) = cookie.split_once("anon.") {
            return anonymous.split('.').nth(1).expect("a form key").to_owned();
        }
        let key = &cookie[cookie.len() - 43..];
        let hash = hex(&self.site.keyring.mac(Purpose::Web, &[b"session", key.as_bytes()]));
        let state =
            self.texts(&format!("SELECT state AS text FROM sessions WHERE id_hash = '{hash}'"));
        let state: serde_json::Value = serde_json::from_str(&state[0]).expect("JSON");
        let form_key = state["form_key"].as_str().expect("a form key");
        serde_json::from_str(form_key).expect("JSON")
    }
}
