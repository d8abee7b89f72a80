//! Where a client connects from.

use crate::client::ADDRESS;
use crate::gateway::Gateway;
use crate::setup::{Setup, assert_identity};

pub fn a_client_cannot_choose_its_own_address(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let elsewhere = setup.latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7".into());
    let here = setup.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    let (elsewhere, here) =
        (format!("Bearer {}", elsewhere.secret), format!("Bearer {}", here.secret));
    for forged in [
        &[("X-Forwarded-For", "203.0.113.7")][..],
        &[("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "203.0.113.7, 127.0.0.1")],
        &[("x_forwarded_for", "203.0.113.7"), ("X-Real-IP", "203.0.113.7")],
        &[("Forwarded", "for=203.0.113.7"), ("X-Envoy-External-Address", "203.0.113.7")],
        &[("X-Forwarded-For", "nonsense")],
        &[("X-Forwarded-For", "")],
    ] {
        let with = |bearer: &str| {
            let mut headers = vec![("authorization", bearer)];
            headers.extend(forged);
            setup.client.get("/orders/1", &headers)
        };
        setup.assert_denied(&with(&elsewhere), 403, "address_not_allowed");
        setup.assert_passed(&with(&here));
    }
}

/// Traefik had this vulnerability: CVE-2024-45410.
pub fn a_connection_header_removes_no_other_header(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    let elsewhere = setup.latchkey.key(|draft| draft.ip_whitelist = "127.0.0.1".into());
    let (good, bad) = (format!("Bearer {}", key.secret), format!("Bearer {}", elsewhere.secret));
    for connection in [
        "X-Forwarded-For",
        "close, X-Forwarded-For, X-Original-URI, X-Forwarded-Uri",
        "Latchkey-Key-Id, Latchkey-Role, Latchkey-Scopes, Latchkey-Environment",
        "keep-alive, latchkey-scopes",
        "Latchkey-Owner, Latchkey-Labels",
    ] {
        let with = |bearer: &str| {
            let headers = [("authorization", bearer), ("connection", connection)];
            setup.client.get("/orders/1", &headers)
        };
        let page = with(&good);
        if page.status == 400 {
            assert!(setup.api.take_requests().is_empty(), "{connection}");
            continue;
        }
        assert_identity(&setup.assert_passed(&page), &key);
        setup.assert_denied(&with(&bad), 403, "address_not_allowed");
    }
}
