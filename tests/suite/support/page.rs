//! An answer, and what stands on it.

use reqwest::blocking::Response;
use reqwest::header::HeaderMap;
use scraper::{Html, Selector};

pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl From<Response> for Page {
    fn from(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().expect("a body") }
    }
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("readable"))
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The text of every element that `selector` finds, white space folded.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let fold = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Html::parse_document(&self.body)
            .select(&selector)
            .map(|found| fold(found.text().collect()))
            .collect()
    }

    /// The text of the first element that `selector` finds; empty when there is none.
    pub fn text(&self, selector: &str) -> String {
        self.all(selector).into_iter().next().unwrap_or_default()
    }

    pub fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// An attribute of the first element that `selector` finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let document = Html::parse_document(&self.body);
        let found = document.select(&selector).next()?;
        found.value().attr(name).map(str::to_owned)
    }

    pub fn form_token(&self) -> String {
        self.attribute("input[name=form_token]", "value")
            .unwrap_or_else(|| panic!("no form on the page ({}): {}", self.status, self.body))
    }

    pub fn secret(&self) -> String {
        self.text("#secret-key")
    }

    pub fn key_id(&self) -> String {
        self.text("#key-id")
    }
}
