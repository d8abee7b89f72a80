//! The program, started in this process on a free port, with a clock that stands still.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use latchkey::base::clock::{Clock, Timestamp};
use latchkey::base::clock_steps::ClockSteps;
use latchkey::base::keyring::Keyring;
use latchkey::base::network::{Networks, TrustedRoots};
use latchkey::config::{PublicUrl, TrustedProxies};
use latchkey::db::{Connection, Db, Location, Transaction};
use latchkey::domain::activity::Author;
use latchkey::domain::alerts::{self, Letters};
use latchkey::domain::api_keys::{self, Draft, KeyId, Rotation};
use latchkey::domain::members::{self, Email, Member, MemberName, NewMember, Permission};
use latchkey::domain::scopes::{self, Resource};
use latchkey::domain::sign_in::{SignInService, set_up};
use latchkey::domain::usage::Recorder;
use latchkey::domain::verification::Verifier;
use latchkey::domain::{mail, roles, settings, webhooks};
use latchkey::letters::AlertLetters;
use latchkey::server::{self, Shared};
use latchkey::web::Site;
use latchkey::web::export::Exports;

use url::Host;

use super::client::Client;
use super::database::Database;

/// 23 November 2026, 12:00 UTC: when every test starts.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_435_200_000);
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// Its argon2id hash, so that making members costs no hashing.
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
    // After the server in the order of dropping; the last of its nodes drops it.
    pub database: Arc<Database>,
}

impl App {
    /// A program that nobody has set up.
    pub fn new() -> Self {
        Self::behind(None)
    }

    /// A program that nobody has set up, which people reach at `public_url`.
    pub fn behind(public_url: Option<&str>) -> Self {
        let database = Arc::new(Database::new());
        let location = database.location.clone();
        Self::start(database, &location, Keyring::from_bytes(&[42; 32]), public_url, LOOPBACK)
    }

    /// A program that may send email to public addresses only.
    pub fn without_mail_networks() -> Self {
        let database = Arc::new(Database::new());
        let location = database.location.clone();
        Self::start(database, &location, Keyring::from_bytes(&[42; 32]), None, "")
    }

    /// Another node: a program with everything of its own but the database.
    pub fn second_node(&self) -> Self {
        self.second_node_at(&self.database.location)
    }

    /// The same, which reaches the database at `location`.
    pub fn second_node_at(&self, location: &Location) -> Self {
        Self::start(self.database.clone(), location, self.site.keyring.clone(), None, LOOPBACK)
    }

