//! The forms whose response shows a secret once.

use latchkey::domain::members::invitation;
use latchkey::domain::sign_in;

use crate::support::{App, Client, Page, key_fields};

/// A form whose response shows a secret.
pub struct SecretForm {
    pub name: &'static str,
    prepare: fn(&App) -> FormParts,
    /// The notice on the next page.
    pub notice: &'static str,
    /// The beginning of the notice after the form is submitted again.
    pub already: &'static str,
}

/// The page of the form, its action (empty if it is the path of the page), and its fields.
type FormParts = (String, &'static str, Vec<(String, String)>);

/// A form with its token, which is ready to be sent.
pub struct ReadyForm {
    action: String,
    fields: Vec<(String, String)>,
}

const KEY_ALREADY_SHOWN: &str =
    "This secret key has already been shown. If you did not save it, rotate the key.";
const LINK_ALREADY_SHOWN: &str = "This link has already been shown.";
const SIGNING_SECRET_ALREADY_SHOWN: &str = "This signing secret has already been shown.";

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn key_path(app: &App, step: &str) -> String {
    format!("/api-keys/{}/{step}", app.key("Billing worker"))
}

const WEBHOOK_FIELDS: [(&str, &str); 2] =
    [("url", "http://127.0.0.1:1/hooks"), ("events", "api_key.revoked")];

pub const SECRET_FORMS: [SecretForm; 9] = [
    SecretForm {
        name: "create",
        prepare: |_| ("/api-keys/new".into(), "/api-keys", owned(&key_fields(&[]))),
        notice: "“Billing worker” created.",
        already: KEY_ALREADY_SHOWN,
    },
    SecretForm {
        name: "rotate",
        prepare: |app| {
            let fields = [("overlap", "7d"), ("lifetime", "90")];
            (key_path(app, "rotate"), "", owned(&fields))
        },
        notice: "“Billing worker” rotated.",
        already: KEY_ALREADY_SHOWN,
    },
    SecretForm {
        name: "leak",
        prepare: |app| (key_path(app, "leak"), "", owned(&[("action", "rotate")])),
        notice: "“Billing worker” rotated.",
        already: KEY_ALREADY_SHOWN,
    },
    SecretForm {
        name: "rotate several",
        prepare: |app| {
            let (one, other) = (app.key("Billing worker"), app.key("Payroll"));
            let page = format!("/api-keys/bulk/rotate?keys={one}&keys={other}");
            let fields = [("keys", &*one), ("keys", &other), ("overlap", "7d"), ("lifetime", "90")];
            (page, "/api-keys/bulk/rotate", owned(&fields))
        },
        notice: "2 keys rotated.",
        already: KEY_ALREADY_SHOWN,
    },
    SecretForm {
        name: "create a webhook",
        prepare: |_| ("/webhooks/new".into(), "/webhooks", owned(&WEBHOOK_FIELDS)),
        notice: "“http://127.0.0.1:1” created.",
        already: SIGNING_SECRET_ALREADY_SHOWN,
    },
    SecretForm {
        name: "replace a signing secret",
        prepare: |app| {
            let [id, ..] = crate::webhooks::queue_messages(app);
            (format!("/webhooks/{id}/secret"), "", Vec::new())
        },
        notice: "The signing secret was replaced.",
        already: SIGNING_SECRET_ALREADY_SHOWN,
    },
    SecretForm {
        name: "invite",
        prepare: |_| {
            let fields = [("name", "Tomas Lindqvist"), ("email", "tomas@example.com")];
            ("/members/new".into(), "/members", owned(&fields))
        },
        notice: "“Tomas Lindqvist” invited.",
        already: LINK_ALREADY_SHOWN,
    },
    SecretForm {
        name: "invite again",
        prepare: |app| {
            let draft = invitation::Draft {
                name: "Tomas Lindqvist".into(),
                email: "tomas@example.com".into(),
                ..invitation::Draft::default()
            };
            let (member, _) =
                app.write(|tx, context| sign_in::invitation::invite(tx, &draft, context));
            (format!("/members/{}/invite", member.id.as_str()), "", Vec::new())
        },
        notice: "“Tomas Lindqvist” invited.",
        already: LINK_ALREADY_SHOWN,
    },
    SecretForm {
        name: "reset a password",
        prepare: |app| {
            let member = app.member("tomas@example.com", false, &[]);
            (format!("/members/{}/reset-password", member.id.as_str()), "", Vec::new())
        },
        notice: "“Ines Okafor” has to set a new password.",
        already: LINK_ALREADY_SHOWN,
    },
];

impl SecretForm {
    /// Prepares the form in the database of `app` and opens its page with `client`, which may use
    /// another node.
    pub fn open(&self, app: &App, client: &Client) -> ReadyForm {
        let (page, action, mut fields) = (self.prepare)(app);
        fields.push(("form_token".into(), client.get(&page).form_token()));
        let action = if action.is_empty() { page } else { action.to_owned() };
        ReadyForm { action, fields }
    }
}

impl ReadyForm {
    pub fn send(&self, client: &Client) -> Page {
        let fields: Vec<_> = self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        client.post(&self.action, &fields)
    }
}

/// The secrets on a page.
pub fn secrets(page: &Page) -> Vec<String> {
    page.all("#secret-key, .secret-key, #one-time-link")
}
