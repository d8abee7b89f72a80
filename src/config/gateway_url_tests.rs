//! Tests at which address gateways ask.

use super::tests::parse;

#[test]
fn gateways_ask_the_listener_for_programs_or_else_the_dashboard() {
    let url = |arguments: &[&str]| {
        let server = parse(arguments).expect("a valid configuration").server;
        server.gateway_url(server.listen, server.verify_listen).to_string()
    };
    let public = ["--public-url", "https://keys.example.com"];
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let verify = ["--verify-listen", "127.0.0.1:8081"];
    let every = ["--listen", "0.0.0.0:8080"];
    assert_eq!(url(&[]), "http://127.0.0.1:8080");
    assert_eq!(url(&verify), "http://127.0.0.1:8081");
    assert_eq!(url(&public), "http://127.0.0.1:8080", "not through the proxy that ends TLS");
    assert_eq!(url(&[&public[..], &every].concat()), "http://keys.example.com:8080");
    assert_eq!(url(&[&public[..], &tls].concat()), "https://keys.example.com");
    assert_eq!(url(&[&public[..], &tls, &verify].concat()), "https://127.0.0.1:8081");
    assert_eq!(url(&["--verify-listen", "[::1]:8081"]), "http://[::1]:8081");
}