    /// A program beside another process, on the SQLite file and with the master key of that one.
    pub fn beside(file: PathBuf, keyring: Keyring) -> Self {
        let database = Arc::new(Database::of_another(Location::Sqlite(file)));
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
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let site = Site {
            db: Db::open(location).expect("a database"),
            keyring,
            clock: Clock::fixed(NOW),
            clock_steps: ClockSteps::default(),
            public_url: PublicUrl::parse(public_url.unwrap_or(&url)).expect("a URL"),
            trusted_proxies: TrustedProxies::parse("127.0.0.0/8").expect("a network"),
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
                let server = server::dashboard(&shared, listener, Some(1)).expect("serves");
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("ends well");
            });
        });
        let handle = receiver.recv().expect("the server starts");
        Self { site, sign_in_service, usage, verifier, url, handle, thread: Some(thread), database }
    }

    /// A program that was set up, with the resources orders, invoices and reports.
    pub fn set_up() -> Self {
        Self::new().with_organisation()
    }

    /// The same, set up.
    pub fn with_organisation(self) -> Self {
        self.write(|tx, author| {
            let mut settings = settings::get(tx)?;
            settings.organisation = "Meridian Freight".into();
            settings::save(tx, &settings)?;
            let resources = Resource::parse_lines("orders\ninvoices\nreports").expect("resources");
            scopes::add_resources(tx, &resources, author)?;
            roles::add_built_in(tx, NOW)
        });
        self
    }

    /// Has no review ever be due.
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
        work: impl FnOnce(&mut Transaction<'_>, &Author) -> latchkey::base::error::Result<T>,
    ) -> T {
        let author = Author::command_line(self.site.keyring.clone(), self.site.clock.now());
        self.site.db.write_blocking(|tx| work(tx, &author)).expect("written")
    }

    /// Writes what was counted, as happens every two seconds while the program serves.
    pub fn write_usage(&self) {
        self.try_write_usage().expect("written");
    }

    /// The same where the database may not take it.
    pub fn try_write_usage(&self) -> latchkey::base::error::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(self.usage.write(&self.site.db))
    }

    /// Clears away counts and messages that are old, as happens every ten minutes while the program serves.
    pub fn clear_away(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let (db, now) = (&self.site.db, self.site.clock.now());
        let done = async {
            latchkey::domain::activity::record_ended_hours(db, &self.site.keyring, now).await?;
            latchkey::domain::usage::clear_away(db, now).await?;
            webhooks::clear_away(db, now).await?;
            alerts::clear_away(db, now).await?;
            mail::clear_away(db, now).await
        };
        runtime.expect("a runtime").block_on(done).expect("cleared away");
    }

    /// Looks for what asks for attention and for causes of alerts, as happens every minute while the
    /// program serves.
    pub fn find_alerts(&self) {
        let public_url = self.site.public_url.to_string();
        let letters: Arc<dyn Letters> = Arc::new(AlertLetters { public_url });
        alerts::run_once(&self.site.db, &letters, self.site.clock.now()).expect("looked");
    }

    /// Trusts the authorities in that file from now on, as `--ca-file` says, when it sends what is due.
    pub fn trust(&mut self, file: &Path) {
        self.site.trusted_roots = TrustedRoots::load(Some(file)).expect("certificates");
    }

    /// Sends what is due to webhooks, as happens every second while the program serves, and returns
    /// how many messages that were.
    pub fn send_webhooks(&self) -> usize {
        let site = &self.site;
        let policy = webhooks::Policy::from(site);
        let now = site.clock.now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let sent = webhooks::send_due(&site.db, &site.keyring, &policy, now);
        runtime.expect("a runtime").block_on(sent).expect("sent")
    }

    /// The same of email.
    pub fn send_mail(&self) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (site, connector) = (&self.site, mail::Connector::from(&self.site));
        let sent = mail::send_due(&site.db, &site.keyring, &connector, site.clock.now());
        runtime.expect("a runtime").block_on(sent).expect("sent")
    }

    /// Lets time pass, in milliseconds.
    pub fn advance(&self, millis: i64) {
        self.site.clock.advance(millis);
    }

    /// Adds a member.
    pub fn member(&self, email: &str, super_manager: bool, permissions: &[Permission]) -> Member {
        let new = NewMember {
            name: MemberName::parse("Ines Okafor").expect("a name"),
            email: Email::parse(email).expect("an address"),
            password_hash: Some(PASSWORD_HASH.trim().to_owned()),
            super_manager,
            permissions: permissions.iter().copied().collect(),
        };
        self.write(|tx, author| members::add(tx, &new, author))
    }

    /// The link that the first start prints.
    pub fn set_up_code(&self) -> String {
        self.write(|tx, author| set_up::begin(tx, &author.keyring, author.now))
    }

    /// Somebody without a session.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// Somebody signed in as `email`.
    pub fn signed_in(&self, email: &str) -> Client {
        let client = self.anonymous();
        let page = client.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{}", page.body);
        client
    }

    /// A super manager with every permission.
    pub fn super_manager(&self) -> Client {
        self.super_manager_with(&Permission::ALL)
    }

    /// A super manager with those permissions.
    pub fn super_manager_with(&self, permissions: &[Permission]) -> Client {
        let local =
            latchkey::base::random::text(b"abcdefghijklmnopqrstuvwxyz", 12).expect("random");
        let email = format!("{local}@meridianfreight.example");
        self.member(&email, true, permissions);
        self.signed_in(&email)
    }

    /// Adds a key without a browser and returns its Key ID.
    pub fn key(&self, name: &str) -> String {
        self.key_of(&Draft { name: name.to_owned(), ..usual_draft() })
    }

    /// Adds a key as drafted.
    pub fn key_of(&self, draft: &Draft) -> String {
        let id = KeyId::random().expect("random");
        let text = id.as_str().to_owned();
        self.write(|tx, author| api_keys::create(tx, id, draft, author));
        text
    }

    /// Adds a key with an old secret that still works.
    pub fn rotated_key(&self, name: &str) -> String {
        let id = self.key(name);
        let rotation = Rotation {
            overlap: "7d".into(),
            lifetime: "90".into(),
            since: NOW,
            ..Rotation::default()
        };
        let key_id = KeyId::parse(&id).expect("a Key ID");
        self.write(|tx, author| api_keys::rotate(tx, &key_id, &rotation, author));
        id
    }

    /// Runs a statement that writes.
    pub fn sql(&self, statement: &str) {
        use diesel::connection::SimpleConnection as _;
        self.write(|tx, _| Ok(tx.batch_execute(statement)?));
    }

    /// The texts that a query for a column named `text` finds.
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

    /// The one number that `expression` is.
    pub fn number(&self, expression: &str) -> i64 {
        let text = self.texts(&format!("SELECT CAST(({expression}) AS TEXT) AS text"));
        text[0].parse().expect("a number")
    }

    /// How many rows a table holds.
    pub fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}"))
    }

    /// Every row of every table as text; blobs in hexadecimal.
    pub fn everything(&self) -> Vec<String> {
        self.database.dumps().iter().flat_map(|(_, query)| self.texts(query)).collect()
    }

    /// Every row that a form could write, but for sessions, counts of denials, known networks and
    /// what the database itself lists of entries: unchanged means that nothing happened.
    pub fn contents(&self) -> Vec<String> {
        self.contents_but("-")
    }

    /// The same without the tables whose names hold `but`.
    pub fn contents_but(&self, but: &str) -> Vec<String> {
        let dumps = self.database.dumps().iter().filter(|(table, _)| {
            let is_left_out = matches!(
                table.as_str(),
                "sessions"
                    | "spent_form_tokens"
                    | "activity_tallies"
                    | "activity_terms"
                    | "sign_in_networks"
            );
            !is_left_out && !table.contains(but)
        });
        dumps.flat_map(|(_, query)| self.texts(query)).collect()
    }
}

/// A draft of a key that may be created.
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
