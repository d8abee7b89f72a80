//! A minimal browser: it keeps cookies and fills in form tokens, but does not follow redirects.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::redirect::Policy;

use super::PASSWORD;
use super::page::Page;

pub struct Client {
    http: Http,
    url: String,
    address: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Client {
    pub fn new(url: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // Each client has its own network, so that the throttle counts each of them separately.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let http = Http::builder().redirect(Policy::none()).build().expect("a client");
        let address = format!("198.{}.{}.{}", 18 + (number >> 16), number >> 8 & 255, number & 255);
        Self { http, url: url.to_owned(), address, cookies: Mutex::default() }
    }

    /// The URL of the server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same browser with another IP address.
    pub fn calling_from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The value of a cookie, by its name without the port.
    pub fn cookie(&self, base: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(&self.cookie_name(base)).cloned()
    }

    /// Stores a cookie in the browser.
    pub fn set_cookie(&self, base: &str, value: &str) {
        self.cookies.lock().expect("cookies").insert(self.cookie_name(base), value.to_owned());
    }

    /// The session cookie, as a request sends it.
    pub fn session(&self) -> String {
        let value = self.cookie("latchkey").expect("a session");
        format!("{}={value}", self.cookie_name("latchkey"))
    }

    fn cookie_name(&self, base: &str) -> String {
        if base.starts_with("__Host-") {
            return base.to_owned();
        }
        let port = self.url.rsplit(':').next().expect("a port");
        format!("{base}-{port}")
    }

    /// Another browser with a copy of these cookies.
    pub fn copy(&self) -> Self {
        let copy = Self::new(&self.url).calling_from(&self.address);
        copy.cookies.lock().expect("cookies").clone_from(&self.cookies.lock().expect("cookies"));
        copy
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

    /// Sends only `fields`, without a form token of the page, from our own origin. Every form also
    /// proves who submits it, as long after signing in some must.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let is_blank =
            |(name, value): &(&str, &str)| *name == "confirm_password" && value.is_empty();
        let mut fields: Vec<_> = fields.iter().copied().filter(|field| !is_blank(field)).collect();
        if !fields.iter().any(|(name, _)| *name == "confirm_password") {
            fields.push(("confirm_password", PASSWORD));
        }
        self.post_body(path, encoded(&fields))
    }

    /// Sends a body unchanged, from our own origin.
    pub fn post_body(&self, path: &str, body: impl Into<reqwest::blocking::Body>) -> Page {
        let request = self.request(path).header("sec-fetch-site", "same-origin").body(body);
        self.send(request)
    }

    /// A POST request with a form, for tests that set headers themselves.
    pub fn request(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sends a request with any method, from our own origin.
    pub fn any(&self, method: &str, path: &str) -> Page {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url));
        self.send(request.header("sec-fetch-site", "same-origin"))
    }

    pub fn send(&self, request: RequestBuilder) -> Page {
        self.try_send(request).expect("a response")
    }

    /// Like [`Self::send`], for tests in which the program may have stopped.
    pub fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Page> {
        let mut request = request.header("x-forwarded-for", &self.address);
        let cookies: Vec<String> = {
            let jar = self.cookies.lock().expect("cookies");
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let page = Page::read(request.send()?)?;
        self.keep_cookies(&page);
        Ok(page)
    }

    /// Creates a key and returns its Key ID, or `None` if the program has stopped.
    pub fn try_key(&self, name: &str) -> Option<String> {
        let form = self.try_send(self.http.get(format!("{}/api-keys/new", self.url))).ok()?;
        let token = form.form_token();
        let body = encoded(&key_fields(&[("name", name), ("form_token", &token)]));
        let request = self.request("/api-keys").header("sec-fetch-site", "same-origin");
        let page = self.try_send(request.body(body)).ok()?;
        (page.status == 200).then(|| page.key_id())
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Creates a key with [`key_fields`] and returns the page with its secret.
    pub fn create_key(&self, fields: &[(&str, &str)]) -> Page {
        self.submit_from("/api-keys/new", "/api-keys", &key_fields(fields))
    }

    /// Creates a key named `name` and returns its Key ID.
    pub fn key_named(&self, name: &str) -> String {
        let page = self.create_key(&[("name", name)]);
        assert_eq!(page.status, 200, "{}", page.body);
        page.key_id()
    }

    /// Sends the edit form of a key with its current values, except for `fields`.
    pub fn edit_key(&self, id: &str, fields: &[(&str, &str)]) -> Page {
        let path = format!("/api-keys/{id}/edit");
        let shown = self.get(&path).form_fields("#edit form");
        self.post(&path, &replaced(&shown, fields))
    }

    /// Like [`Self::edit_key`], for an edit that must be confirmed.
    pub fn edit_key_confirmed(&self, id: &str, fields: &[(&str, &str)]) -> Page {
        let asked = self.edit_key(id, fields);
        assert!(asked.has("#impact"), "no question ({}): {}", asked.status, asked.body);
        let shown = asked.form_fields("#edit form");
        self.post(&format!("/api-keys/{id}/edit"), &replaced(&shown, &[]))
    }

    fn keep_cookies(&self, page: &Page) {
        let mut jar = self.cookies.lock().expect("cookies");
        for line in page.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Valid fields for a new key, in which `fields` replaces those with the same names.
pub fn key_fields<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
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
    all
}

/// The fields in `shown`, in which `fields` replaces those with the same names.
pub fn replaced<'a>(
    shown: &'a [(String, String)],
    fields: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(&str, &str)> = shown
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !fields.iter().any(|(other, _)| other == name))
        .collect();
    all.extend(fields);
    all
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    form.finish()
}
