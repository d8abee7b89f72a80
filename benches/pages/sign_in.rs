//! Signing in to a running program.

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

/// A browser without a screen.
pub fn client() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client")
}

/// Signs in; says the status.
pub fn sign_in(client: &Client, url: &str, email: &str, password: &str) -> u16 {
    let page = client.get(format!("{url}/sign-in")).send().expect("an answer");
    let page = page.text().expect("a body");
    let mark = "name=\"form_token\" value=\"";
    let start = page.find(mark).expect("a form") + mark.len();
    let token = page[start..].split('"').next().expect("a token");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("form_token", token), ("email", email), ("password", password)])
        .finish();
    let request = client
        .post(format!("{url}/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    request.send().expect("an answer").status().as_u16()
}

/// What the program's `demo` says after that label.
pub fn values_after(output: &[u8], label: &str) -> String {
    let said = String::from_utf8_lossy(output);
    let line = said.lines().find_map(|line| line.strip_prefix(label)).expect(label);
    line.split_whitespace().next().expect("a word").to_owned()
}
