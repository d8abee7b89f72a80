//! A real browser with its own profile, driven step by step.
//!
//! Dropping it fails the test if the console shows an error or a request went to another origin.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::extensions::query::ElementPollerWithTimeout;
use thirtyfour::prelude::*;
use thirtyfour::{LoggingPrefsLogLevel, WindowHandle};
use tokio::runtime::Runtime;

use crate::driver;
use crate::support::{App, PASSWORD};

/// How long anything may take, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often to check a condition.
const INTERVAL: Duration = Duration::from_millis(25);

const ARGUMENTS: [&str; 11] = [
    "--headless",
    // The sandbox does not work as root or in containers, and only our own pages are opened.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
    "--window-size=1280,900",
];

pub struct Browser {
    driver: Option<WebDriver>,
    runtime: Runtime,
    origin: String,
    /// Statuses that do not count as errors.
    expected_statuses: RefCell<BTreeSet<u16>>,
    /// Every URL that was requested.
    requested: RefCell<BTreeSet<String>>,
    /// Other origins that the browser may go to.
    allowed_origins: RefCell<Vec<String>>,
    // Declared after the browser, so that it is dropped after it.
    _profile: TempDir,
}

impl Browser {
    /// A desktop browser with the light theme, in which nobody is signed in.
    pub fn open(app: &App) -> Self {
        Self::with_preferences(app, &json!({}))
    }

    /// A browser whose settings turn JavaScript off.
    pub fn without_javascript(app: &App) -> Self {
        Self::with_preferences(
            app,
            &json!({ "profile.managed_default_content_settings.javascript": 2 }),
        )
    }

    /// A browser in which a super manager with every permission has signed in.
    pub fn signed_in(app: &App) -> Self {
        let browser = Self::open(app);
        browser.sign_in_as_manager(app);
        browser
    }

    fn with_preferences(app: &App, preferences: &Value) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary("/usr/bin/chromium").expect("a capability");
        for argument in ARGUMENTS {
            capabilities.add_arg(argument).expect("an argument");
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        capabilities.add_arg(&folder).expect("an argument");
        capabilities.add_experimental_option("prefs", preferences).expect("preferences");
        for log in ["browser", "performance"] {
            capabilities.set_logging_prefs(log, LoggingPrefsLogLevel::All).expect("a capability");
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let driver = runtime.block_on(async {
            WebDriver::builder(driver::url(), capabilities)
                .poller(Arc::new(ElementPollerWithTimeout::new(TIMEOUT, INTERVAL)))
                .await
        });
        let browser = Self {
            driver: Some(driver.expect("a browser")),
            runtime,
            origin: app.url.clone(),
            expected_statuses: RefCell::default(),
            requested: RefCell::default(),
            allowed_origins: RefCell::default(),
            _profile: profile,
        };
        browser.resize(1280);
        browser.emulate_media("", "light");
        browser
    }

    #[track_caller]
    fn run<T>(&self, work: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>) -> T {
        let driver = self.driver.as_ref().expect("not dropped");
        match self.runtime.block_on(work(driver)) {
            Ok(done) => done,
            Err(error) => panic!("{error}"),
        }
    }

    fn attempt<T>(&self, work: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>) -> Option<T> {
        self.runtime.block_on(work(self.driver.as_ref()?)).ok()
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        while !holds(self) {
            assert!(Instant::now() < deadline, "never: {what}\n{}", self.describe_page());
            std::thread::sleep(INTERVAL);
        }
    }

    fn describe_page(&self) -> String {
        let text = self.attempt(async |d| d.find(By::Tag("body")).await?.text().await);
        format!("at {}:\n{}", self.address(), text.unwrap_or_default())
    }

    // Navigation.

    /// Opens a path of the program, or a complete URL.
    #[track_caller]
    pub fn goto(&self, path: &str) {
        let url =
            if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.into() };
        self.run(async |d| d.goto(&url).await);
    }

