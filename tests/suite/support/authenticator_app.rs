//! The authenticator app of a member: `oathtool`, an implementation that is not ours.

use std::process::Command;

use latchkey::base::clock::{SECOND, Timestamp};
use latchkey::domain::members::Member;
use latchkey::domain::sign_in::two_step;

use super::{App, Page};

pub struct AuthenticatorApp {
    secret: String,
    pub recovery_codes: Vec<String>,
}

impl AuthenticatorApp {
    /// The app after it has read the secret on the page that sets it up.
    pub fn scan(page: &Page) -> Self {
        Self::with_secret(&page.text("#app-secret"))
    }

    /// The app into which this secret was typed.
    pub fn with_secret(secret: &str) -> Self {
        Self { secret: secret.to_owned(), recovery_codes: Vec::new() }
    }

    /// The code that it shows at a time.
    pub fn code(&self, at: Timestamp) -> String {
        let now = format!("@{}", at.millis() / SECOND);
        let secret = self.secret.replace(' ', "");
        let arguments = ["--totp", "--base32", &secret, "--now", &now];
        let output = Command::new("oathtool").args(arguments).output().expect("oathtool runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("digits").trim().to_owned()
    }
}

impl App {
    /// Sets up an app for a member. Its current code has not been used yet.
    pub fn enrol(&self, member: &Member) -> AuthenticatorApp {
        let keyring = &self.site.keyring;
        let secret = self.read(|c| two_step::new_secret(c, keyring, &member.id, "a test"));
        let secret = secret.groups().expect("base32");
        let app = AuthenticatorApp { secret, recovery_codes: Vec::new() };
        let code = app.code(self.site.clock.now().plus(-30 * SECOND));
        let added =
            self.write(|tx, context| two_step::add_app(tx, &member.id, "a test", &code, context));
        AuthenticatorApp { recovery_codes: added.1, ..app }
    }

    /// The code that the app shows now.
    pub fn code_of(&self, app: &AuthenticatorApp) -> String {
        app.code(self.site.clock.now())
    }
}
