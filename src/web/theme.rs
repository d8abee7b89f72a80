//! The light or dark theme: a person's choice, in a cookie.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, time::Duration};

use super::{Site, cookie};
use crate::base::closed_set::closed_set;

/// The name of the cookie, without the common prefix or suffix.
const COOKIE: &str = "latchkey-theme";

closed_set! {
    /// The themes in the order of the switch, each with the name of its button.
    #[derive(Default)]
    pub enum Theme {
        /// The system's setting.
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

    /// The value of `data-theme`; `None` if the system decides.
    pub fn forced(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.as_str())
    }

    /// The theme in the request's cookie.
    pub fn of(request: &HttpRequest) -> Self {
        cookie::value(request, COOKIE).and_then(|word| Self::parse(&word)).unwrap_or_default()
    }

    /// The cookie that stores the choice for a year.
    pub fn cookie(self, site: &Site) -> Cookie<'static> {
        cookie::build(&site.public_url, COOKIE, self.as_str().to_owned(), Duration::days(365))
    }
}
