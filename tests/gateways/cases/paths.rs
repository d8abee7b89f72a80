//! Which paths of a client reach the API.

use crate::gateway::Gateway;
use crate::setup::Setup;

pub fn a_path_with_dot_segments_does_not_bypass_a_scope(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["orders:read".into()];
    });
    for path in [
        "/orders/../reports/1",
        "/orders/%2e%2e/reports/1",
        "/orders/.%2E/reports/1",
        "/orders/..%2freports/1",
        "/orders%2f..%2freports/1",
        "/orders/%2e%2e%2freports/1",
        "/orders/..%5creports",
        "/orders/..%5Creports/1",
        "/orders/%2e%2e%5creports/1",
        r"/orders/..\reports/1",
        "/orders/..;/reports/1",
        "/orders/..%3b/reports/1",
        "/orders/x/../../reports/1",
        "/orders//../../reports/1",
        "//reports/1",
        "/./reports/1",
    ] {
        let status = setup.client.status_of(&key.secret, path);
        let is_denied = ["400", "403", "404"].iter().any(|code| status.contains(code));
        assert!(is_denied, "{path}: {status}");
        assert!(setup.api.take_requests().is_empty(), "{path}");
    }
}

pub fn a_path_that_is_not_configured_gets_404(gateway: Gateway) {
    let setup = Setup::new(gateway);
    let key = setup.latchkey.key(|draft| draft.role = "full-access".into());
    for path in ["/", "/ordersx", "/latchkey", "/v1/authorize", "/invoices/1"] {
        let page = setup.client.get_as(&key.secret, path);
        assert_eq!(page.status, 404, "{path}: {}", page.body);
        assert!(setup.api.take_requests().is_empty(), "{path}");
    }
}
