//! A response, and the elements of its page.

use reqwest::blocking::Response;
use reqwest::header::HeaderMap;
use scraper::{Html, Selector};

pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    /// Reads a response completely.
    pub fn read(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = String::from_utf8_lossy(&response.bytes()?).into_owned();
        Ok(Self { status, headers, body })
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("readable"))
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The text of every element that `selector` matches, with white space collapsed.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let collapse = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Html::parse_document(&self.body)
            .select(&selector)
            .map(|found| collapse(found.text().collect()))
            .collect()
    }

    /// The text of the first element that `selector` matches, or an empty string without a match.
    pub fn text(&self, selector: &str) -> String {
        self.all(selector).into_iter().next().unwrap_or_default()
    }

    pub fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// An attribute of the first element that `selector` matches.
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

    /// The fields that a browser would send for the form that `selector` matches.
    pub fn form_fields(&self, selector: &str) -> Vec<(String, String)> {
        let document = Html::parse_document(&self.body);
        let form = Selector::parse(selector).expect("a selector");
        let control = Selector::parse("input[name], select[name], textarea[name]").expect("one");
        let chosen = Selector::parse("option[selected]").expect("a selector");
        let form = document.select(&form).next().unwrap_or_else(|| panic!("no {selector}"));
        let mut fields = Vec::new();
        for control in form.select(&control) {
            let element = control.value();
            let attribute = |name| element.attr(name).unwrap_or_default().to_owned();
            let is_checkable = matches!(element.attr("type"), Some("radio" | "checkbox"));
            let value = match element.name() {
                "select" => {
                    let option = control.select(&chosen).next();
                    option.and_then(|o| o.value().attr("value")).unwrap_or_default().to_owned()
                }
                "textarea" => control.text().collect(),
                _ => attribute("value"),
            };
            if !is_checkable || element.attr("checked").is_some() {
                fields.push((attribute("name"), value));
            }
        }
        fields
    }

    /// The values of the `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| line.to_str().expect("readable").to_owned()).collect()
    }

    /// The messages in the error summary.
    pub fn errors(&self) -> Vec<String> {
        self.all("#errors li")
    }

    /// The error message at a field.
    pub fn error_of(&self, field: &str) -> String {
        let text = self.text(&format!("#{field}-error"));
        text.strip_prefix("Error: ").map(str::to_owned).unwrap_or(text)
    }

    pub fn secret(&self) -> String {
        self.text("#secret-key")
    }

    pub fn key_id(&self) -> String {
        self.text("#key-id")
    }
}
