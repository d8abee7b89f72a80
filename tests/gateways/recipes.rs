//! The recipes of `examples/code/`, which ask `/v1/introspect` about the keys of their clients.
//! `actix.rs` is not run: its reqwest has a feature that the tests do not use.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::{ADDRESS, Client};
use crate::gateway::{Running, free_address};
use crate::install::{node, venv};
use crate::latchkey::Latchkey;

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/code")
}

/// Asserts which requests a recipe allows, with the command that starts it in a folder.
fn assert_recipe(command: impl FnOnce(&Path, SocketAddr) -> Command) {
    let mut latchkey = Latchkey::for_services();
    let manager = latchkey.super_manager();
    let service = latchkey.introspecting_key(&manager);
    let (folder, address) = (tempfile::tempdir().expect("a folder"), free_address());
    let mut command = command(folder.path(), address);
    let url = format!("http://{}/v1/introspect", latchkey.address);
    command.env("INTROSPECT_URL", url).env("INTROSPECT_KEY", &service.secret);
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let running = Running::start(command, address, folder);
    let client = Client::new(running.address);
    let get = |secret: &str| client.get_as(secret, "/orders/1");

    let key = latchkey.key(|_| {});
    for _ in 0..3 {
        let page = get(&key.secret);
        assert_eq!(page.status, 200, "{}", page.body);
        let body: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!(body, serde_json::json!({ "key": key.id.as_str() }));
    }
    let page = client.get("/orders/1", &[]);
    assert_eq!((page.status, page.header("www-authenticate")), (401, "Bearer"), "{}", page.body);
    assert_eq!(client.get("/orders/1", &[("authorization", "Basic Zm9v")]).status, 401);

    let narrow = latchkey.key(|draft| {
        draft.access = "selected".into();
        draft.scopes = vec!["reports:read".into()];
    });
    let elsewhere = latchkey.key(|draft| draft.ip_whitelist = "203.0.113.7".into());
    for secret in [&narrow.secret, &elsewhere.secret, "unknown"] {
        let page = get(secret);
        assert_eq!(page.status, 403, "{secret}: {}", page.body);
    }
    let here = latchkey.key(|draft| draft.ip_whitelist = ADDRESS.to_string());
    assert_eq!(get(&here.secret).status, 200);

    let revoke = format!("/api-keys/{}/revoke", here.id.as_str());
    assert_eq!(manager.submit(&revoke, &[]).status, 303);
    assert_eq!(get(&here.secret).status, 403);

    latchkey.stop();
    let page = get(&key.secret);
    assert_eq!(page.status, 503, "{}", page.body);
}

#[test]
fn the_express_recipe_allows_only_valid_keys() {
    assert_recipe(|folder, address| {
        let mut command = node(folder, &recipes().join("express.js"), "express@5.3.0");
        command.env("PORT", address.port().to_string());
        command
    });
}

#[test]
fn the_fastapi_recipe_allows_only_valid_keys() {
    assert_recipe(|_, address| {
        let packages = ["fastapi==0.165.0", "httpx==0.28.1", "uvicorn==0.54.0"];
        let mut command = Command::new(venv("fastapi", &packages).join("bin/python"));
        command.args(["-m", "uvicorn", "--log-level", "warning", "--app-dir"]).arg(recipes());
        command.args(["fastapi_app:app", "--port", &address.port().to_string()]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    });
}

#[test]
fn the_curl_recipe_says_whether_a_key_is_active() {
    let mut latchkey = Latchkey::for_services();
    let manager = latchkey.super_manager();
    let service = latchkey.introspecting_key(&manager);
    let url = format!("http://{}/v1/introspect", latchkey.address);
    let ask = |token: &str| {
        let mut command = Command::new("sh");
        command.arg(recipes().join("curl.sh")).env("NO_PROXY", "127.0.0.1");
        command.env("INTROSPECT_URL", &url).env("INTROSPECT_KEY", &service.secret);
        let output = command.env("TOKEN", token).output().expect("curl runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let key = latchkey.key(|_| {});
    let (is_answered, body) = ask(&key.secret);
    assert!(is_answered && body.contains("\"active\":true"), "{body}");
    assert_eq!(ask("unknown"), (true, "{\"active\":false}".into()));
    latchkey.stop();
    assert_eq!(ask(&key.secret), (false, String::new()));
}
