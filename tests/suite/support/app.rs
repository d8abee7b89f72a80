//! The program, started in this process on a free port, with a clock that moves only when a test
//! advances it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use latchkey::base::clock::{Clock, Timestamp};
use latchkey::base::clock_steps::ClockSteps;
use latchkey::base::keyring::Keyring;
use latchkey::base::network::{Networks, TrustedRoots};
use latchkey::config::{Config, CredentialHeaders, PublicUrl, TrustedProxies};
use latchkey::db::{Connection, Db, Location, Transaction};
use latchkey::domain::activity::Context;
use latchkey::domain::alerts::{self, Letters};
use latchkey::domain::api_keys::{self, Draft, KeyId, Rotation};
use latchkey::domain::members::{self, Email, Member, MemberName, NewMember, Permission};
use latchkey::domain::scopes::{self, Resource};
use latchkey::domain::sign_in::{SignInService, set_up};
use latchkey::domain::usage::Recorder;
use latchkey::domain::verification::Verifier;
use latchkey::domain::{disabling, mail, roles, settings, webhooks};
use latchkey::letters::AlertLetters;
use latchkey::server::{self, Shared};
use latchkey::web::Site;
use latchkey::web::export::Exports;

use url::Host;

use super::client::Client;
use super::database::Database;

/// The time at which every test starts: 23 November 2026, 12:00 UTC.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);
/// The password of every member.
pub const PASSWORD: &str = "correct horse battery staple";
/// The argon2id hash of [`PASSWORD`], so that adding a member does not have to compute it.
pub const PASSWORD_HASH: &str = include_str!("password_hash.txt");

/// The networks that webhooks and email may reach.
const LOOPBACK: &str = "127.0.0.0/8";

pub struct App {
    pub site: Site,
    pub sign_in_service: Arc<SignInService>,
    pub usage: Arc<Recorder>,
    pub verifier: Arc<Verifier>,
    pub url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    // Declared last, so that it is dropped after the server. The last node that uses it drops it.
    pub database: Arc<Database>,
}

impl App {
    /// A program that has not been set up.
    pub fn new() -> Self {
        Self::with_public_url(None)
    }

    /// A program that has not been set up, with a public URL that may differ from its address.
    pub fn with_public_url(public_url: Option<&str>) -> Self {
        let database = Arc::new(Database::new());
        let location = database.location.clone();
        Self::start(database, &location, Keyring::from_bytes(&[42; 32]), public_url, LOOPBACK)
    }

    /// A program that has not been set up, at a host name of this machine.
    pub fn at_localhost() -> Self {
        let mut app = Self::with_public_url(Some("http://localhost:{port}"));
        app.url = app.site.public_url.to_string();
        app
    }

    /// A program that may send email only to public addresses.
    pub fn without_mail_networks() -> Self {
        let database = Arc::new(Database::new());
        let location = database.location.clone();
        Self::start(database, &location, Keyring::from_bytes(&[42; 32]), None, "")
    }

    /// Another node, which shares only the database and the master key with this one.
    pub fn second_node(&self) -> Self {
        self.second_node_at(&self.database.location)
    }

    /// Another node, which connects to the database at `location`.
    pub fn second_node_at(&self, location: &Location) -> Self {
        Self::start(self.database.clone(), location, self.site.keyring.clone(), None, LOOPBACK)
    }

    /// Another node, which has another master key.
    pub fn second_node_under(&self, keyring: Keyring) -> Self {
        Self::start(self.database.clone(), &self.database.location, keyring, None, LOOPBACK)
    }

    /// Another node, whose public URL may be another one.
    pub fn second_node_with_public_url(&self, public_url: &str) -> Self {
        let (database, keyring) = (self.database.clone(), self.site.keyring.clone());
        Self::start(database, &self.database.location, keyring, Some(public_url), LOOPBACK)
    }