    /// The path, query and fragment of the current URL.
    #[track_caller]
    pub fn address(&self) -> String {
        let url = self.run(async |d| d.current_url().await);
        url.as_str().trim_start_matches(&self.origin).to_owned()
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    #[track_caller]
    pub fn title(&self) -> String {
        self.run(async |d| d.title().await)
    }

    /// Does something that opens another document, and waits until that has loaded.
    #[track_caller]
    pub fn navigate_by(&self, act: impl FnOnce(&Self)) {
        let before = self.document().expect("a document");
        act(self);
        self.wait_until("another document", |b| b.document().is_some_and(|now| now != before));
        self.wait_until("a loaded document", |b| {
            b.attempt(async |d| d.execute("return document.readyState", vec![]).await)
                .is_some_and(|state| state.json() == "complete")
        });
    }

    /// An id of the current load of the page, which differs after a reload.
    fn document(&self) -> Option<String> {
        let tree =
            self.attempt(async |d| d.cdp().send_raw("Page.getFrameTree", json!({})).await)?;
        Some(tree["frameTree"]["frame"]["loaderId"].as_str()?.to_owned())
    }

    #[track_caller]
    pub fn follow(&self, selector: &str) {
        self.navigate_by(|b| b.click(selector));
    }

    #[track_caller]
    pub fn back(&self) {
        self.navigate_by(|b| b.run(async |d| d.back().await));
    }

    #[track_caller]
    pub fn forward(&self) {
        self.navigate_by(|b| b.run(async |d| d.forward().await));
    }

    #[track_caller]
    pub fn reload(&self) {
        self.navigate_by(|b| b.run(async |d| d.refresh().await));
    }

    /// Opens another tab and switches to it.
    #[track_caller]
    pub fn open_tab(&self) -> Tabs {
        let first = self.run(async |d| d.window().await);
        let second = self.run(async |d| {
            let tab = d.new_tab().await?;
            d.switch_to_window(tab.clone()).await?;
            Ok(tab)
        });
        self.resize(1280);
        Tabs { first, second }
    }

    #[track_caller]
    pub fn switch_to_first(&self, tabs: &Tabs) {
        self.run(async |d| d.switch_to_window(tabs.first.clone()).await);
    }

    #[track_caller]
    pub fn switch_to_second(&self, tabs: &Tabs) {
        self.run(async |d| d.switch_to_window(tabs.second.clone()).await);
    }

    // Actions.

    async fn element(driver: &WebDriver, selector: &str) -> WebDriverResult<WebElement> {
        driver.query(By::Css(selector)).desc(selector).first().await
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.run(async |d| Self::element(d, selector).await?.click().await);
    }

    #[track_caller]
    pub fn double_click(&self, selector: &str) {
        self.run(async |d| {
            let element = Self::element(d, selector).await?;
            element.scroll_into_view().await?;
            d.action_chain().double_click_element(&element).perform().await
        });
    }

    /// Replaces what is in a field.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        self.run(async |d| {
            let field = Self::element(d, selector).await?;
            field.clear().await?;
            field.send_keys(text).await
        });
    }

    /// Chooses a file, as the file dialog of the browser would.
    #[track_caller]
    pub fn choose_file(&self, selector: &str, path: &Path) {
        let path = path.to_str().expect("a path");
        self.run(async |d| Self::element(d, selector).await?.send_keys(path).await);
    }

    /// Picks a date, in the format of `2026-12-24`.
    #[track_caller]
    pub fn pick_date(&self, selector: &str, date: &str) {
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        self.script(script, vec![json!(selector), json!(date)]);
    }

    #[track_caller]
    pub fn focus(&self, selector: &str) {
        self.run(async |d| Self::element(d, selector).await?.focus().await);
    }

    /// Presses keys one after another, where the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        self.run(async |d| d.action_chain().send_keys(keys).perform().await);
    }

    #[track_caller]
    pub fn press_key(&self, key: &Key) {
        self.press(&key.value().to_string());
    }

    /// Presses Enter in one step, as a keyboard does. `ChromeDriver` sends two events, of which the
    /// second can reach the page that the first one opened.
    #[track_caller]
    pub fn press_enter(&self) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
                "text": if kind == "keyDown" { "\r" } else { "" },
            });
            self.devtools("Input.dispatchKeyEvent", event);
        }
    }

    /// Presses a key while another is held.
    #[track_caller]
    pub fn press_with(&self, held: &Key, key: char) {
        self.run(async |d| {
            let chain = d.action_chain().key_down(held.value());
            chain.send_keys(key.to_string()).key_up(held.value()).perform().await
        });
    }

    #[track_caller]
    pub fn sign_in(&self, email: &str) {
        self.goto("/sign-in");
        self.fill("#email", email);
        self.fill("#password", PASSWORD);
        self.follow("button.btn-primary");
    }

    #[track_caller]
    pub fn sign_in_as_manager(&self, app: &App) {
        let email = "ines@meridianfreight.example";
        app.member(email, true, &latchkey::domain::members::Permission::ALL);
        self.sign_in(email);
        assert_eq!(self.address(), "/api-keys");
    }

    // Queries.

    /// The rendered text of the first matching element, once it exists, with white space collapsed.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(async |d| Self::element(d, selector).await?.text().await);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The rendered texts of all matching elements that exist now.
    #[track_caller]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.run(async |d| {
            let mut texts = Vec::new();
            for element in d.find_all(By::Css(selector)).await? {
                let text = element.text().await?;
                texts.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Ok(texts)
        })
    }

    /// Whether a matching element is visible now.
    #[track_caller]
    pub fn shows(&self, selector: &str) -> bool {
        self.run(async |d| {
            for element in d.find_all(By::Css(selector)).await? {
                if element.is_displayed().await? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    #[track_caller]
    pub fn value(&self, selector: &str) -> String {
        self.run(async |d| Self::element(d, selector).await?.prop("value").await)
            .unwrap_or_default()
    }

    #[track_caller]
    pub fn is_selected(&self, selector: &str) -> bool {
        self.run(async |d| Self::element(d, selector).await?.is_selected().await)
    }

    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        self.run(async |d| Self::element(d, selector).await?.attr(name).await).unwrap_or_default()
    }

    /// The current HTML of the page.
    #[track_caller]
    pub fn source(&self) -> String {
        self.run(async |d| d.source().await)
    }

    /// Whether the element that has the focus matches.
    #[track_caller]
    pub fn has_focus(&self, selector: &str) -> bool {
        let script = "return document.activeElement.matches(arguments[0])";
        self.script(script, vec![json!(selector)]) == true
    }

    #[track_caller]
    pub fn wait_for_focus(&self, selector: &str) {
        self.wait_until(&format!("focus on {selector}"), |b| b.has_focus(selector));
    }

    #[track_caller]
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(async |d| Ok(d.execute(script, arguments).await?.json().clone()))
    }

    /// Runs a script that calls its last argument when it is done.
    #[track_caller]
    pub fn script_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(async |d| Ok(d.execute_async(script, arguments).await?.json().clone()))
    }

    // Settings of the browser.

    #[track_caller]
    pub fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.run(async |d| d.cdp().send_raw(method, parameters).await)
    }

    /// Sets the width of the page, in CSS pixels.
    #[track_caller]
    pub fn resize(&self, width: u32) {
        self.resize_to(width, 900);
    }

    /// Sets the width and height of the page, in CSS pixels.
    #[track_caller]
    pub fn resize_to(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// Emulates a medium (`print` or none) and the colour scheme of the system (`light` or `dark`).
    #[track_caller]
    pub fn emulate_media(&self, media: &str, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            // A transition between pages that is interrupted logs an error in the console.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "media": media, "features": features }),
        );
    }

    /// Grants permissions to our pages, by their names in the `DevTools` protocol.
    #[track_caller]
    pub fn allow(&self, permissions: &[&str]) {
        let parameters = json!({ "permissions": permissions, "origin": self.origin });
        self.devtools("Browser.grantPermissions", parameters);
    }

    /// Denies a permission to our pages, by its name in the Permissions API.
    #[track_caller]
    pub fn deny(&self, permission: &str) {
        let permission = json!({ "name": permission });
        let parameters =
            json!({ "permission": permission, "setting": "denied", "origin": self.origin });
        self.devtools("Browser.setPermission", parameters);
    }

    /// Runs a script at the start of every later document.
    #[track_caller]
    pub fn run_on_every_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Does not count a response with this status as an error.
    pub fn expect_status(&self, status: u16) {
        self.expected_statuses.borrow_mut().insert(status);
    }

    /// Lets the browser go to another origin, whose errors are not ours.
    pub fn allow_origin(&self, origin: &str) {
        self.allowed_origins.borrow_mut().push(origin.to_owned());
    }

    /// The network events since the last call, as the `DevTools` protocol reports them.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let log = self.run(async |d| d.get_log("performance").await);
        let message = |text: &str| serde_json::from_str::<Value>(text).ok();
        let mut messages = log.iter().filter_map(|entry| message(&entry.message));
        let events: Vec<Value> = messages.by_ref().map(|mut m| m["message"].take()).collect();
        let sent = events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|event| event["params"]["request"]["url"].as_str());
        self.requested.borrow_mut().extend(urls.map(str::to_owned));
        events
    }

    #[track_caller]
    fn assert_no_errors(&self) {
        let log = self.run(async |d| d.browser_log().await);
        let expected_statuses = self.expected_statuses.borrow();
        let is_expected = |message: &str| {
            let status = message.split_once("responded with a status of ");
            let status = status.and_then(|(_, rest)| rest.get(..3)?.parse().ok());
            !message.contains("/assets/") && status.is_some_and(|s| expected_statuses.contains(&s))
        };
        let allowed = self.allowed_origins.borrow();
        let errors: Vec<_> = log
            .iter()
            .filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()))
            .filter(|entry| !is_expected(&entry.message))
            .filter(|entry| !allowed.iter().any(|origin| entry.message.contains(origin)))
            .map(|entry| &entry.message)
            .collect();
        assert!(errors.is_empty(), "errors in the console: {errors:#?}");
        let own = format!("{}/", self.origin);
        // The pages of the browser itself, such as its start page.
        let allowed_prefixes = [own.as_str(), "data:", "chrome:", "about:"];
        self.events();
        let requested = self.requested.borrow();
        let foreign: Vec<_> = requested
            .iter()
            .filter(|url| !allowed_prefixes.iter().any(|start| url.starts_with(start)))
            .filter(|url| !allowed.iter().any(|origin| url.starts_with(origin)))
            .collect();
        assert!(foreign.is_empty(), "requests to other origins: {foreign:#?}");
    }
}

/// Two tabs of one browser.
pub struct Tabs {
    first: WindowHandle,
    second: WindowHandle,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed already must not panic again.
        let checked = (!std::thread::panicking()).then(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.assert_no_errors()))
        });
        if let Some(driver) = self.driver.take() {
            let _ = self.runtime.block_on(driver.quit());
        }
        if let Some(Err(panic)) = checked {
            std::panic::resume_unwind(panic);
        }
    }
}
