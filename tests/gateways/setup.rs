//! A gateway between a client, Latchkey and an API, and what both ends receive.

use latchkey::gateway::IDENTITY;

use crate::client::Client;
use crate::gateway::{Gateway, Running};
use crate::latchkey::{Key, Latchkey};
use crate::server::{ReceivedRequest, Server};
use crate::support::Page;

pub struct Setup {
    pub latchkey: Latchkey,
    pub api: Server,
    pub client: Client,
    _running: Running,
}

impl Setup {
    pub fn new(gateway: Gateway) -> Self {
        let (latchkey, api) = (Latchkey::new(), Server::api());
        let running = gateway.start(latchkey.address, api.address);
        let client = Client::new(running.address);
        Self { latchkey, api, client, _running: running }
    }

    pub fn key(&self) -> Key {
        self.latchkey.key(|_| {})
    }

    /// Asserts that the request passed, and returns what the API received.
    pub fn assert_passed(&self, page: &Page) -> ReceivedRequest {
        assert_eq!((page.status, page.body.as_str()), (200, "served"));
        self.api.take_only_request()
    }

    /// Asserts that the request was denied with this code and did not reach the API.
    pub fn assert_denied(&self, page: &Page, status: u16, code: &str) {
        assert_eq!(page.status, status, "{code}: {}", page.body);
        let challenges = page.headers.get_all("www-authenticate").iter().count();
        assert_eq!(challenges, 1, "{code}: {:?}", page.headers);
        let challenge = page.header("www-authenticate");
        assert!(challenge.starts_with(r#"Bearer realm="latchkey""#), "{code}: {challenge}");
        let expected = match (status, code) {
            (_, "missing_key") => "",
            (401, _) => r#"error="invalid_token""#,
            _ => r#"error="insufficient_scope""#,
        };
        assert!(challenge.contains(expected), "{code}: {challenge}");
        assert_problem(page, code);
        assert!(self.api.take_requests().is_empty(), "{code}");
    }
}

/// Asserts that the client receives the code and a request ID, in the body and in headers. Returns
/// the request ID.
pub fn assert_problem(page: &Page, code: &str) -> String {
    assert_eq!(page.header("content-type"), "application/problem+json", "{code}");
    let problem: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], page.status, "{problem}");
    let request_id = problem["request_id"].as_str().expect("a request ID");
    assert!(request_id.starts_with("req_"), "{problem}");
    assert_eq!(page.header("latchkey-code"), code, "{:?}", page.headers);
    assert_eq!(page.header("latchkey-request-id"), request_id, "{:?}", page.headers);
    request_id.to_owned()
}

/// Asserts that the API learns from Latchkey only whose key it is, one without owner and labels, and
/// does not receive the secret key.
pub fn assert_identity(request: &ReceivedRequest, key: &Key) {
    let scopes = "invoices:read invoices:write orders:read orders:write reports:read reports:write";
    for name in &IDENTITY {
        let expected = match name.as_str() {
            "latchkey-key-id" => key.id.as_str(),
            "latchkey-role" => "read-and-write",
            "latchkey-scopes" => scopes,
            "latchkey-environment" => "production",
            "latchkey-owner" => "none",
            "latchkey-labels" => {
                assert!(request.values("latchkey-labels").concat().is_empty(), "{request:?}");
                continue;
            }
            other => panic!("{other} has no expected value"),
        };
        assert_eq!(request.values(name.as_str()), [expected], "{name}");
    }
    for (name, value) in &request.headers {
        let is_identity = IDENTITY.iter().any(|known| known.as_str() == name);
        assert!(is_identity || !name.starts_with("latchkey"), "{name}: {value}");
        assert!(!value.contains("forged"), "{name}: {value}");
        assert!(!value.contains(&key.secret), "{name}: {value}");
    }
    assert!(request.values("authorization").iter().all(|value| value.is_empty()));
}
