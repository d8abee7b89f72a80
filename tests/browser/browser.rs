//! A real browser with a profile of its own, driven step by step.
//!
//! Whoever drops it hears of every console error, and of every request that left for another
//! origin.

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
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look again.
const INTERVAL: Duration = Duration::from_millis(25);

const ARGUMENTS: [&str; 11] = [
    "--headless",
    // As root, and in containers, the sandbox cannot be made; only our own pages are opened.
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
    /// Statuses that are no errors.
    expected: RefCell<BTreeSet<u16>>,
    /// Every address asked for.
    asked: RefCell<BTreeSet<String>>,
    // After the browser in the order of dropping.
    _profile: TempDir,
}

impl Browser {
    /// A desktop browser, light, nobody signed in.
    pub fn open(app: &App) -> Self {
        Self::with_preferences(app, &json!({}))
    }

    /// The same with JavaScript switched off in its settings.
    pub fn without_script(app: &App) -> Self {
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
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary("/usr/bin/chromium").expect("a capability");
        for argument in ARGUMENTS {
            wanted.add_arg(argument).expect("an argument");
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        wanted.add_arg(&folder).expect("an argument");
        wanted.add_experimental_option("prefs", preferences).expect("preferences");
        for log in ["browser", "performance"] {
            wanted.set_logging_prefs(log, LoggingPrefsLogLevel::All).expect("a capability");
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let driver = runtime.block_on(async {
            WebDriver::builder(driver::url(), wanted)
                .poller(Arc::new(ElementPollerWithTimeout::new(PATIENCE, INTERVAL)))
                .await
        });
        let browser = Self {
            driver: Some(driver.expect("a browser")),
            runtime,
            origin: app.url.clone(),
            expected: RefCell::default(),
            asked: RefCell::default(),
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

    /// Looks again until it holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "never: {what}\n{}", self.where_it_is());
            std::thread::sleep(INTERVAL);
        }
    }

    fn where_it_is(&self) -> String {
        let text = self.attempt(async |d| d.find(By::Tag("body")).await?.text().await);
        format!("at {}:\n{}", self.address(), text.unwrap_or_default())
    }

    // Going places.

    /// Goes to a path of ours, or to a whole address.
    #[track_caller]
    pub fn goto(&self, path: &str) {
        let url =
            if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.into() };
        self.run(async |d| d.goto(&url).await);
    }

    /// Path, query and fragment.
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

    /// Does something that leads to another document, and waits until that is there.
    #[track_caller]
    pub fn leading_on(&self, act: impl FnOnce(&Self)) {
        let before = self.document().expect("a document");
        act(self);
        self.wait_until("another document", |b| b.document().is_some_and(|now| now != before));
        self.wait_until("a loaded document", |b| {
            b.attempt(async |d| d.execute("return document.readyState", vec![]).await)
                .is_some_and(|state| state.json() == "complete")
        });
    }

    /// What tells one load of a page from another.
    fn document(&self) -> Option<String> {
        let tree =
            self.attempt(async |d| d.cdp().send_raw("Page.getFrameTree", json!({})).await)?;
        Some(tree["frameTree"]["frame"]["loaderId"].as_str()?.to_owned())
    }

    #[track_caller]
    pub fn follow(&self, selector: &str) {
        self.leading_on(|b| b.click(selector));
    }

    #[track_caller]
    pub fn back(&self) {
        self.leading_on(|b| b.run(async |d| d.back().await));
    }

    #[track_caller]
    pub fn forward(&self) {
        self.leading_on(|b| b.run(async |d| d.forward().await));
    }

    #[track_caller]
    pub fn reload(&self) {
        self.leading_on(|b| b.run(async |d| d.refresh().await));
    }

    /// Opens another tab and goes there; the answer leads back to this one.
    #[track_caller]
    pub fn open_tab(&self) -> Tab {
        let first = self.run(async |d| d.window().await);
        let second = self.run(async |d| {
            let tab = d.new_tab().await?;
            d.switch_to_window(tab.clone()).await?;
            Ok(tab)
        });
        self.resize(1280);
        Tab { first, second }
    }

    #[track_caller]
    pub fn first(&self, tab: &Tab) {
        self.run(async |d| d.switch_to_window(tab.first.clone()).await);
    }

    #[track_caller]
    pub fn second(&self, tab: &Tab) {
        self.run(async |d| d.switch_to_window(tab.second.clone()).await);
    }

    // Doing things.

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

    /// Chooses a file, as the browser's own dialog would.
    #[track_caller]
    pub fn choose_file(&self, selector: &str, path: &Path) {
        let path = path.to_str().expect("a path");
        self.run(async |d| Self::element(d, selector).await?.send_keys(path).await);
    }

    /// Picks a date, written as in `2026-12-24`.
    #[track_caller]
    pub fn pick_date(&self, selector: &str, date: &str) {
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        self.script(script, vec![json!(selector), json!(date)]);
    }

    #[track_caller]
    pub fn focus(&self, selector: &str) {
        self.run(async |d| Self::element(d, selector).await?.focus().await);
    }

    /// Presses keys, one after another, wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        self.run(async |d| d.action_chain().send_keys(keys).perform().await);
    }

