//! Light or dark: a person's choice, in a cookie.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time::Duration};

use super::{Site, cookie};

/// What the cookie is called, but for what every cookie's name has.
const COOKIE: &str = "latchkey-theme";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system wants.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// Every theme, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What the switch's button is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "Use system theme",
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
        }
    }

    pub const fn icon(self) -> &'static str {
        match self {
            Self::System => "monitor",
            Self::Light => "sun",
            Self::Dark => "moon",
        }
    }

    /// The theme of that name; the system's for any other.
    pub fn parse(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The name in forms, cookies and `data-theme`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What `data-theme` says; nothing when the system decides.
    pub fn forced(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.name())
    }

    /// The theme that the request's cookie asks for.
    pub fn of(request: &HttpRequest) -> Self {
        cookie::value(request, COOKIE).map_or(Self::System, |value| Self::parse(&value))
    }

    /// The cookie that keeps the choice for a year.
    pub fn cookie(self, site: &Site) -> Cookie<'static> {
        cookie::build(&site.public_url, COOKIE, self.name().to_owned(), Duration::days(365))
    }
}
