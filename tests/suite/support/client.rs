//! A browser without a screen: cookies, forms with their tokens, no redirects followed.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::redirect::Policy;

use super::page::Page;

pub struct Client {
    http: Http,
    url: String,
    address: String,
}

impl Client {
    pub fn new(url: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // Each client calls from a network of its own, so that no test meets another's throttle.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let http =
            Http::builder().redirect(Policy::none()).cookie_store(true).build().expect("a client");
        let address = format!("198.{}.{}.{}", 18 + (number >> 16), number >> 8 & 255, number & 255);
        Self { http, url: url.to_owned(), address }
    }

    /// The same browser at another address.
    pub fn calling_from(mut self, address: &str) -> Self {
        self.address = address.to_owned();
        self
    }

    pub fn get(&self, path: &str) -> Page {
        self.send(self.http.get(format!("{}{path}", self.url)))
    }

    /// Fills in the form on the page at `path` and sends it to the same path.
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.submit_from(path, path, fields)
    }

    /// Fills in the form on the page at `page` and sends it to `action`.
    pub fn submit_from(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get(page).form_token();
        self.post(action, &[&[("form_token", token.as_str())], fields].concat())
    }

    /// Sends fields as they are, from our own origin.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = fields.iter().fold(
            url::form_urlencoded::Serializer::new(String::new()),
            |mut form, (name, value)| {
                form.append_pair(name, value);
                form
            },
        );
        self.post_body(path, body_of(body))
    }

    /// Sends a body as it is, from our own origin.
    pub fn post_body(&self, path: &str, body: String) -> Page {
        let request = self.request(path).header("sec-fetch-site", "same-origin").body(body);
        self.send(request)
    }

    /// A POST of a form, for tests that set headers themselves.
    pub fn request(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
    }

    pub fn send(&self, request: RequestBuilder) -> Page {
        Page::from(request.header("x-forwarded-for", &self.address).send().expect("an answer"))
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Creates a key with what is enough, and returns the page with its secret.
    pub fn create_key(&self, fields: &[(&str, &str)]) -> Page {
        let usual = [
            ("name", "Billing worker"),
            ("environment", "production"),
            ("role", "read-and-write"),
            ("lifetime", "90"),
            ("access", "role"),
        ];
        let mut all: Vec<(&str, &str)> = usual
            .into_iter()
            .filter(|(name, _)| !fields.iter().any(|(other, _)| other == name))
            .collect();
        all.extend(fields);
        self.submit_from("/api-keys/new", "/api-keys", &all)
    }
}

fn body_of(mut form: url::form_urlencoded::Serializer<'_, String>) -> String {
    form.finish()
}
