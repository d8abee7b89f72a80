//! A browser without a screen: cookies, forms with their tokens, no redirects followed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use reqwest::blocking::{Client as Http, RequestBuilder};
use reqwest::redirect::Policy;

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
        // Each client calls from a network of its own, so that no test meets another's throttle.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let http = Http::builder().redirect(Policy::none()).build().expect("a client");
        let address = format!("198.{}.{}.{}", 18 + (number >> 16), number >> 8 & 255, number & 255);
        Self { http, url: url.to_owned(), address, cookies: Mutex::default() }
    }

    /// The same browser at another address.
    pub fn calling_from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The value of a cookie that the browser holds, by its name without the port.
    pub fn cookie(&self, base: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(&self.cookie_name(base)).cloned()
    }

    /// Puts a cookie into the browser.
    pub fn set_cookie(&self, base: &str, value: &str) {
        self.cookies.lock().expect("cookies").insert(self.cookie_name(base), value.to_owned());
    }

    /// The session's cookie, as it stands in a request.
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

    /// Another browser with a copy of this one's cookies.
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

    /// Sends fields as they are, from our own origin.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_body(path, encoded(fields))
    }

    /// Sends a body as it is, from our own origin.
    pub fn post_body(&self, path: &str, body: impl Into<reqwest::blocking::Body>) -> Page {
        let request = self.request(path).header("sec-fetch-site", "same-origin").body(body);
        self.send(request)
    }

    /// A POST of a form, for tests that set headers themselves.
    pub fn request(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
    }

    /// Any method on a path, from our own origin.
    pub fn any(&self, method: &str, path: &str) -> Page {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url));
        self.send(request.header("sec-fetch-site", "same-origin"))
    }

    pub fn send(&self, request: RequestBuilder) -> Page {
        self.try_send(request).expect("an answer")
    }

    /// The same where nobody may be listening any more.
    pub fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Page> {
        let mut request = request.header("x-forwarded-for", &self.address);
        let cookies: Vec<String> = {
            let held = self.cookies.lock().expect("cookies");
            held.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let page = Page::read(request.send()?)?;
        self.keep_cookies(&page);
        Ok(page)
    }

    /// Creates a key and returns its Key ID, unless the program is gone.
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

    /// Creates a key with what is enough, and returns the page with its secret.
    pub fn create_key(&self, fields: &[(&str, &str)]) -> Page {
        self.submit_from("/api-keys/new", "/api-keys", &key_fields(fields))
    }

    /// Creates a key with that name and returns its Key ID.
    pub fn key_named(&self, name: &str) -> String {
        let page = self.create_key(&[("name", name)]);
        assert_eq!(page.status, 200, "{}", page.body);
        page.key_id()
    }

    /// Sends the edit form of a key as it stands, but for `fields`.
    pub fn edit_key(&self, id: &str, fields: &[(&str, &str)]) -> Page {
        let path = format!("/api-keys/{id}/edit");
        let shown = self.get(&path).form_fields("#edit form");
        self.post(&path, &replaced(&shown, fields))
    }

    fn keep_cookies(&self, page: &Page) {
        let mut held = self.cookies.lock().expect("cookies");
        for line in page.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                held.remove(name);
            } else {
                held.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What is enough for a key, with `fields` in place of the usual ones.
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

/// `shown` with `fields` in place of those of the same names.
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
