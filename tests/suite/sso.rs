//! Single sign-on, with a provider that does what each test wants.

mod certified;
mod enforcement;
mod groups;
mod hostile;
mod logout;
mod settings;
mod sign_in;
mod step_up;

use latchkey::base::outgoing::Policy;
use latchkey::domain::members::{Member, Permission, ways_in};
use latchkey::domain::sso::{self, Draft, NewMembers};
use url::Url;
use zeroize::Zeroizing;

use crate::support::provider::{CLIENT_ID, CLIENT_SECRET, Provider};
use crate::support::{App, Client, Page};

pub const INES: &str = "ines@meridianfreight.example";

/// Turns single sign-on on, with the settings that `change` changes.
pub fn turn_on(app: &App, provider: &Provider, change: impl FnOnce(&mut Draft)) {
    let mut draft = Draft {
        issuer: provider.url.clone(),
        client_id: CLIENT_ID.into(),
        client_secret: Zeroizing::new(CLIENT_SECRET.into()),
        ..Draft::of(None)
    };
    change(&mut draft);
    let policy = Policy::from(&app.site);
    app.write(|tx, context| {
        let version = sso::provider(tx, &context.keyring)?.map_or(0, |provider| provider.version);
        sso::change(tx, &draft, version, None, &policy, context).map(drop)
    });
}

/// An app with a super manager, so that changes are allowed, and single sign-on.
pub fn app_with(provider: &Provider, new_members: NewMembers) -> App {
    let app = App::set_up();
    app.member("root@meridianfreight.example", true, &Permission::ALL);
    turn_on(&app, provider, |draft| draft.new_members = new_members.as_str().into());
    app
}

/// Sets a mail server, so that messages are queued.
pub fn set_mail_server(app: &App) {
    app.sql(
        "INSERT INTO mail_server (id, host, port, security, username, sender) \
         VALUES (1, '127.0.0.1', 1, 'none', '', 'latchkey@example.com')",
    );
}

/// Links the member to the account `subject`.
pub fn link(app: &App, provider: &Provider, member: &Member, subject: &str) {
    app.write(|tx, context| ways_in::link(tx, member, (&provider.url, subject), context));
}

/// The address to which the page sends the browser.
pub fn provider_address(page: &Page) -> Url {
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page.attribute("a#provider", "href").expect("a link");
    let refresh = page.attribute("meta[http-equiv=refresh]", "content").expect("a refresh");
    assert_eq!(refresh, format!("0; url={link}"));
    Url::parse(&link).expect("a URL")
}

/// A parameter of the address at the provider.
pub fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// Comes back from the provider, which sends the nonce as the code.
pub fn come_back(client: &Client, url: &Url) -> Page {
    let (state, nonce) = (parameter(url, "state"), parameter(url, "nonce"));
    client.get(&format!("/sign-in/sso/callback?code={nonce}&state={state}"))
}

/// Signs in at the provider, and returns the answer to coming back.
pub fn sign_in(client: &Client) -> Page {
    let url = provider_address(&client.submit_from("/sign-in", "/sign-in/sso", &[]));
    come_back(client, &url)
}

/// The events of the activity, newest last, without their details.
pub fn events(app: &App) -> Vec<String> {
    app.texts("SELECT event AS text FROM activity ORDER BY number")
}
