//! OAuth clients that ask `/v1/introspect`. They authenticate with a Key ID and its secret key.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use latchkey::base::clock::Clock;
use serde_json::Value;

use crate::install::{node, venv};
use crate::latchkey::{Key, Latchkey};
use crate::support::NOW;

const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";

struct Setup {
    latchkey: Latchkey,
    service: Key,
    active: Key,
    revoked: Key,
}

impl Setup {
    fn new() -> Self {
        let latchkey = Latchkey::for_services();
        // Some clients compare `exp` with the real time.
        latchkey.advance(Clock::default().now().since(NOW));
        let manager = latchkey.super_manager();
        let service = latchkey.introspecting_key(&manager);
        let [active, revoked] = [(); 2].map(|()| latchkey.key(|_| {}));
        let revoke = format!("/api-keys/{}/revoke", revoked.id.as_str());
        assert_eq!(manager.submit(&revoke, &[]).status, 303);
        Self { latchkey, service, active, revoked }
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.latchkey.address)
    }

    /// Asserts that a client that authenticates with `method` learns which tokens are active. Its
    /// script prints what it learned about each token.
    fn assert_client_works(&self, mut script: Command, method: &str) {
        let tokens = [self.active.secret.as_str(), &self.revoked.secret, "unknown"];
        script.args([&self.issuer(), self.service.id.as_str(), &self.service.secret, method]);
        let output = run(script.args(tokens));
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{method}: {error}: {output:?}"));
        let [active, others @ ..] = answers.as_slice() else { panic!("{method}: no answers") };
        assert_eq!(others.len(), 2, "{method}: {others:?}");
        assert_eq!(active["active"], true, "{method}: {active}");
        let scopes = active["scope"].as_str().expect("scopes");
        assert!(scopes.split(' ').any(|scope| scope == "orders:read"), "{method}: {active}");
        for other in others {
            assert_eq!(*other, serde_json::json!({ "active": false }), "{method}");
        }
    }
}

fn run(command: &mut Command) -> Output {
    let command = command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// The file of a client.
fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateways/clients").join(name)
}

fn python(packages: &[&str], script: &str) -> Command {
    let name = packages[0].split("==").next().expect("a name");
    let mut command = Command::new(venv(name, packages).join("bin/python"));
    command.arg(client(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn authlib_learns_which_keys_are_active() {
    let setup = Setup::new();
    for method in [BASIC, POST] {
        let packages = ["authlib==1.9.10", "requests==2.34.2"];
        setup.assert_client_works(python(&packages, "authlib_client.py"), method);
    }
}

#[test]
fn django_oauth_toolkit_learns_which_keys_are_active() {
    let setup = Setup::new();
    for method in [BASIC, "bearer"] {
        let packages = ["django-oauth-toolkit==3.4.1", "django==5.2.19", "requests==2.34.2"];
        setup.assert_client_works(python(&packages, "django_application.py"), method);
    }
}

#[test]
fn oauth4webapi_learns_which_keys_are_active() {
    let setup = Setup::new();
    for method in [BASIC, POST] {
        let folder = tempfile::tempdir().expect("a folder");
        let script = node(folder.path(), &client("oauth4webapi.mjs"), "oauth4webapi@3.8.8");
        setup.assert_client_works(script, method);
    }
}

#[test]
fn openid_client_learns_which_keys_are_active() {
    let setup = Setup::new();
    for method in [BASIC, POST] {
        let folder = tempfile::tempdir().expect("a folder");
        let script = node(folder.path(), &client("openid-client.mjs"), "openid-client@6.9.0");
        setup.assert_client_works(script, method);
    }
}

#[test]
fn curl_learns_which_keys_are_active() {
    let setup = Setup::new();
    let introspect = |password: &str, token: &str| {
        let user = format!("{}:{password}", setup.service.id.as_str());
        let url = format!("{}/v1/introspect", setup.issuer());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--include", "-u", &user, "--data-urlencode"]);
        let output = run(curl.args([&format!("token={token}"), &url]));
        String::from_utf8(output.stdout).expect("text")
    };
    let secret = &setup.service.secret;
    let active = introspect(secret, &setup.active.secret);
    assert!(active.starts_with("HTTP/1.1 200"), "{active}");
    assert!(active.contains(r#""active":true"#), "{active}");
    let inactive = introspect(secret, &setup.revoked.secret);
    assert!(inactive.ends_with(r#"{"active":false}"#), "{inactive}");
    // The secret key of another service does not belong to this Key ID.
    let other = setup.latchkey.key(|draft| draft.role = "introspection".into());
    for password in [other.secret.as_str(), "unknown"] {
        let denied = introspect(password, &setup.active.secret);
        assert!(denied.starts_with("HTTP/1.1 401"), "{denied}");
        assert!(denied.contains(r#"Basic realm="latchkey""#), "{denied}");
    }
}
