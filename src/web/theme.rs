//! Light or dark: a person's choice, in a cookie.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time::Duration};

use super::{Site, cookie};
use crate::base::closed_set::closed_set;

/// What the cookie is called, but for what every cookie's name has.
const COOKIE: &str = "latchkey-theme";

closed_set! {
    /// In the order of the switch, each with what its button is called.
    #[derive(Default)]
    pub enum Theme {
        /// As the system wants.
        #[default]
        System = "system" "Use system theme",
        Light = "light" "Light theme",
        Dark = "dark" "Dark theme",
    }
}

impl Theme {
    pub const fn icon(self) -> &'static str {
        match self {
            Self::System => "monitor",
            Self::Light => "sun",
            Self::Dark => "moon",
        }
    }

    /// What `data-theme` says; nothing when the system decides.
    pub fn forced(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.as_str())
    }

    /// The theme that the request's cookie asks for.
    pub fn of(request: &HttpRequest) -> Self {
        cookie::value(request, COOKIE).and_then(|word| Self::parse(&word)).unwrap_or_default()
    }

    /// The cookie that keeps the choice for a year.
    pub fn cookie(self, site: &Site) -> Cookie<'static> {
        cookie::build(&site.public_url, COOKIE, self.as_str().to_owned(), Duration::days(365))
    }
}