    #[track_caller]
    pub fn press_key(&self, key: &Key) {
        self.press(&key.value().to_string());
    }

    /// Presses Enter as a keyboard does: in one go. `ChromeDriver` sends it in two parts, of which the
    /// second can reach the page that the first has led to.
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

    // Looking.

    /// The rendered text of the first that is there, as soon as it is, white space folded.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(async |d| Self::element(d, selector).await?.text().await);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The rendered texts of all that are there now.
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

    /// Whether any is there and can be seen now.
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
    pub fn is_chosen(&self, selector: &str) -> bool {
        self.run(async |d| Self::element(d, selector).await?.is_selected().await)
    }

    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        self.run(async |d| Self::element(d, selector).await?.attr(name).await).unwrap_or_default()
    }

    /// The page's HTML as it stands.
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

    /// A script that calls its last argument when it is done.
    #[track_caller]
    pub fn script_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(async |d| Ok(d.execute_async(script, arguments).await?.json().clone()))
    }

    // The browser's own settings.

    #[track_caller]
    pub fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.run(async |d| d.cdp().send_raw(method, parameters).await)
    }

    /// The width of the page, in CSS pixels.
    #[track_caller]
    pub fn resize(&self, width: u32) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// What the system prefers, `light` or `dark`, and `print` or nothing.
    #[track_caller]
    pub fn emulate_media(&self, media: &str, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            // A transition between pages that is cut short complains in the console.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "media": media, "features": features }),
        );
    }

    /// Allows what pages of ours ask for, by the names of the `DevTools` protocol.
    #[track_caller]
    pub fn allow(&self, permissions: &[&str]) {
        let wanted = json!({ "permissions": permissions, "origin": self.origin });
        self.devtools("Browser.grantPermissions", wanted);
    }

    /// Denies what pages of ours ask for, by its name in web pages.
    #[track_caller]
    pub fn deny(&self, permission: &str) {
        let permission = json!({ "name": permission });
        let wanted =
            json!({ "permission": permission, "setting": "denied", "origin": self.origin });
        self.devtools("Browser.setPermission", wanted);
    }

    /// Has every later document begin with a script.
    #[track_caller]
    pub fn before_every_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// That a page answers with this status is no error.
    pub fn expect_status(&self, status: u16) {
        self.expected.borrow_mut().insert(status);
    }

    /// What happened on the network since the last call, as the `DevTools` protocol tells it.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let log = self.run(async |d| d.get_log("performance").await);
        let message = |text: &str| serde_json::from_str::<Value>(text).ok();
        let mut messages = log.iter().filter_map(|entry| message(&entry.message));
        let events: Vec<Value> = messages.by_ref().map(|mut m| m["message"].take()).collect();
        let sent = events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|event| event["params"]["request"]["url"].as_str());
        self.asked.borrow_mut().extend(urls.map(str::to_owned));
        events
    }

    #[track_caller]
    fn assert_quiet(&self) {
        let said = self.run(async |d| d.browser_log().await);
        let expected = self.expected.borrow();
        let is_expected = |message: &str| {
            let status = message.split_once("responded with a status of ");
            let status = status.and_then(|(_, rest)| rest.get(..3)?.parse().ok());
            !message.contains("/assets/") && status.is_some_and(|s| expected.contains(&s))
        };
        let errors: Vec<_> = said
            .iter()
            .filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()))
            .filter(|entry| !is_expected(&entry.message))
            .map(|entry| &entry.message)
            .collect();
        assert!(errors.is_empty(), "the console says {errors:#?}");
        let own = format!("{}/", self.origin);
        // The browser's own pages, such as the one it starts with, come from itself.
        let stays = [own.as_str(), "data:", "chrome:", "about:"];
        self.events();
        let asked = self.asked.borrow();
        let left: Vec<_> =
            asked.iter().filter(|url| !stays.iter().any(|start| url.starts_with(start))).collect();
        assert!(left.is_empty(), "requests left for {left:#?}");
    }
}

/// Two tabs of one browser.
pub struct Tab {
    first: WindowHandle,
    second: WindowHandle,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed already has said enough.
        let checked = (!std::thread::panicking()).then(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.assert_quiet()))
        });
        if let Some(driver) = self.driver.take() {
            let _ = self.runtime.block_on(driver.quit());
        }
        if let Some(Err(panic)) = checked {
            std::panic::resume_unwind(panic);
        }
    }
}