    /// A program that uses the SQLite file and the master key of another process.
    pub fn with_database_file(file: PathBuf, keyring: Keyring) -> Self {
        let database = Arc::new(Database::borrowed(Location::Sqlite(file)));
        let location = database.location.clone();
        Self::start(database, &location, keyring, None, LOOPBACK)
    }

    /// A program on a database that may have content, with the master key that it was made with.
    pub fn on(database: Arc<Database>, keyring: Keyring) -> Self {
        let location = database.location.clone();
        Self::start(database, &location, keyring, None, LOOPBACK)
    }

    fn start(
        database: Arc<Database>,
        location: &Location,
        keyring: Keyring,
        public_url: Option<&str>,
        mail_networks: &str,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = format!("http://{address}");
        let public_url = public_url.map(|url| url.replace("{port}", &address.port().to_string()));
        let site = Site {
            db: Db::open(location).expect("a database"),
            keyring,
            clock: Clock::fixed(NOW),
            clock_steps: ClockSteps::default(),
            public_url: PublicUrl::parse(public_url.as_ref().unwrap_or(&url)).expect("a URL"),
            gateway_url: PublicUrl::parse(&url).expect("a URL"),
            trusted_proxies: TrustedProxies::parse("127.0.0.0/8").expect("a network"),
            credential_headers: CredentialHeaders::default(),
            introspection_max_age: None,
            config: Arc::new(config(location)),
            exports: Exports::default(),
            webhook_networks: Networks::parse("127.0.0.0/8").expect("a network"),
            mail_networks: Networks::parse(mail_networks).expect("a network"),
            ehlo_name: Host::parse("keys.meridianfreight.example").expect("a name"),
            trusted_roots: TrustedRoots::default(),
        };
        site.db.write_blocking(|tx| settings::prepare(tx, &site.keyring)).expect("settings");
        let sign_in_service = Arc::new(SignInService::new().expect("threads"));
        let shared = Shared::new(site.clone(), sign_in_service.clone()).expect("a thread");
        let usage = shared.usage.clone();
        let verifier = shared.verifier.clone();
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server =
                    server::dashboard(&shared, listener, Some(1)).expect("the server starts");
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("the server stops without an error");
            });
        });
        let handle = receiver.recv().expect("the server starts");
        Self { site, sign_in_service, usage, verifier, url, handle, thread: Some(thread), database }
    }

    /// A program that was set up, with the resources orders, invoices and reports.
    pub fn set_up() -> Self {
        Self::new().with_organisation()
    }

    /// Sets up an organisation with the resources orders, invoices and reports.
    pub fn with_organisation(self) -> Self {
        self.write(|tx, context| {
            let mut settings = settings::get(tx)?;
            settings.organisation = "Meridian Freight".into();
            settings::save(tx, &settings)?;
            let resources = Resource::parse_lines("orders\ninvoices\nreports").expect("resources");
            scopes::add_resources(tx, &resources, context)?;
            roles::add_built_in(tx, NOW)
        });
        self
    }

    /// Turns off periodic reviews, so that none is ever due.
    pub fn without_reviews(&self) {
        self.write(|tx, _| {
            let settings = settings::Settings { review_days: 0, ..settings::get(tx)? };
            settings::save(tx, &settings)
        });
    }

    pub fn read<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> latchkey::base::error::Result<T>,
    ) -> T {
        self.site.db.read_blocking(work).expect("read")
    }

    pub fn write<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>, &Context) -> latchkey::base::error::Result<T>,
    ) -> T {
        let context = Context::command_line(self.site.keyring.clone(), self.site.clock.now());
        self.site.db.write_blocking(|tx| work(tx, &context)).expect("written")
    }

    /// Writes the usage counted so far, which a running server does every two seconds.
    pub fn write_usage(&self) {
        self.try_write_usage().expect("written");
    }

    /// Like [`Self::write_usage`], for tests in which the write may fail.
    pub fn try_write_usage(&self) -> latchkey::base::error::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(self.usage.write(&self.site.db))
    }

    /// Records the hours that have ended and deletes old counts and messages, which a running
    /// server does every ten minutes.
    pub fn purge(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let (db, now) = (&self.site.db, self.site.clock.now());
        let done = async {
            latchkey::domain::activity::record_ended_hours(db, &self.site.keyring, now).await?;
            latchkey::domain::usage::purge(db, now).await?;
            webhooks::purge(db, now).await?;
            alerts::purge(db, now).await?;
            mail::purge(db, now).await
        };
        runtime.expect("a runtime").block_on(done).expect("cleared away");
    }

    /// Looks for keys that need attention and for causes of alerts, which a running server does
    /// every minute.
    pub fn find_alerts(&self) {
        let public_url = self.site.public_url.to_string();
        let letters: Arc<dyn Letters> = Arc::new(AlertLetters { public_url });
        alerts::run_once(&self.site.db, &letters, self.site.clock.now()).expect("a successful run");
    }

    /// Enables and revokes the disabled keys whose time has come, which a running server does every
    /// 15 seconds.
    pub fn run_due(&self) {
        let site = &self.site;
        disabling::run_due(&site.db, &site.keyring, site.clock.now()).expect("a successful run");
    }

    /// Trusts the certificate authorities in `file` when it sends messages from now on, as with
    /// `--ca-file`.
    pub fn trust(&mut self, file: &Path) {
        self.site.trusted_roots = TrustedRoots::load(Some(file)).expect("certificates");
    }

    /// Sends the webhook messages that are due, which a running server does every second, and
    /// returns how many it sent.
    pub fn send_webhooks(&self) -> usize {
        let site = &self.site;
        let policy = webhooks::Policy::from(site);
        let now = site.clock.now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let sent = webhooks::send_due(&site.db, &site.keyring, &policy, now);
        runtime.expect("a runtime").block_on(sent).expect("sent")
    }

    /// Sends the email messages that are due and returns how many it sent.
    pub fn send_mail(&self) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (site, connector) = (&self.site, mail::Connector::from(&self.site));
        let sent = mail::send_due(&site.db, &site.keyring, &connector, site.clock.now());
        runtime.expect("a runtime").block_on(sent).expect("sent")
    }

    /// Advances the clock by `millis` milliseconds.
    pub fn advance(&self, millis: i64) {
        self.site.clock.advance(millis);
    }

    /// Adds a member with the password [`PASSWORD`].
    pub fn member(&self, email: &str, super_manager: bool, permissions: &[Permission]) -> Member {
        let new = NewMember {
            name: MemberName::parse("Ines Okafor").expect("a name"),
            email: Email::parse(email).expect("an address"),
            password_hash: Some(PASSWORD_HASH.trim().to_owned()),
            super_manager,
            permissions: permissions.iter().copied().collect(),
        };
        self.write(|tx, context| members::add(tx, &new, context))
    }

    /// The code of the set-up link that the first start prints.
    pub fn set_up_code(&self) -> String {
        self.write(|tx, context| set_up::begin(tx, &context.keyring, context.now))
    }

    /// A client without a session.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// A client that is signed in as `email`.
    pub fn signed_in(&self, email: &str) -> Client {
        sign_in(self.anonymous(), email)
    }

    /// Like [`Self::signed_in`], from this address.
    pub fn signed_in_from(&self, email: &str, address: &str) -> Client {
        sign_in(self.anonymous().calling_from(address), email)
    }

    /// A client that is signed in as a new super manager with every permission.
    pub fn super_manager(&self) -> Client {
        self.super_manager_with(&Permission::ALL)
    }

    /// A client that is signed in as a new super manager with `permissions`.
    pub fn super_manager_with(&self, permissions: &[Permission]) -> Client {
        let local =
            latchkey::base::random::text(b"abcdefghijklmnopqrstuvwxyz", 12).expect("random");
        let email = format!("{local}@meridianfreight.example");
        self.member(&email, true, permissions);
        self.signed_in(&email)
    }

    /// Adds a key without sending a form and returns its Key ID.
    pub fn key(&self, name: &str) -> String {
        self.key_from(&Draft { name: name.to_owned(), ..usual_draft() })
    }

    /// Adds the key that `draft` describes and returns its Key ID.
    pub fn key_from(&self, draft: &Draft) -> String {
        let id = KeyId::random().expect("random");
        let text = id.as_str().to_owned();
        self.write(|tx, context| api_keys::create(tx, id, draft, context));
        text
    }

    /// Adds a key whose old secret still works and returns its Key ID.
    pub fn rotated_key(&self, name: &str) -> String {
        let id = self.key(name);
        let rotation = Rotation {
            overlap: "7d".into(),
            lifetime: "90".into(),
            since: NOW,
            ..Rotation::default()
        };
        let key_id = KeyId::parse(&id).expect("a Key ID");
        self.write(|tx, context| api_keys::rotate(tx, &key_id, &rotation, context));
        id
    }

    /// Runs SQL statements in a transaction.
    pub fn sql(&self, statement: &str) {
        use diesel::connection::SimpleConnection as _;
        self.write(|tx, _| Ok(tx.batch_execute(statement)?));
    }

    /// The values of the column `text` that `query` returns.
    pub fn texts(&self, query: &str) -> Vec<String> {
        use diesel::prelude::*;
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let rows: Vec<Row> = self.read(|c| Ok(diesel::sql_query(query).load(c)?));
        rows.into_iter().map(|row| row.text).collect()
    }

    /// The value of an SQL expression that is a number.
    pub fn number(&self, expression: &str) -> i64 {
        let text = self.texts(&format!("SELECT CAST(({expression}) AS TEXT) AS text"));
        text[0].parse().expect("a number")
    }

    /// The number of rows in a table.
    pub fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}"))
    }

    /// Every row of every table as text; blobs in hexadecimal.
    pub fn everything(&self) -> Vec<String> {
        self.database.dumps().iter().flat_map(|(_, query)| self.texts(query)).collect()
    }

    /// Every row that a form could change, so that a test can show that a request changed nothing.
    /// Tables that a denied request may also write, such as sessions and counts of denials, are
    /// left out.
    pub fn contents(&self) -> Vec<String> {
        self.contents_except("-")
    }

    /// Like [`Self::contents`], without the tables whose names contain `excluded`.
    pub fn contents_except(&self, excluded: &str) -> Vec<String> {
        let dumps = self.database.dumps().iter().filter(|(table, _)| {
            let is_left_out = matches!(
                table.as_str(),
                "sessions"
                    | "spent_form_tokens"
                    | "activity_tallies"
                    | "activity_terms"
                    | "sign_in_networks"
                    | "member_networks"
            );
            !is_left_out && !table.contains(excluded)
        });
        dumps.flat_map(|(_, query)| self.texts(query)).collect()
    }
}

fn sign_in(client: Client, email: &str) -> Client {
    let page = client.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
    assert_eq!(page.status, 303, "{}", page.body);
    client
}

/// A valid draft of a key.
pub fn usual_draft() -> Draft {
    let text = str::to_owned;
    Draft {
        name: text("Billing worker"),
        environment: text("production"),
        role: text("read-and-write"),
        lifetime: text("90"),
        ..Draft::default()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let stopped = self.handle.stop(false);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(stopped);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The options that would lead to `location`.
fn config(location: &Location) -> Config {
    let (directory, url) = match location {
        Location::Sqlite(file) => {
            (file.parent().expect("a folder").display().to_string(), file.display().to_string())
        }
        Location::Postgres(url) => (std::env::temp_dir().display().to_string(), url.clone()),
    };
    let key = format!("{directory}/secret.key");
    let options = [
        "--data-dir",
        &directory,
        "--database-url",
        &url,
        "--secret-key-file",
        &key,
        "--mail-networks",
        LOOPBACK,
    ];
    Config::of_options(&options).expect("options")
}
