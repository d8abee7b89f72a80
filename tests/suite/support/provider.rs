//! A provider of single sign-on that signs whatever a test wants, and misbehaves on demand. It puts
//! the code that it is given into the ID token as the nonce, so a test sends the nonce as the code.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey::base::clock::SECOND;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};

use super::NOW;

pub const CLIENT_ID: &str = "latchkey";
pub const CLIENT_SECRET: &str = "a client secret that only the provider knows";

/// How the provider answers on a path.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Sends a byte a second, without end.
    Drips,
    /// Sends ten megabytes.
    Huge,
    Redirects(String),
    /// Closes the connection.
    Closes,
    /// Answers with this text.
    Says(String),
}

/// How the provider signs a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signing {
    Published,
    /// With a key that is not published, under the id of the one that is.
    Unpublished,
    /// Not at all, which the header says.
    None,
    /// With the client secret.
    Secret,
}

pub struct Plan {
    pub modes: BTreeMap<&'static str, Mode>,
    pub signing: Signing,
    /// How many seconds after the start of the test the provider signs tokens.
    pub later: i64,
    /// Changes the claims before they are signed.
    pub claims: Box<dyn Fn(&mut Value) + Send>,
    /// Changes the response with the tokens.
    pub response: Box<dyn Fn(&mut Value) + Send>,
    key: CoreEdDsaPrivateSigningKey,
    key_id: String,
    /// The paths that were asked for, with the bodies.
    asked: Vec<(String, String)>,
}

pub struct Provider {
    pub url: String,
    plan: Arc<Mutex<Plan>>,
}

fn new_key(id: &str) -> CoreEdDsaPrivateSigningKey {
    let pem = KeyPair::generate_for(&PKCS_ED25519).expect("a key").serialize_pem();
    let id = Some(JsonWebKeyId::new(id.to_owned()));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, id).expect("a key")
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let plan = Plan {
            modes: BTreeMap::new(),
            signing: Signing::Published,
            later: 0,
            claims: Box::new(|_| ()),
            response: Box::new(|_| ()),
            key: new_key("first"),
            key_id: "first".into(),
            asked: Vec::new(),
        };
        let plan = Arc::new(Mutex::new(plan));
        let (shared, own_url) = (Arc::clone(&plan), url.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (plan, url) = (Arc::clone(&shared), own_url.clone());
                thread::spawn(move || drop(serve(stream, &plan, &url)));
            }
        });
        Self { url, plan }
    }

    /// Changes how the provider answers from now on.
    pub fn set(&self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan.lock().expect("a plan"));
    }

    /// Lets the next person be `subject`, with these claims too.
    pub fn person(&self, subject: &str, claims: Value) {
        let subject = subject.to_owned();
        self.set(|plan| {
            plan.claims = Box::new(move |all| {
                all["sub"] = subject.clone().into();
                let more = claims.as_object().expect("an object").clone();
                all.as_object_mut().expect("an object").extend(more);
            });
        });
    }

    /// Replaces the key.
    pub fn swap_key(&self, id: &str) {
        self.set(|plan| (plan.key, plan.key_id) = (new_key(id), id.to_owned()));
    }

    /// How often `path` was asked for.
    pub fn count(&self, path: &str) -> usize {
        let plan = self.plan.lock().expect("a plan");
        plan.asked.iter().filter(|(asked, _)| asked == path).count()
    }

    /// The last body that was sent to `path`.
    pub fn body(&self, path: &str) -> String {
        let plan = self.plan.lock().expect("a plan");
        let last = plan.asked.iter().rev().find(|(asked, _)| asked == path);
        last.map(|(_, body)| body.clone()).unwrap_or_default()
    }

    /// A signed logout token for `subject`, changed by `change`.
    pub fn logout_token(&self, subject: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT_ID, "sub": subject, "jti": "one",
            "iat": NOW.millis() / SECOND, "exp": NOW.millis() / SECOND + 120,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        change(&mut claims);
        sign(&self.plan.lock().expect("a plan"), "logout+jwt", &claims)
    }
}

fn sign(plan: &Plan, kind: &str, claims: &Value) -> String {
    let (algorithm, name) = match plan.signing {
        Signing::None => (CoreJwsSigningAlgorithm::None, "none"),
        Signing::Secret => (CoreJwsSigningAlgorithm::HmacSha256, "HS256"),
        Signing::Published | Signing::Unpublished => (CoreJwsSigningAlgorithm::EdDsa, "EdDSA"),
    };
    let header = json!({ "alg": name, "kid": plan.key_id, "typ": kind });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = match plan.signing {
        Signing::None => Vec::new(),
        Signing::Secret => {
            let key = CoreHmacKey::new(CLIENT_SECRET);
            key.sign(&algorithm, signed.as_bytes()).expect("signed")
        }
        Signing::Published => plan.key.sign(&algorithm, signed.as_bytes()).expect("signed"),
        Signing::Unpublished => {
            new_key(&plan.key_id).sign(&algorithm, signed.as_bytes()).expect("signed")
        }
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn serve(stream: TcpStream, plan: &Mutex<Plan>, url: &str) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            let mut line = String::new();
            input.read_line(&mut line)?;
            let line = line.trim().to_ascii_lowercase();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().expect("a number");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let body = String::from_utf8(body).expect("text");
        let (mode, answer) = {
            let mut plan = plan.lock().expect("a plan");
            plan.asked.push((path.clone(), body.clone()));
            (plan.modes.get(path.as_str()).cloned(), answer(&plan, &path, &body, url))
        };
        respond(input.get_mut(), mode, &answer)?;
    }
}

fn answer(plan: &Plan, path: &str, body: &str, url: &str) -> String {
    match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/jwks"),
            "end_session_endpoint": format!("{url}/end"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
        .to_string(),
        "/jwks" => json!({ "keys": [plan.key.as_verification_key()] }).to_string(),
        "/token" => {
            let sent = url::form_urlencoded::parse(body.as_bytes());
            let code = sent.clone().find(|(name, _)| name == "code").expect("a code").1;
            let now = NOW.millis() / SECOND + plan.later;
            let mut claims = json!({
                "iss": url, "aud": CLIENT_ID, "sub": "subject-1", "nonce": code,
                "iat": now, "exp": now + 300,
            });
            (plan.claims)(&mut claims);
            let mut response = json!({
                "access_token": "access", "token_type": "Bearer",
                "id_token": sign(plan, "JWT", &claims),
            });
            (plan.response)(&mut response);
            response.to_string()
        }
        _ => "{}".into(),
    }
}

fn respond(output: &mut TcpStream, mode: Option<Mode>, answer: &str) -> std::io::Result<()> {
    let json = |length| {
        format!(
            "HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    match mode {
        None => write!(output, "{}{answer}", json(answer.len())),
        Some(Mode::Says(text)) => write!(output, "{}{text}", json(text.len())),
        Some(Mode::Huge) => {
            let text = format!("{{\"x\":\"{}\"}}", "x".repeat(10_000_000));
            write!(output, "{}{text}", json(text.len()))
        }
        Some(Mode::Redirects(to)) => {
            write!(output, "HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
        }
        Some(Mode::Closes) => output.shutdown(std::net::Shutdown::Both),
        Some(Mode::Drips) => {
            write!(output, "{}", json(1_000))?;
            loop {
                output.write_all(b" ")?;
                thread::sleep(Duration::from_secs(1));
            }
        }
    }
}
