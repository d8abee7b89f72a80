//! A software authenticator: it makes passkeys and signs with them, as a security key and a browser do
//! together (<https://www.w3.org/TR/webauthn-3/>).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Client, Page};

/// A public URL at which passkeys are offered.
pub const PASSKEY_ORIGIN: &str = "https://keys.meridianfreight.example";

/// Flags of the authenticator data.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// One passkey, and the browser that uses it.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 32],
    /// The origin of the page, as the browser sees it.
    pub origin: String,
    /// Whether it asks for a PIN, a fingerprint or a face.
    pub verifies_user: bool,
    /// Whether it counts its signatures, which passkeys on several devices do not.
    pub counts: bool,
    /// How often it has signed.
    pub counter: u32,
    /// The user handle that it got when the passkey was made.
    pub user_handle: Option<String>,
}

impl Authenticator {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key");
        let mut id = [0; 32];
        random.fill(&mut id).expect("random bytes");
        let origin = PASSKEY_ORIGIN.to_owned();
        Self { key, id, origin, verifies_user: true, counts: true, counter: 0, user_handle: None }
    }

    /// The id of the passkey, in base64url.
    pub fn id(&self) -> String {
        encode(&self.id)
    }

    /// Makes the passkey: what the browser answers to these options.
    pub fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("options");
        self.user_handle = options["user"]["id"].as_str().map(str::to_owned);
        let client_data = self.client_data("webauthn.create", &options);
        let mut data = self.data(&options["rp"]["id"], HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(self.id);
        data.extend(self.public_key());
        let object = [
            head(5, 3),
            text("fmt"),
            text("none"),
            text("attStmt"),
            head(5, 0),
            text("authData"),
            bytes(&data),
        ];
        self.answer(json!({
            "clientDataJSON": encode(&client_data),
            "attestationObject": encode(&object.concat()),
        }))
    }

    /// Uses the passkey: what the browser answers to these options.
    pub fn get(&mut self, options: &str) -> String {
        self.counter += u32::from(self.counts);
        let options: Value = serde_json::from_str(options).expect("options");
        let client_data = self.client_data("webauthn.get", &options);
        let data = self.data(&options["rpId"], 0);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        self.answer(json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(signature.as_ref()),
            "userHandle": self.user_handle,
        }))
    }

    /// The filled-in form that adds the passkey.
    pub fn registration_fields(&mut self, client: &Client, name: &str) -> Vec<(String, String)> {
        let page = client.get("/account/two-step/passkeys");
        let options = page.attribute("#add-a-passkey [name=attestation]", "data-options");
        let options = options.unwrap_or_else(|| panic!("no passkey can be added: {}", page.body));
        let answer = self.create(&options);
        let fields = page.form_fields("#add-a-passkey form");
        replaced(fields, &[("attestation", &answer), ("name", name)])
    }

    /// Adds the passkey to the account of a member who is signed in.
    pub fn register(&mut self, client: &Client, name: &str) -> Page {
        let fields = self.registration_fields(client, name);
        send(client, "/account/two-step/passkeys", &fields)
    }

    /// The filled-in form that signs in, from the page at `path`.
    pub fn sign_in_fields(&mut self, client: &Client, path: &str) -> Vec<(String, String)> {
        let page = client.get(path);
        let options = page.attribute("#passkey-form [name=assertion]", "data-options");
        let options = options.unwrap_or_else(|| panic!("no passkey is offered: {}", page.body));
        let answer = self.get(&options);
        replaced(page.form_fields("#passkey-form"), &[("assertion", &answer)])
    }

    /// Signs in with the passkey.
    pub fn sign_in(&mut self, client: &Client) -> Page {
        let fields = self.sign_in_fields(client, "/sign-in");
        send(client, "/sign-in/passkey", &fields)
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        let origin = &self.origin;
        let data =
            json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    /// The authenticator data, without a credential.
    fn data(&self, host: &Value, flags: u8) -> Vec<u8> {
        let host = host.as_str().expect("a host");
        let verified = if self.verifies_user { VERIFIED } else { 0 };
        let mut data = Sha256::digest(host).to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key for ES256 (RFC 9053, 7.1.1).
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        // 1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y.
        let fields = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
        [&fields[..], &bytes(&point[1..33]), &[0x22], &bytes(&point[33..])].concat()
    }

    fn answer(&self, response: Value) -> String {
        let id = self.id();
        let mut answer = json!({ "id": id, "rawId": id, "type": "public-key" });
        answer["response"] = response;
        answer.to_string()
    }
}

/// Sends a form.
pub fn send(client: &Client, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    client.post(path, &fields)
}

/// The fields, some of them with other values.
pub fn replaced(
    mut fields: Vec<(String, String)>,
    others: &[(&str, &str)],
) -> Vec<(String, String)> {
    for (name, value) in others {
        let field = fields.iter_mut().find(|(field, _)| field == name);
        (*value).clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).1);
    }
    fields
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The head of a CBOR item (RFC 8949, 3).
fn head(kind: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(small @ 0..24) => vec![kind << 5 | small],
        Ok(byte) => vec![kind << 5 | 0x18, byte],
        Err(_) => {
            let length = u16::try_from(length).expect("a short item").to_be_bytes();
            vec![kind << 5 | 0x19, length[0], length[1]]
        }
    }
}

fn bytes(content: &[u8]) -> Vec<u8> {
    [&head(2, content.len()), content].concat()
}

fn text(content: &str) -> Vec<u8> {
    [&head(3, content.len()), content.as_bytes()].concat()
}
