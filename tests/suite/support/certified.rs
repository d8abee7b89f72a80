//! A certified provider of single sign-on, `oidc-provider` on Node. `npm ci` in `tests/provider`
//! installs it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use latchkey::base::outgoing::Policy;
use latchkey::domain::members::Permission;
use latchkey::domain::sso::{self, Draft};
use zeroize::Zeroizing;

use super::App;
use super::provider::{CLIENT_ID, CLIENT_SECRET};

pub struct Certified {
    process: Child,
    pub issuer: String,
    /// Kept open, because the provider writes more lines.
    _output: BufReader<ChildStdout>,
}

impl Drop for Certified {
    fn drop(&mut self) {
        // The provider ends with its input.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Certified {
    /// Starts one that signs with `algorithm`, for sign-ins to `app`.
    pub fn start(app: &App, algorithm: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider");
        assert!(folder.join("node_modules").exists(), "run `npm ci` in tests/provider");
        let mut command = Command::new("node");
        command.current_dir(&folder).args(["provider.mjs", algorithm]);
        command.arg(redirect_uri(app)).arg(format!("{}/sign-in/sso/logout", app.url));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("node");
        let mut output = BufReader::new(process.stdout.take().expect("an output"));
        let mut issuer = String::new();
        while !issuer.starts_with("http://") {
            issuer.clear();
            assert_ne!(output.read_line(&mut issuer).expect("a line"), 0, "the provider ended");
        }
        Self { process, issuer: issuer.trim().to_owned(), _output: output }
    }
}

/// Where the provider leads back to.
pub fn redirect_uri(app: &App) -> String {
    format!("{}/sign-in/sso/callback", app.url)
}

/// An app with the time of the provider, which does not take a time of ours.
pub fn app_now() -> App {
    let app = App::set_up();
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_millis();
    app.advance(i64::try_from(now).expect("a time") - app.site.clock.now().millis());
    app.member("root@meridianfreight.example", true, &Permission::ALL);
    app
}

/// Turns single sign-on on. Everybody whom the provider lets in becomes a member.
pub fn turn_on(app: &App, provider: &Certified) {
    let draft = Draft {
        issuer: provider.issuer.clone(),
        client_id: CLIENT_ID.into(),
        client_secret: Zeroizing::new(CLIENT_SECRET.into()),
        new_members: "ordinary".into(),
        ..Draft::of(None)
    };
    let policy = Policy::from(&app.site);
    app.write(|tx, context| sso::change(tx, &draft, 0, None, &policy, context).map(drop));
}
