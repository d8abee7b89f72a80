//! Signing in to a running program.

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

/// A client that keeps cookies and does not follow redirects.
pub fn client() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client")
}

/// Signs in and returns the status.
pub fn sign_in(client: &Client, url: &str, email: &str, password: &str) -> u16 {
    let page = client.get(format!("{url}/sign-in")).send().expect("a response");
    let page = page.text().expect("a body");
    let marker = "name=\"form_token\" value=\"";
    let start = page.find(marker).expect("a form") + marker.len();
    let token = page[start..].split('"').next().expect("a token");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("form_token", token), ("email", email), ("password", password)])
        .finish();
    let request = client
        .post(format!("{url}/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    request.send().expect("a response").status().as_u16()
}

/// The word that the program's `demo` prints after `label`.
pub fn value_after(output: &[u8], label: &str) -> String {
    let output = String::from_utf8_lossy(output);
    let line = output.lines().find_map(|line| line.strip_prefix(label)).expect(label);
    line.split_whitespace().next().expect("a word").to_owned()
}
