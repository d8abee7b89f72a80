//! What clients get while Latchkey cannot decide.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::gateway::Gateway;
use crate::server::{Server, listener};
use crate::setup::{Setup, assert_problem};

/// How long a client may wait. The examples give Latchkey two seconds.
const MAX_WAIT: Duration = Duration::from_secs(4);

pub fn no_request_passes_while_latchkey_is_stopped(gateway: Gateway) {
    let mut setup = Setup::new(gateway);
    let key = setup.key();
    setup.assert_passed(&setup.client.get_as(&key.secret, "/orders/1"));
    setup.latchkey.stop();
    let start = Instant::now();
    for _ in 0..3 {
        let page = setup.client.get_as(&key.secret, "/orders/1");
        assert_eq!(page.status, 503, "{}", page.body);
        assert_eq!(setup.client.post_as(&key.secret, "/orders/1", "{}").status, 503);
    }
    assert!(start.elapsed() < MAX_WAIT, "{:?}", start.elapsed());
    assert!(setup.api.take_requests().is_empty());
}

pub fn no_request_passes_while_latchkey_does_not_respond(gateway: Gateway) {
    // The kernel accepts connections to it, and nothing responds.
    let (silent, api) = (listener(), Server::api());
    let running = gateway.start(silent.local_addr().expect("an address"), api.address);
    let client = Client::new(running.address);
    let start = Instant::now();
    let page = client.get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(start.elapsed() < MAX_WAIT, "{:?}", start.elapsed());
    assert!(api.take_requests().is_empty());
}

pub fn no_request_passes_while_latchkey_cannot_decide(gateway: Gateway) {
    let headers = [("latchkey-key-id", "key_7QF2M8KDX4TN"), ("location", "/elsewhere")];
    let (latchkey, api) = (Server::responding(200, &headers), Server::api());
    let running = gateway.start(latchkey.address, api.address);
    let client = Client::new(running.address);
    for status in [302, 404, 429, 500, 503] {
        latchkey.set_status(status);
        let page = client.get_as("anything", "/orders/1");
        let expected = match gateway {
            // Envoy passes on every response that is not a server error.
            Gateway::Envoy | Gateway::EnvoyPrefix if status < 500 => status,
            _ => 503,
        };
        assert_eq!(page.status, expected, "{status}: {}", page.body);
        assert_eq!(latchkey.take_requests().len(), 1, "{status}");
        assert!(api.take_requests().is_empty(), "{status}");
    }
}

/// A mistake in the configuration must not look like a denial.
pub fn a_question_that_latchkey_does_not_understand_gets_503(gateway: Gateway) {
    let (latchkey, api) = (crate::latchkey::Latchkey::new(), Server::api());
    let key = latchkey.key(|_| {});
    let misspell = |folder: &Path| {
        let mut changed = 0;
        for file in fs::read_dir(folder).expect("a folder") {
            let file = file.expect("a file").path();
            let text = fs::read_to_string(&file).expect("text");
            let misspelt = text.replace("scope=orders:", "scopes=orders:");
            changed += usize::from(misspelt != text);
            fs::write(file, misspelt).expect("written");
        }
        assert_eq!(changed, 1, "one file asks the question");
    };
    let running = gateway.start_after(misspell, latchkey.address, api.address);
    let client = Client::new(running.address);
    let page = client.get_as(&key.secret, "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    if matches!(gateway, Gateway::Envoy | Gateway::EnvoyPrefix) {
        // Envoy replaces every server error of Latchkey.
        assert_eq!((page.body.as_str(), page.header("latchkey-code")), ("", ""));
    } else {
        assert_problem(&page, "unavailable");
    }
    assert!(api.take_requests().is_empty());
    assert_eq!(client.get_as(&key.secret, "/reports/1").status, 200);
}

/// By default `HAProxy` continues with a request when a script fails.
#[test]
fn no_request_passes_while_the_haproxy_script_fails() {
    let (latchkey, api) = (Server::responding(200, &[]), Server::api());
    let break_script = |folder: &Path| {
        let file = folder.join("latchkey.lua");
        let script = fs::read_to_string(&file).expect("a script");
        let broken = script.replace("local sent = {", "error('broken') local sent = {");
        assert_ne!(broken, script);
        fs::write(file, broken).expect("written");
    };
    let running = Gateway::HaProxy.start_after(break_script, latchkey.address, api.address);
    let page = Client::new(running.address).get_as("anything", "/orders/1");
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(latchkey.take_requests().is_empty() && api.take_requests().is_empty());
}
